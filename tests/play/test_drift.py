"""Claims about `horizon drift`: the planted process, transformers' own likelihood, who is drawn, a killed call."""

import math
from pathlib import Path

import pytest
import torch
import transformers
from command_line import horizon
from hypothesis import given
from hypothesis import strategies as st
from scored_runs import CHAT, played
from small_models import save_tiny

from horizon.core.errors import UsageError
from horizon.models.synthetic import Process, error_probability
from horizon.play.drift import DriftOptions, sample_turns, score_turns, spread_order
from horizon.play.replay import replay_turn
from horizon.runs.drift_file import read_drift


def test_scores_are_those_of_the_planted_process(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "synthetic:hazard=0.2,drift=0.1,conditioning=0.7")
    process = Process(hazard=0.2, drift=0.1, conditioning=0.7)
    rows = {(row.episode_id, row.turn): row for name in run.turns["episode_id"].unique() for row in run.turns_of(name)}
    scores = list(score_turns(run, DriftOptions(turns=1000)))
    assert len(scores) == 4 * 11
    for scored in scores:
        row = rows[scored.episode_id, scored.turn]
        natural = error_probability(process, turn=row.turn, prior_errors=row.prior_errors)
        assert scored.natural == pytest.approx(math.log1p(-natural))
        assert scored.fresh == pytest.approx(math.log(0.8))
        assert (scored.erred_before, scored.is_correct, scored.seed) == (row.prior_errors > 0, row.correct, row.seed)


def test_a_tiny_models_scores_are_what_transformers_computes(tmp_path: Path) -> None:
    save_tiny(tmp_path / "tiny", CHAT)
    run = played(
        tmp_path / "run",
        f"hf:{tmp_path / 'tiny'}",
        turns=5,
        episodes=1,
        max_tokens=6,
        conditions=["natural", "fresh"],
    )
    scores = {scored.turn: scored for scored in score_turns(run, DriftOptions())}
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "tiny")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "tiny").eval()
    (name,) = run.turns["episode_id"].unique()
    rows = {row.turn: row for row in run.turns_of(name) if row.condition == "natural"}
    assert sorted(scores) == [2, 3, 4, 5]
    for turn, scored in scores.items():
        reply = tokenizer(f"Answer: {rows[turn].optimal_action}", add_special_tokens=False).input_ids
        assert scored.n_tokens == len(reply)
        for condition in ("natural", "fresh"):
            shown = replay_turn(run, name, turn, condition).messages
            messages = [{"role": message.role, "content": message.content} for message in shown]
            prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
            before = tokenizer(prompt, add_special_tokens=False).input_ids
            tokens = [*before, *reply, tokenizer.eos_token_id]
            with torch.inference_mode():
                chances = torch.log_softmax(model(torch.tensor([tokens])).logits[0].double(), dim=-1)
            likelihood = sum(float(chances[place - 1, tokens[place]]) for place in range(len(before), len(tokens)))
            assert getattr(scored, condition) == pytest.approx(likelihood, abs=1e-4)


@given(st.integers(1, 70), st.integers(0, 2**62))
def test_an_order_holds_every_turn_once_and_begins_spread(n_turns: int, seed: int) -> None:
    order = spread_order(range(n_turns), seed)
    assert sorted(order) == list(range(n_turns))
    for size in (2, 4, 8):
        if n_turns >= size:
            shifted = sorted((turn - seed) % n_turns for turn in order[:size])
            gaps = [
                (after - before) % n_turns for before, after in zip(shifted, [*shifted[1:], shifted[0]], strict=True)
            ]
            assert min(gap or n_turns for gap in gaps) >= n_turns // size


@pytest.mark.parametrize("size", [1, 3, 5])
def test_every_turn_is_equally_often_in_a_sample(size: int) -> None:
    counts = dict.fromkeys(range(7), 0)
    for seed in range(7):
        for turn in spread_order(range(7), seed)[:size]:
            counts[turn] += 1
    assert set(counts.values()) == {size}


def test_a_larger_sample_holds_a_smaller_one_and_takes_from_all_episodes_alike(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "synthetic:hazard=0.3")
    small, large = (sample_turns(run, DriftOptions(turns=size)) for size in (8, 22))
    assert set(small) < set(large)
    counts = [sum(episode == name for episode, _ in large) for name in {episode for episode, _ in large}]
    assert sorted(counts) == [5, 5, 6, 6]
    assert sample_turns(run, DriftOptions(turns=8, seed=1)) != small
    assert min(turn for _, turn in sample_turns(run, DriftOptions(turns=1000))) == 2


def test_the_command_continues_where_it_was_killed_and_a_larger_sample_adds_to_it(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "synthetic:hazard=0.3,drift=0.1")
    assert horizon("drift", str(run.folder), "--turns", "12").returncode == 0
    path = tmp_path / "run/drift.jsonl"
    torn = path.read_bytes()[:-9]
    path.write_bytes(torn)
    more = horizon("drift", str(run.folder), "--turns", "30")
    assert more.returncode == 0, more.stderr
    assert "30 turns scored" in more.stdout
    assert "per doubling of the turn: -" in more.stdout
    assert path.read_bytes().startswith(torn[: torn.rindex(b"\n")])
    drift = read_drift(tmp_path / "run")
    assert drift is not None
    assert len({(scored.episode_id, scored.turn) for scored in drift.turns}) == len(drift.turns) == 30


def test_what_can_not_be_scored_is_one_line(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "synthetic:hazard=0.5", turns=3)
    short = played(tmp_path / "short", "synthetic:hazard=0.5", turns=1)
    with pytest.raises(UsageError, match="no natural turn after turn 1"):
        sample_turns(short, DriftOptions())
    for options, words in (
        (DriftOptions(turns=0), "turns=0 is out of range"),
        (DriftOptions(model="random"), "random can't score given replies"),
    ):
        with pytest.raises(UsageError, match=words):
            list(score_turns(run, options))
    continued = played(tmp_path / "continued", "synthetic:hazard=0.5", environment="running_total:ask=completion")
    with pytest.raises(UsageError, match="replies of running_total under ask=completion can't be scored"):
        list(score_turns(continued, DriftOptions()))
