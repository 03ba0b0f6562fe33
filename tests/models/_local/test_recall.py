"""Claims about hidden messages: what attention sees is what a mask of transformers' own would let it see."""

from typing import Any

import pytest
import torch
from small_models import decoder, made, tiny_tokenizer, tokens

from horizon.core.errors import ModelFailure
from horizon.core.records import Message, Recall
from horizon.models._local.attention import register
from horizon.models._local.jobs import Job
from horizon.models._local.recall import Rounding, TokenRecall, round_numbers, token_recall
from horizon.models._local.template import ChatTemplate

# Llama, Qwen, Gemma and GPT-2, with sliding windows, soft caps, grouped heads and learned positions among them.
FAMILIES = ("llama", "qwen2", "qwen3", "mistral", "gemma2", "gemma3", "gpt2")
RULES, ASKED, REPLIED = (
    tokens(0, 7),
    [tokens(10 + each, 6) for each in range(4)],
    [tokens(20 + each, 5) for each in range(3)],
)


def conversation(replies: list[list[int]]) -> tuple[list[int], tuple[int, ...]]:
    """Return the rules, questions and replies as one prompt, and seals on the replies."""
    prompt, seals = [*RULES], [0] * len(RULES)
    for number, asked in enumerate(ASKED):
        prompt, seals = [*prompt, *asked], [*seals, *[0] * len(asked)]
        if number < len(replies):
            prompt, seals = [*prompt, *replies[number]], [*seals, *[number + 1] * len(replies[number])]
    return prompt, tuple(seals)


def masked(model: Any, seals: tuple[int, ...], length: int) -> Any:
    """Return the masks that transformers gets: additive, (1, 1, tokens, keys), by kind of layer where it has kinds."""
    numbers = torch.tensor([*seals, *[0] * (length - len(seals))])
    places = torch.arange(length)
    seen = places[None] <= places[:, None]
    seen &= (numbers[None] == 0) | (numbers[None] == numbers[:, None])
    window = getattr(model.config, "sliding_window", None)
    near = places[None] > places[:, None] - window if window else torch.ones_like(seen)

    def additive(mask: torch.Tensor) -> torch.Tensor:
        return torch.where(mask, 0.0, torch.finfo(torch.float32).min)[None, None]

    if model.config.model_type.startswith("gemma"):
        return {"full_attention": additive(seen), "sliding_attention": additive(seen & near)}
    return additive(seen & near if model.config.model_type == "mistral" else seen)


def reread_masked(model: Any, prompt: list[int], seals: tuple[int, ...], n_tokens: int) -> list[int]:
    """Return what transformers itself writes under the mask, reading everything again for each token."""
    written: list[int] = []
    with torch.inference_mode():
        for _ in range(n_tokens):
            read = [*prompt, *written]
            positions = torch.arange(len(read))[None]
            mask = masked(model, seals, len(read))
            output = model(torch.tensor([read]), attention_mask=mask, position_ids=positions, use_cache=False)
            written.append(int(output.logits[0, -1].argmax()))
            if written[-1] == 2:
                return written[:-1]
    return written


@pytest.mark.parametrize("family", FAMILIES)
def test_hidden_replies_are_hidden_as_by_a_mask_of_transformers(family: str) -> None:
    ours, theirs = made(family, register()), made(family, "eager")
    theirs.load_state_dict(ours.state_dict())
    reader = decoder(ours)
    prompt, seals = conversation(REPLIED)
    jobs = [Job("natural", prompt, 8), Job("hidden", prompt, 8, recall=TokenRecall(seals))]
    natural, hidden = reader.write(jobs)
    assert hidden.tokens == reread_masked(theirs, prompt, seals, 8)
    assert natural.tokens == reread_masked(theirs, prompt, (), 8)
    # One token at a time after a warm cache, as in a later turn.
    longer, wider = [*prompt, *natural.tokens, *tokens(40, 9)], (*seals, *[9] * len(natural.tokens))
    (later,) = reader.write([Job("hidden later", longer, 8, recall=TokenRecall(wider))])
    assert later.tokens == reread_masked(theirs, longer, wider, 8)
    assert later.reused_tokens >= len(prompt)


@pytest.mark.parametrize("family", FAMILIES)
def test_other_hidden_texts_of_the_same_length_change_no_logit(family: str) -> None:
    model = made(family, register())
    choices = tuple(tuple(tokens(50 + each, 3)) for each in range(4))

    def scores(replies: list[list[int]], is_hidden: bool) -> list[float]:
        prompt, seals = conversation(replies)
        recall = TokenRecall(seals if is_hidden else ())
        (written,) = decoder(model).write([Job("talk", prompt, 8, choices=choices, is_scored=True, recall=recall)])
        return written.log_likelihoods

    others = [tokens(30 + each, len(reply)) for each, reply in enumerate(REPLIED)]
    assert scores(REPLIED, True) == scores(others, True)
    assert scores(REPLIED, False) != scores(others, False)


def test_a_cache_is_shared_only_up_to_the_first_token_of_another_seal() -> None:
    reader = decoder(made("llama", register()))
    prompt, seals = conversation(REPLIED)
    reader.write([Job("natural", prompt, 4)])
    (hidden,) = reader.write([Job("hidden", prompt, 4, recall=TokenRecall(seals))])
    assert hidden.reused_tokens == seals.index(1)
    (natural,) = reader.write([Job("natural again", prompt, 4)])
    assert natural.reused_tokens == len(prompt) - 1


@pytest.mark.parametrize("family", FAMILIES)
def test_thirty_two_bits_give_the_natural_tokens_and_two_bits_another_score(family: str) -> None:
    reader = decoder(made(family, register()))
    prompt, _ = conversation(REPLIED)
    end = len(prompt) - len(ASKED[-1])
    recalls = {bits: TokenRecall((), Rounding(len(RULES), end, bits)) for bits in (32, 2)}
    (natural,) = reader.write([Job("natural", prompt, 12)])
    fine, coarse = reader.write([Job(f"{bits} bits", prompt, 12, recall=recalls[bits]) for bits in recalls])
    assert fine.tokens == natural.tokens
    assert fine.reused_tokens == coarse.reused_tokens == end
    # Rounded memory is never shared, and read from nothing it is the same.
    assert set(reader.kept) == {"natural"}
    (again,) = decoder(made(family, register())).write([Job("2 bits", prompt, 12, recall=recalls[2])])
    assert again.tokens == coarse.tokens

    def score(recall: TokenRecall) -> list[float]:
        choices = tuple(tuple(tokens(50 + each, 3)) for each in range(4))
        (written,) = reader.write([Job("scored", prompt, 12, choices=choices, is_scored=True, recall=recall)])
        return written.log_likelihoods

    assert score(recalls[32]) == pytest.approx(score(TokenRecall()), abs=1e-4)
    assert score(recalls[2]) != pytest.approx(score(TokenRecall()), abs=1e-2)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_no_number_moves_by_more_than_half_a_step(bits: int) -> None:
    numbers = torch.randn(3, 50, 16, generator=torch.Generator().manual_seed(1))
    numbers[0, 0] = 0
    steps = 2 ** (bits - 1) - 1
    largest = numbers.abs().amax(dim=-1, keepdim=True)
    moved = (round_numbers(numbers, bits) - numbers).abs()
    assert bool((moved <= largest / steps / 2 * (1 + 2**-20) + largest * 2**-23).all())
    assert bool((round_numbers(numbers, bits)[0, 0] == 0).all())
    # Each head of each token has a scale of its own, and keeps its largest number.
    largest_now = round_numbers(numbers, bits).abs().amax(dim=-1, keepdim=True)
    torch.testing.assert_close(largest_now, largest, rtol=2**-22, atol=0)


def test_the_error_of_a_uniform_number_has_the_variance_of_its_step() -> None:
    # Bennett (1948), Spectra of quantized signals: a step squared over 12.
    numbers = torch.rand(1, 20_000, 8, generator=torch.Generator().manual_seed(2)) * 2 - 1
    numbers[..., 0] = 1.0
    for bits in (4, 8):
        step = 1 / (2 ** (bits - 1) - 1)
        error = (round_numbers(numbers, bits) - numbers)[..., 1:]
        assert float(error.square().mean()) == pytest.approx(step**2 / 12, rel=0.02)


TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TALK = [
    Message("system", "be brief"),
    Message("user", "a"),
    Message("assistant", " a "),
    Message("user", "assistant"),
    Message("assistant", "a"),
    Message("user", "last"),
]


def hidden_text(template: str | None, places: tuple[int, ...]) -> tuple[str, str]:
    """Return the prompt with its hidden characters as #, and the prompt."""
    tokenizer = tiny_tokenizer(template)
    chat = ChatTemplate("tiny", tokenizer)
    text = chat.text(TALK)
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    recall = token_recall(Recall(hidden=places), TALK, chat.spans(TALK, text), read.offset_mapping)
    # Every token of this tokenizer is one character.
    return "".join("#" if seal else letter for letter, seal in zip(text, recall.seals, strict=True)), text


def test_exactly_the_text_of_a_message_is_hidden_though_it_occurs_elsewhere() -> None:
    start, end = "<|system|>be brief\n<|user|>", "\n<|user|>last\n<|assistant|>"
    shown, _ = hidden_text(TEMPLATE, (2, 4))
    assert shown == f"{start}a\n<|assistant|>#\n<|user|>assistant\n<|assistant|>#{end}"
    shown, _ = hidden_text(TEMPLATE, (1, 3))
    assert shown == f"{start}#\n<|assistant|>a\n<|user|>#########\n<|assistant|>a{end}"


def test_rules_stay_in_view_where_a_template_folds_them_into_the_first_message() -> None:
    refusing = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
    shown, text = hidden_text(refusing, (1, 3))
    assert text.startswith("<|user|>be brief\n\na\n")
    assert shown.startswith("<|user|>be brief\n\n#\n")


def test_the_plain_form_without_a_template_hides_the_same() -> None:
    shown, text = hidden_text(None, (4,))
    assert shown.count("#") == 1
    assert shown.endswith("Assistant: #\n\nUser: last\n\nAssistant:")
    assert len(shown) == len(text)


def test_a_template_that_rewrites_messages_is_refused_in_one_line() -> None:
    chat = ChatTemplate("tiny", tiny_tokenizer(TEMPLATE))
    talk = [Message("system", "be brief"), Message("user", "ab"), Message("assistant", "cd"), Message("user", "ef")]
    with pytest.raises(ModelFailure, match="leave out the conditions hide and kv") as problem:
        chat.spans(talk, chat.text(talk).replace("cd", "CD"))
    assert "\n" not in str(problem.value)


def test_what_is_rounded_begins_behind_the_rules_and_ends_with_the_last_reply() -> None:
    tokenizer = tiny_tokenizer(TEMPLATE)
    chat = ChatTemplate("tiny", tokenizer)
    text = chat.text(TALK)
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    recall = token_recall(Recall(bits=8), TALK, chat.spans(TALK, text), read.offset_mapping)
    assert recall.rounding is not None
    assert text[: recall.rounding.start] == "<|system|>be brief"
    assert text[recall.rounding.end :] == "\n<|user|>last\n<|assistant|>"
    assert token_recall(Recall(bits=8), TALK[:2], chat.spans(TALK, text), read.offset_mapping).rounding is None
