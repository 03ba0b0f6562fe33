"""The pages of results/ are true: every headline figure is recomputed from the rows that are committed beside it."""

import csv
import json
import re
import sys
from pathlib import Path

import polars as pl
import pytest

from horizon.analysis.analysis import Group
from horizon.analysis.analyze import groups_of, load_runs
from horizon.analysis.chart import points_of, single_of
from horizon.analysis.estimators import contrasts, decomposition, error_rate, focus_gap, self_conditioning
from horizon.analysis.multiplicity import correct_groups
from horizon.analysis.returning_states import turns_that_return
from horizon.core.estimator import Estimate
from horizon.runs.run_data import read_run

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
sys.path.insert(0, str(ROOT / "benchmarks"))
import coverage_tables  # noqa: E402
import study  # noqa: E402


def text(name: str) -> str:
    """Return a page with its line breaks as spaces, so that sentences can be found."""
    return re.sub(r"\s+", " ", (RESULTS / name).read_text(encoding="utf-8"))


def rows(name: str) -> list[dict[str, str]]:
    with (RESULTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def groups() -> tuple[Group, ...]:
    parts = groups_of(load_runs(sorted((RESULTS / "study" / "runs").iterdir())))
    modules = (contrasts, decomposition, error_rate, focus_gap, self_conditioning)
    own = [{key: value for module in modules for key, value in module.estimates(part).items()} for _, part in parts]
    return tuple(
        Group(*labels, part, estimates) for (labels, part), estimates in zip(parts, correct_groups(own), strict=True)
    )


def contrast(group: Group, name: str) -> Estimate:
    return next(point for point in points_of(group.estimates, "contrasts") if point.at["name"] == name)


def test_the_studys_table_is_that_of_its_rows(groups: tuple[Group, ...]) -> None:
    made = study.table(groups)
    assert (RESULTS / "study" / "table.md").read_text() == made, "run: python benchmarks/remake_tables.py"
    assert made in (RESULTS / "study" / "README.md").read_text(), "run: python benchmarks/remake_tables.py"


def test_the_studys_sentences_have_the_figures_of_its_rows(groups: tuple[Group, ...]) -> None:
    page = text("study/README.md")
    for group in groups[:4]:
        rates = [
            next(point for point in points_of(group.estimates, key) if point.at["condition"] == "healed")
            for key in ("natural_on_probed_states", "error_rate_by_condition")
        ]
        before, after = (f"{100 * (rate.estimate or 0.0):.0f}" for rate in rates)
        assert f"{before} to {after} % in {group.environment.replace('_', ' ').replace('hanoi', 'Hanoi')}" in page
        assert float(str(contrast(group, "natural-healed").at["p_holm"])) < 0.001
    ratios = [single_of(group.estimates, "self_conditioning") for group in groups]
    values = [ratio.estimate or 0.0 for ratio in ratios if ratio]
    assert f"odds ratios are {min(values):.2f} to {max(values):.2f}" in page
    assert [bool(ratio and (ratio.low or 0.0) > 1) for ratio in ratios] == [True, True, True, True, False]
    ps = [float(str(contrast(groups[place], "natural-fresh").at["p_holm"])) for place in (0, 2)]
    assert f"p is {ps[0]:.2g} and {ps[1]:.2g}" in page
    assert not any(test.at["is_equivalent"] for group in groups for test in points_of(group.estimates, "no_fading"))


def test_the_answers_in_view_of_the_studys_hanoi_are_those_of_its_rows() -> None:
    run = read_run(RESULTS / "study" / "runs" / "study_hanoi")
    returns = turns_that_return(run.open_environment(), run.turns)
    right: dict[tuple[str, bool], list[bool]] = {}
    for condition in ("natural", "healed"):
        asked = run.turns.filter(pl.col("condition") == condition)
        for episode, turn, correct in asked.select("episode_id", "turn", "correct").iter_rows():
            right.setdefault((condition, returns[episode, turn]), []).append(correct)
            if condition == "healed" and turn == 1:
                right[condition, False].pop()
    page = text("study/README.md")
    seen, new = right["healed", True], right["healed", False]
    assert f"of the {len(seen) + len(new)} states under healed after turn 1, {len(seen)} had been posed before" in page
    assert f"to {100 * (1 - sum(seen) / len(seen)):.0f} %; on the {len(new)} new ones it is" in page
    assert f"and {100 * (1 - sum(new) / len(new)):.0f} % (-17 points" in page


def test_the_change_log_withdraws_the_odds_in_the_words_of_the_study() -> None:
    changes = re.sub(r"\s+", " ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    for page in (text("study/README.md"), changes):
        assert "9 to 49 % (every interval is above 1)" in page and "odds ratios are 1.08 to 1.79" in page
        assert re.search("withdrawn", page, re.IGNORECASE)


def test_the_tables_of_coverage_are_those_of_their_rows() -> None:
    for table, made in (
        ("table.md", coverage_tables.pivot(rows("coverage/coverage.csv"))),
        ("processes.md", coverage_tables.process_table(rows("coverage/processes.csv"))),
    ):
        assert (RESULTS / "coverage" / table).read_text() == made, "run: python benchmarks/remake_tables.py"


def test_the_counts_of_coverage_are_those_of_its_rows() -> None:
    shares = [float(row["coverage"]) for row in rows("coverage/coverage.csv") if not row["figure"].startswith("named")]
    between = sum(0.93 <= share <= 0.97 for share in shares)
    above = sum(share > 0.97 for share in shares)
    below = len(shares) - between - above
    counted = f"{between} of {len(shares)} figures are between 93 and 97 %, {above} are above, {below} below"
    assert counted in text("coverage/README.md")


def test_the_false_alarms_of_coverage_are_those_of_its_rows() -> None:
    own = rows("coverage/processes.csv")
    shares = [float(row["coverage"]) for row in own]
    between, above = sum(0.93 <= share <= 0.975 for share in shares), sum(share > 0.975 for share in shares)
    counted = f"{between} are between 93 and 97.5 %, {above} above, {len(shares) - between - above} below 93"
    assert counted in text("coverage/README.md")
    by_figure: dict[str, list[tuple[float, float]]] = {}
    for row in own:
        if row["process"].startswith("no effect, spread"):
            harm = 100 * float(row["above"])
            by_figure.setdefault(row["figure"], []).append((harm + 100 * float(row["below"]), harm))
    assert len(by_figure) == 8
    for figure, alarms in by_figure.items():
        both, harms = zip(*alarms, strict=True)
        line = f"| {figure} | {min(both):.1f} to {max(both):.1f} | {min(harms):.1f} to {max(harms):.1f} |"
        assert line in text("coverage/README.md")


def test_the_table_of_drift_is_that_of_its_rows() -> None:
    by_process: dict[str, list[dict[str, str]]] = {}
    for row in rows("coverage/drift.csv"):
        by_process.setdefault(row["process"], []).append(row)
    for process, sizes in by_process.items():
        cells = []
        for figure in ("slope", "slope_unerred", "below_unerred", "above_unerred", "naive"):
            shares = [f"{100 * float(row[figure]):.0f}" for row in sizes if row[figure]]
            cells.append(", ".join(shares) or "none")
        assert f"| {process} | {' | '.join(cells)} |" in text("coverage/README.md")


def test_the_coverage_of_pooled_gaps_is_that_of_its_rows() -> None:
    names = {
        "cell alone": "a cell by itself",
        "cell pooled": "a cell, pooled",
        "mean of cells": "the mean of all cells",
    }
    for figure, name in names.items():
        shares = [100 * float(row["coverage"]) for row in rows("coverage/pooling.csv") if row["figure"] == figure]
        assert len(shares) == 27
        assert f"| {name} | {min(shares):.1f} to {max(shares):.1f} |" in text("coverage/README.md")


def test_the_ladder_orders_all_levels_of_stockfish() -> None:
    levels = rows("ladder/elo.csv")
    assert [int(row["level"]) for row in levels] == list(range(11))
    assert all(float(row["step_low"]) > 0 for row in levels[1:])


def test_the_page_of_shifts_has_the_figures_of_its_estimates() -> None:
    page, own = text("ood/README.md"), rows("ood/estimates.csv")
    agreed = [row for row in own if row["estimator"] == "consistency" and row["among"] == "both answered"]
    puzzles = {row["shift"]: 100 * float(row["estimate"]) for row in agreed if row["of"] == "puzzle"}
    assert f"move in {min(puzzles.values()):.0f} to {max(puzzles.values()):.0f} % of turns" in page
    assert f"gives {puzzles['flip']:.0f} %" in page
    shifts = [row for row in own if row["estimator"] == "shift" and row["of"] == "puzzle"]
    assert {float(row["p_holm"]) for row in shifts} == {1.0} and "corrected p is 1" in page
    assert all(float(row["low"]) < 0 < float(row["high"]) for row in shifts)


def test_the_cells_of_the_thirteen_environments_are_those_of_their_csv() -> None:
    cells = {
        (row["environment"].partition(":")[0], row["first_turn"]): row
        for row in rows("thirteen/error_by_turn.csv")
        if row["condition"] == "natural"
    }
    lines = [line for line in (RESULTS / "thirteen" / "README.md").read_text().splitlines() if line.startswith("| ")]
    named = [line.strip("| ").split(" | ") for line in lines[2:]]
    checked = 0
    for name, *values in named:
        for turn, value in zip(("1", "3", "7", "13", "19"), values, strict=True):
            row = cells.get((name.partition(":")[0], turn))
            if row is not None:
                assert value.split(" ")[0] == f"{100 * float(row['error_rate']):.0f}", (name, turn)
                checked += 1
    assert checked >= 30


def test_the_gates_false_alarms_are_those_of_their_counts() -> None:
    cases = json.loads((RESULTS / "gates" / "bounds.json").read_text())["rows"]
    page = (RESULTS / "gates" / "README.md").read_text()
    lines = re.findall(r"^\| [^|]+ \| ([\d.]+) % \| ([\d.]+) % \|$", page, re.MULTILINE)
    assert len(lines) == len(cases)
    for line, case in zip(lines, cases, strict=True):
        shares = [100 * case[verdict]["share"] for verdict in ("failed", "passed")]
        assert [float(share) for share in line] == pytest.approx(shares, abs=0.0501), case["case"]
