"""Claims about the badge: shields.io's own fields, the headline figure, a colour that no failure can hide behind."""

import json
from pathlib import Path

import pytest
from simulated_turns import simulated_turns

from horizon.analysis.analyze import analyze_runs, analyze_table
from horizon.analysis.turn_table import load_table
from horizon.play import session
from horizon.play.stopping import judge_run, mark_judged
from horizon.report.badge import badge, write_badge
from horizon.scenarios.scenario import make


def test_a_badge_has_the_fields_of_an_endpoint_badge_and_tells_gap_interval_and_count() -> None:
    turns = simulated_turns(64, hazard=0.1, drift=0.1, seed=2)
    analysis = analyze_table(load_table(turns))
    gap = analysis.whole["focus_gap"]
    assert not isinstance(gap, list) and None not in (gap.estimate, gap.low, gap.high)
    made = badge(analysis, ["passed"])
    told = [f"{100 * each:+.0f}" for each in (gap.estimate, gap.low, gap.high) if each is not None]
    # https://shields.io/badges/endpoint-badge: these four, and the version is 1.
    assert made == {
        "schemaVersion": 1,
        "label": "focus gap",
        "message": f"{told[0]} % [{told[1]}, {told[2]}], 64 episodes",
        "color": "brightgreen",
    }


def test_without_fresh_turns_the_error_rate_is_told() -> None:
    made = badge(analyze_table(load_table(simulated_turns(conditions=["natural"]))), [])
    assert made["label"] == "error rate" and made["color"] == "blue"


@pytest.mark.parametrize(
    ("verdicts", "color", "message"),
    [
        (["passed", "passed"], "brightgreen", "2 of 2 passed"),
        (["passed", "undecided"], "yellow", "1 of 2 passed, 1 undecided"),
        (["undecided", "failed", "passed"], "red", "1 of 3 passed, 1 failed, 1 undecided"),
    ],
)
def test_the_worst_verdict_decides_the_colour(verdicts: list[str], color: str, message: str) -> None:
    made = badge(analyze_table(load_table(simulated_turns())), verdicts)
    assert (made["label"], made["color"], made["message"]) == ("scenarios", color, message)


def test_the_verdict_of_a_run_comes_from_its_folder(tmp_path: Path) -> None:
    keys = {"environment": "hanoi:disks=3,rounds=0", "model": "synthetic:hazard=0.8", "episodes": 20, "turns": 6}
    scenario = make({**keys, "expect": {"error_rate": [{"at_most": 0.2}]}}, "test")
    session.run(scenario, tmp_path / "run")
    mark_judged(tmp_path / "run", judge_run(tmp_path / "run", scenario).outcomes, "failed")
    write_badge(analyze_runs([tmp_path / "run"]), tmp_path / "new" / "badge.json")
    made = json.loads((tmp_path / "new" / "badge.json").read_text())
    assert made["color"] == "red" and "20 episodes" in made["message"]
