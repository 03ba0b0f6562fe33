"""Claims about the JSON and CSV: the agreed keys and fields are there, groups are separate, nulls stay null."""

import json
from dataclasses import replace

import polars as pl
import pytest
from simulated_turns import simulated_episodes, simulated_turns

import horizon
from horizon.analysis.analyze import analyze_data, analyze_table
from horizon.analysis.turn_table import TurnTable, load_table

FIELDS = {"estimate", "low", "high", "n_episodes", "n_turns", "method"}


@pytest.fixture(scope="module")
def two_opponents() -> TurnTable:
    easy, hard = simulated_turns(12, 10, hazard=0.2, seed=1), simulated_turns(12, 10, hazard=0.6, seed=2)
    episodes = pl.concat(
        [simulated_episodes(easy, opponent="random"), simulated_episodes(hard, opponent="stockfish:level=1")]
    )
    return load_table(pl.concat([easy, hard]), episodes)


def test_every_agreed_key_holds_estimates_with_the_agreed_fields(two_opponents: TurnTable) -> None:
    found = analyze_table(two_opponents).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for key in ("error_rate", "focus_gap", "skill"):
        assert set(found[key]) >= FIELDS
    assert all(set(each) >= FIELDS | {"turn"} for each in found["error_by_turn"])


def test_opponents_stand_apart_and_are_pooled_at_the_top(two_opponents: TurnTable) -> None:
    found = analyze_table(two_opponents).to_dict()
    rates = {group["opponent"]: group["error_rate"]["estimate"] for group in found["groups"]}
    assert rates["random"] < 0.35 < rates["stockfish:level=1"]
    assert found["pooled"] is True
    assert found["error_rate"]["estimate"] == pytest.approx(sum(rates.values()) / 2)


def test_runs_of_two_versions_of_an_environment_are_never_pooled() -> None:
    runs = [
        run.parts[0]
        for seed in (0, 1)
        for run in [horizon.play("running_total", model="synthetic", episodes=2, turns=2, seed=seed)]
    ]
    assert len(analyze_data(runs).groups) == 1
    older = {**runs[1].manifest, "plan": {**runs[1].manifest["plan"], "environment": "running_total-v1"}}
    groups = analyze_data([runs[0], replace(runs[1], manifest=older)]).groups
    assert [group.differs_in for group in groups] == [
        "environment=running_total-v1",
        f"environment={runs[0].manifest['plan']['environment']}",
    ]


def test_natural_alone_leaves_the_gap_null_with_the_reason() -> None:
    table = load_table(simulated_turns(4, 5, conditions=("natural",)))
    gap = analyze_table(table).to_dict()["focus_gap"]
    assert gap["estimate"] is None
    assert "fresh was not played" in gap["note"]
