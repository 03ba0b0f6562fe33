"""Claims about what holds groups against each other: drawn, printed and written where played, and absent elsewhere."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.report.chart_builders import charts_of
from horizon.report.csv_tables import write_csv
from horizon.report.html_page import page
from horizon.report.matplotlib_figures import draw_chart
from horizon.report.plotly_figures import draw
from horizon.report.terminal_table import print_analysis


def played(shift: str, hazard: float, run: str) -> pl.DataFrame:
    """Return a run of puzzles under a shift: an action, a novelty and a depth in each row."""
    turns = simulated_turns(24, 3, hazard=hazard, seed=len(run), conditions=("natural", "fresh"))
    return turns.with_columns(
        run_id=pl.lit(run),
        environment=pl.lit("puzzle"),
        parameters=pl.lit(f'{{"shift":"{shift}"}}'),
        state=pl.format("{} {}", "seed", "turn"),
        action=pl.col("error"),
        extra=pl.struct(novelty=pl.col("seed") / 24, depth=4 - pl.col("turn")).struct.json_encode(),
    )


@pytest.fixture(scope="module")
def shifted() -> Analysis:
    runs = [played("none", 0.3, "a"), played("flip", 0.3, "bb"), played("mirror", 0.6, "ccc")]
    return analyze_table(load_table(pl.concat(runs), pl.concat([simulated_episodes(each) for each in runs])))


def test_shifts_are_drawn_with_their_consistency_and_a_point_a_shift_and_condition(shifted: Analysis) -> None:
    charts = {chart.slug: chart for chart in charts_of(shifted)}
    for slug in ("shift", "consistency"):
        assert [series.name for series in charts[slug].series] == ["natural", "fresh"]
        assert [series.places for series in charts[slug].series] == [("flip", "mirror")] * 2
    costs = [each for each in shifted.whole["shift"] if each.at["condition"] == "natural"]  # type: ignore[union-attr]
    assert [each.estimate for each in charts["shift"].series[0].points] == [each.estimate for each in costs]
    assert {"error_by_novelty-1", "error_by_depth-1", "error_by_depth-3"} <= set(charts)


@pytest.mark.parametrize("slug", ["shift", "consistency", "error_by_novelty-1", "error_by_depth-1"])
def test_each_of_them_is_a_figure_and_a_file_with_the_estimates_themselves(
    shifted: Analysis, slug: str, tmp_path: Path
) -> None:
    chart = next(chart for chart in charts_of(shifted) if chart.slug == slug)
    drawn = [trace for trace in draw(chart).data if trace.customdata is not None]
    for trace, series in zip(drawn, chart.series, strict=True):
        assert list(trace.y) == [each.estimate for each in series.points]
    one, other = (draw_chart(chart, tmp_path / f"{n}.png")[0].read_bytes() for n in (1, 2))
    assert one == other and len(one) > 5_000


def test_groups_that_differ_in_a_shift_are_named_by_it(shifted: Analysis) -> None:
    assert [group.setting for group in shifted.groups] == [
        "puzzle, shift=flip",
        "puzzle, shift=mirror",
        "puzzle, shift=none",
    ]


def test_the_terminal_tells_both_sides_the_cost_and_the_same_actions(shifted: Analysis) -> None:
    console = Console(file=io.StringIO(), width=100)
    print_analysis(shifted, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "synthetic: puzzle, natural: accuracy under shifts" in text
    line = next(line for line in text.splitlines() if line.startswith("mirror"))
    cost = next(
        each
        for each in shifted.whole["shift"]  # type: ignore[union-attr]
        if (each.at["shift"], each.at["condition"]) == ("mirror", "natural")
    )
    assert cost.estimate is not None
    assert f"{100 * float(str(cost.at['original'])):.1f} %" in line and f"{100 * cost.estimate:.1f} [" in line


def test_tables_and_page_hold_what_no_group_has_of_its_own(shifted: Analysis, tmp_path: Path) -> None:
    paths = {path.stem: path for path in write_csv(shifted, tmp_path)}
    with paths["shift"].open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["shift"], row["condition"]) for row in rows} == {
        (shift, condition) for shift in ("flip", "mirror") for condition in ("natural", "fresh")
    }
    assert "consistency" in paths
    assert "shift mirror, against none" in page(shifted)


def test_other_runs_have_none_of_it() -> None:
    turns = pl.concat([simulated_turns(6, 8, model=name) for name in ("a", "b")])
    found = analyze_table(load_table(turns, simulated_episodes(turns)))
    assert set(found.between()) == {"comparison"}
    slugs = {chart.slug for chart in charts_of(found)}
    assert not {slug for slug in slugs if slug.startswith(("shift", "consistency", "error_by_novelty"))}
    assert [group.setting for group in found.groups] == ["running_total", "running_total"]
