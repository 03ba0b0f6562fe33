"""Claims about replies held to a list: as likely as the whole model says, and never anything else."""

import pytest
import torch
from small_models import FAMILIES, decoder, made, reread, tokens

from horizon.models._local.attention import register
from horizon.models._local.constrained import allowed_tokens, common_prefix_length
from horizon.models._local.jobs import Job

ENDS = frozenset([2])
CHOICES = tuple((7, 8, *tokens(seed, 1 + seed % 4)) for seed in range(9))


def reckoned(model: torch.nn.Module, prompt: list[int], choice: tuple[int, ...]) -> float:
    """Return the log-likelihood of a choice and the end by one forward pass of transformers over everything."""
    read = [*prompt, *choice]
    chances = torch.log_softmax(model(torch.tensor([read])).logits[0].double(), dim=-1)
    wanted = [*choice, 2]
    return sum(float(chances[len(prompt) - 1 + place, token]) for place, token in enumerate(wanted))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_likeliest_choice_is_that_of_whole_forward_passes(family: str) -> None:
    ours, theirs = made(family, register()), made(family, "eager")
    theirs.load_state_dict(ours.state_dict())
    reader = decoder(ours)
    prompts = [tokens(50 + each, 20 + 7 * each) for each in range(3)]
    # A job that generates stands among them, and does as if it were alone.
    jobs = [Job(f"talk {each}", prompt, 9, choices=CHOICES, is_scored=True) for each, prompt in enumerate(prompts)]
    *scored, free = reader.write([*jobs, Job("free", prompts[0], 6)])
    with torch.no_grad():
        for prompt, written in zip(prompts, scored, strict=True):
            expected = [reckoned(theirs, prompt, choice) for choice in CHOICES]
            # What all choices begin with is the same for each, and left out.
            apart = [each - expected[0] for each in expected]
            found = [each - written.log_likelihoods[0] for each in written.log_likelihoods]
            assert found == pytest.approx(apart, abs=1e-3)
            assert tuple(written.tokens) == CHOICES[expected.index(max(expected))]
            assert written.has_ended
    assert free.tokens == reread(theirs, prompts[0], 6)


def test_scoring_leaves_the_conversation_as_if_the_reply_had_been_read() -> None:
    ours, theirs = made("llama", register()), made("llama", "eager")
    theirs.load_state_dict(ours.state_dict())
    reader = decoder(ours)
    prompt = tokens(1, 30)
    (written,) = reader.write([Job("talk", prompt, 9, choices=CHOICES, is_scored=True)])
    longer = [*prompt, *written.tokens, *tokens(2, 8)]
    (after,) = reader.write([Job("talk", longer, 6)])
    assert after.reused_tokens >= len(prompt)
    assert after.tokens == reread(theirs, longer, 6)


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_constrained_replies_are_always_choices(temperature: float) -> None:
    reader = decoder(made("qwen2", register()))
    jobs = [Job(f"talk {each}", tokens(each, 15), 9, each, temperature, choices=CHOICES) for each in range(12)]
    found = {tuple(written.tokens) for written in reader.write(jobs)}
    assert found <= set(CHOICES)
    assert temperature == 0 or len(found) > 1


def test_a_choice_that_begins_another_can_still_be_written() -> None:
    short, long = (5, 6), (5, 6, 9)
    assert allowed_tokens((short, long), [5, 6], ENDS) == [2, 9]
    assert allowed_tokens((short, long), [5], ENDS) == [6]
    assert allowed_tokens((short, long), [4], ENDS) == []
    assert common_prefix_length((short, long)) == 1
    assert common_prefix_length(((5, 6, 7),)) == 2
