"""Claims about packed decoding: the same tokens as reading everything again, for every family that is accepted."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_models import FAMILIES, decoder, made, reread, tokens

from horizon.core.errors import ModelFailure
from horizon.models._local.attention import register
from horizon.models._local.decoder import Decoder
from horizon.models._local.jobs import Job, common_prefix


@pytest.mark.parametrize("is_batched", [False, True], ids=["packed", "batched"])
@pytest.mark.parametrize("family", FAMILIES)
def test_many_turns_of_unequal_conversations_give_the_tokens_of_reading_all_anew(
    family: str, is_batched: bool
) -> None:
    ours, theirs = made(family, register()), made(family, "eager")
    theirs.load_state_dict(ours.state_dict())
    reader = decoder(ours, is_batched=is_batched)
    rules = tokens(0, 11)
    talks = {f"talk {each}": [*rules] for each in range(4)}
    for turn in range(6):
        for number, name in enumerate(talks):
            talks[name] += tokens(100 * turn + number, 3 + 5 * number)
        jobs = [Job(name, list(prompt), 6) for name, prompt in talks.items()]
        # A probe without history among them, as the runner asks for.
        jobs.append(Job(f"probe {turn}", [*rules, *tokens(turn, 9)], 6))
        for job, written in zip(jobs, reader.write(jobs), strict=True):
            assert written.tokens == reread(theirs, job.prompt, 6), (turn, job.conversation)
            if job.conversation in talks:
                talks[job.conversation] += written.tokens
            if turn:
                assert written.reused_tokens >= len(rules)


def test_batched_conversations_share_one_block_and_leave_it_when_no_longer_asked() -> None:
    reader = decoder(made("llama", register()), is_batched=True)
    rules = tokens(0, 11)
    talks = [Job(f"talk {each}", [*rules, *tokens(each, 9)], 3) for each in range(3)]
    reader.write([*talks, Job("probe", [*rules, *tokens(7, 9)], 3)])
    block = reader.kept["probe"].keys[0].untyped_storage().data_ptr()
    assert {cache.keys[0].untyped_storage().data_ptr() for cache in reader.kept.values()} == {block}
    reader.write([Job(job.conversation, [*job.prompt, *tokens(5, 90)], 200) for job in talks])
    shared = {reader.kept[job.conversation].keys[0].untyped_storage().data_ptr() for job in talks}
    assert len(shared) == 1 and shared != {block}
    probe = reader.kept["probe"]
    assert probe.room == len(probe.tokens)
    assert probe.keys[0].untyped_storage().data_ptr() not in {block, *shared}


def test_only_what_was_appended_is_read() -> None:
    reader = decoder(made("llama", register()))
    prompt = tokens(1, 60)
    (first,) = reader.write([Job("talk", prompt, 5)])
    longer = [*prompt, *first.tokens, *tokens(2, 7)]
    (second,) = reader.write([Job("talk", longer, 5)])
    # The last token that was written was never read, so it counts as new.
    assert second.reused_tokens in (len(prompt) + len(first.tokens), len(prompt) + len(first.tokens) - 1)


def test_a_history_that_was_rewritten_is_read_again_from_where_it_differs() -> None:
    ours, theirs = made("llama", register()), made("llama", "eager")
    reader = decoder(ours)
    prompt = tokens(1, 60)
    reader.write([Job("talk", prompt, 5)])
    changed = [*prompt[:33], *tokens(9, 40)]
    (written,) = reader.write([Job("talk", changed, 8)])
    assert written.reused_tokens == 33
    assert written.tokens == reread(theirs, changed, 8)


def test_a_prefix_shared_by_new_conversations_of_one_batch_is_read_once() -> None:
    reader = decoder(made("llama", register()))
    rules = tokens(0, 50)
    jobs = [Job(f"talk {each}", [*rules, *tokens(each + 1, 5)], 2) for each in range(6)]
    reused = [written.reused_tokens for written in reader.write(jobs)]
    assert reused[0] == 0
    assert all(each >= 50 for each in reused[1:])


def test_a_prompt_longer_than_a_pass_is_read_in_pieces_exactly() -> None:
    ours, theirs = made("mistral", register()), made("mistral", "eager")
    ours.config.max_position_embeddings = theirs.config.max_position_embeddings = 2048
    long, short = tokens(1, 1300), tokens(2, 20)
    reader = decoder(ours)
    one, other = reader.write([Job("long", long, 5), Job("short", short, 5)])
    assert one.tokens == reread(theirs, long, 5)
    assert other.tokens == reread(theirs, short, 5)


def test_a_small_budget_costs_rereading_and_changes_no_token() -> None:
    model = made("qwen2", register())
    rich, poor = decoder(model), decoder(model, budget_bytes=150_000)
    talks = {f"talk {each}": tokens(each, 30) for each in range(5)}
    for turn in range(5):
        jobs = [Job(name, list(prompt), 4) for name, prompt in talks.items()]
        wanted = [each.tokens for each in rich.write(jobs)]
        assert [each.tokens for each in poor.write(jobs)] == wanted
        assert poor.held_bytes <= 150_000
        for number, (name, written) in enumerate(zip(talks, wanted, strict=True)):
            talks[name] += [*written, *tokens(10 * turn + number, 6)]


def test_memory_held_is_little_more_than_the_cache_needs() -> None:
    reader = decoder(made("llama", register()))
    prompt = tokens(1, 100)
    for turn in range(40):
        (written,) = reader.write([Job("talk", prompt, 4)])
        prompt = [*prompt, *written.tokens, *tokens(turn, 30)]
    reading = reader.kept["talk"]
    assert reader.held_bytes <= 1.3 * reader.bytes_a_token * len(reading.tokens)


def test_a_reply_ends_where_it_is_complete() -> None:
    model = made("llama", register())
    prompt = tokens(4, 12)
    (whole,) = decoder(model).write([Job("talk", prompt, 9)])
    stopping = Decoder(model, frozenset([2]), 1 << 30, lambda so_far: len(so_far) == 3, lambda token: True)
    (cut,) = stopping.write([Job("talk", prompt, 9)])
    assert cut.tokens == whole.tokens[:3]
    assert cut.has_ended


def test_sampling_by_seed_does_not_depend_on_who_else_is_in_the_batch() -> None:
    model = made("llama", register())
    jobs = [Job(f"talk {each}", tokens(each, 8), 12, seed=each, temperature=1.0, top_p=0.9) for each in range(5)]
    together = [each.tokens for each in decoder(model).write(jobs)]
    alone = [decoder(model).write([job])[0].tokens for job in jobs]
    assert together == alone
    other = decoder(model).write([Job("talk 0", tokens(0, 8), 12, seed=99, temperature=1.0)])
    assert other[0].tokens != alone[0]


def test_attention_that_is_not_understood_is_refused_and_not_guessed() -> None:
    from horizon.models._local.attention import packed_attention

    some = torch.zeros(1, 1, 1, 4)
    with pytest.raises(ModelFailure, match="s_aux"):
        packed_attention(torch.nn.Module(), some, some, some, None, s_aux=some)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 2), max_size=300), st.lists(st.integers(0, 2), max_size=300), st.integers(0, 200))
def test_the_shared_beginning_is_the_longest_one(one: list[int], other: list[int], same: int) -> None:
    other = one[:same] + other
    expected = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    assert common_prefix(one, other) == expected
