"""Claims about the figures of drift: the bands of all turns, the slopes beneath, and what has no points."""

import math
from pathlib import Path

import pytest
from scipy import stats

from horizon.analysis.drift import ALL, UNERRED
from horizon.play import session
from horizon.report.drift import drift_charts
from horizon.runs.drift_file import DriftFile, ScoredTurn
from horizon.runs.run_data import RunData, read_run
from horizon.scenarios.scenario import make

SLOPES = {1: -0.1, 2: -0.3, 3: -0.35}


def run_with(folder: Path, on_error: str = "substitute") -> RunData:
    keys = {"environment": "running_total", "model": "random", "episodes": 1, "turns": 2, "on_error": on_error}
    session.run(make({**keys, "conditions": ["natural"]}, "t"), folder)
    return read_run(folder)


def scored_run(folder: Path, on_error: str = "substitute") -> RunData:
    run = run_with(folder, on_error)
    file = DriftFile(folder, "m")
    for seed, slope in SLOPES.items():
        for turn in (2, 4, 8):
            difference = slope * math.log2(turn)
            file.append(ScoredTurn(f"e{seed}", seed, turn, difference - 1, -1.0, 3, turn > 4, turn != 4))
    file.close()
    return run


def test_the_figures_show_the_bands_and_name_the_slopes(tmp_path: Path) -> None:
    difference, levels = drift_charts([run_with(tmp_path / "plain"), scored_run(tmp_path / "run")])
    assert [series.name for series in difference.series] == [ALL, UNERRED]
    assert [series.places for series in difference.series] == [(2.0, 4.0, 8.0), (2.0,)]
    band = stats.ttest_1samp([3 * slope for slope in SLOPES.values()], 0).confidence_interval(1 - 0.05 / 3)
    last = difference.series[0].points[-1]
    assert (last.low, last.high) == pytest.approx(tuple(band))
    assert difference.notes[1].startswith(f"Per doubling of the turn, {ALL}: -0.25 nats [-0.58, +0.08]")
    assert [series.name for series in levels.series] == ["natural", "fresh"]


def test_where_errors_end_episodes_all_turns_have_no_slope(tmp_path: Path) -> None:
    difference, _ = drift_charts([scored_run(tmp_path / "run", on_error="stop")])
    assert not [note for note in difference.notes if "Per doubling" in note and ALL in note]


def test_a_run_that_was_not_scored_has_no_figure(tmp_path: Path) -> None:
    assert drift_charts([run_with(tmp_path / "plain")]) == []
