"""Claims about cautions: a model at the floor or the ceiling is named, and runs that a gate stopped say so."""

from dataclasses import replace

import polars as pl
import pytest
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate
from horizon.report.cautions import at_an_end, cautions, contradictions, gate_notes, limits
from horizon.runs.run_data import RunData


def analysis(hazard: float, runs: tuple[RunData, ...] = ()) -> Analysis:
    turns = simulated_turns(20, 12, hazard=hazard)
    return analyze_table(load_table(turns, simulated_episodes(turns)), runs)


def test_a_model_that_always_errs_is_at_the_ceiling() -> None:
    caution = at_an_end(analysis(0.9999).groups[0])
    assert caution is not None and "at the ceiling" in caution and "an easier setting" in caution
    assert caution in limits(analysis(0.9999))


def test_a_model_that_never_errs_is_at_the_floor() -> None:
    turns = simulated_turns(150, 12, hazard=0.00001)
    caution = at_an_end(analyze_table(load_table(turns)).groups[0])
    assert caution is not None and "at the floor" in caution and "a harder setting" in caution


@pytest.mark.parametrize(
    ("skill", "words"),
    [(0.07, "plays like a random mover"), (0.73, "its first turns can't tell it from a random mover")],
)
def test_a_wide_interval_around_a_high_skill_is_no_claim_of_random_play(skill: float, words: str) -> None:
    point = Estimate(skill, -3.3, 1.0, 4, 4, "by hand", at={"condition": "natural"})
    group = analysis(0.2).groups[0]
    caution = at_an_end(replace(group, estimates={**group.estimates, "skill_by_turn": [point]}))
    assert caution is not None and words in caution


def test_a_model_between_the_ends_gets_no_caution() -> None:
    assert cautions(analysis(0.2)) == []


def test_a_run_that_a_gate_stopped_says_after_how_many_episodes_and_why_intervals_differ() -> None:
    turns = simulated_turns(4, 3)
    manifest = {"plan": {}, "stopped_early": {"episodes": 8, "of": 64, "verdict": "failed"}}
    notes = gate_notes([RunData(None, manifest, turns, simulated_episodes(turns))])
    assert "after 8 of 64 episodes (failed)" in notes[0]
    assert "fixed in advance" in notes[1]
    assert gate_notes([RunData(None, {"plan": {}}, turns, simulated_episodes(turns))]) == []


SETTINGS = [
    ("chess-v2", {"later": "last_move"}, True),
    ("chess-v2", {"later": "fen+last_move"}, False),
    ("chess-v2", {"later": ""}, False),
    ("hanoi-v3", {"restate": "event"}, True),
    ("hanoi-v3", {"restate": "state"}, False),
    ("permutation-v3", {"restate": "nothing"}, False),
    ("not_installed-v1", {}, False),
]


@pytest.mark.parametrize(("environment", "parameters", "is_unrestated"), SETTINGS)
def test_histories_of_older_runs_that_the_game_contradicts_are_named(
    environment: str, parameters: dict[str, str], is_unrestated: bool
) -> None:
    plan = {"environment": environment, "parameters": parameters, "conditions": ["natural", "healed", "corrupted:0.5"]}
    lines = contradictions([RunData(None, {"plan": plan}, pl.DataFrame(), pl.DataFrame())])
    assert len(lines) == is_unrestated
    assert all("healed and corrupted:0.5 can't be interpreted" in line for line in lines)


def test_a_run_whose_histories_show_what_was_played_names_what_stays_in_them() -> None:
    plan = {"histories": "as played", "conditions": ["natural", "healed", "hide:own"]}
    lines = contradictions([RunData(None, {"plan": plan}, pl.DataFrame(), pl.DataFrame())])
    assert [line.partition(" ")[0] for line in lines] == ["healed", "hide:own"]
    assert "wrong actions that were played stay" in lines[0]


@pytest.mark.parametrize(
    ("condition", "words"), [("natural", "horizon play --positions"), ("fresh", "no figure is about focus")]
)
def test_imported_games_are_not_advised_to_add_conditions(condition: str, words: str) -> None:
    turns = simulated_turns(20, 12, hazard=0.2).filter(condition="natural").with_columns(condition=pl.lit(condition))
    run = RunData(None, {"plan": {}, "imported": {}}, turns, simulated_episodes(turns))
    lines = limits(analyze_table(load_table(turns, simulated_episodes(turns)), (run,)))
    assert any(words in line for line in lines)
    assert not any(line.startswith("Without") for line in lines)
