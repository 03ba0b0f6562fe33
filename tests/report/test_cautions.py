"""Claims about cautions: a model at the floor or the ceiling is named, and runs that a gate stopped say so."""

import polars as pl
import pytest
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.report.cautions import at_an_end, cautions, contradictions, gate_notes, limits
from horizon.runs.run_data import RunData


def analysis(hazard: float, runs: tuple[RunData, ...] = ()) -> Analysis:
    turns = simulated_turns(20, 12, hazard=hazard)
    return analyze_table(load_table(turns, simulated_episodes(turns)), runs)


def test_a_model_that_always_errs_is_at_the_ceiling() -> None:
    caution = at_an_end(analysis(0.9999).groups[0])
    assert caution is not None and "at the ceiling" in caution and "an easier one" in caution
    assert caution in limits(analysis(0.9999))


def test_a_model_that_never_errs_is_at_the_floor() -> None:
    turns = simulated_turns(150, 12, hazard=0.00001)
    caution = at_an_end(analyze_table(load_table(turns)).groups[0])
    assert caution is not None and "at the floor" in caution and "a harder one" in caution


def test_a_model_between_the_ends_gets_no_caution() -> None:
    assert cautions(analysis(0.2)) == []


def test_a_run_that_a_gate_stopped_says_after_how_many_episodes_and_why_intervals_differ() -> None:
    turns = simulated_turns(4, 3)
    manifest = {"plan": {}, "stopped_early": {"episodes": 8, "of": 64, "verdict": "failed"}}
    notes = gate_notes([RunData(None, manifest, turns, simulated_episodes(turns))])
    assert "after 8 of 64 episodes (failed)" in notes[0]
    assert "fixed in advance" in notes[1]
    assert gate_notes([RunData(None, {"plan": {}}, turns, simulated_episodes(turns))]) == []


@pytest.mark.parametrize(("later", "is_told"), [("last_move", True), ("fen+last_move", False), ("", False)])
def test_histories_that_the_game_contradicts_are_named(later: str, is_told: bool) -> None:
    plan = {"parameters": {"later": later}, "conditions": ["natural", "healed", "corrupted:0.5"]}
    lines = contradictions([RunData(None, {"plan": plan}, pl.DataFrame(), pl.DataFrame())])
    assert bool(lines) == is_told
    assert all("healed and corrupted:0.5 can't be interpreted with later=last_move" in line for line in lines)
