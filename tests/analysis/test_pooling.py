"""Claims about pooling: cells of few episodes gain from the others, exceptions stay visible, two are not pooled."""

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_turns

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.analyze import groups_of
from horizon.analysis.estimators import focus_gap
from horizon.analysis.pooling import Cell, pool
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate
from horizon.report.chart_builders import charts_of


def cell(model: str, task: str, gap: float, width: float) -> Cell:
    return Cell(model, task, Estimate(gap, gap - width, gap + width, 8, 80, "paired difference"))


def test_cells_are_drawn_towards_the_whole_and_their_intervals_shrink() -> None:
    gaps = {"a": 0.0, "b": 0.1, "c": 0.2, "d": 0.3}
    whole, *cells = pool([cell("m", task, gap, 0.3) for task, gap in gaps.items()])["pooled_focus_gap"]
    assert whole.at["task"] == "all" and whole.estimate == pytest.approx(0.15, abs=0.01)
    for point, gap in zip(cells, gaps.values(), strict=True):
        assert abs((point.estimate or 0.0) - 0.15) < abs(gap - 0.15)
        assert (point.high or 0.0) - (point.low or 0.0) < 0.6


def test_an_exception_that_is_certain_stays_one() -> None:
    cells = [cell("m", str(task), 0.0, 0.05) for task in range(7)] + [cell("m", "other", 0.6, 0.05)]
    points = pool(cells)["pooled_focus_gap"]
    assert points[-1].estimate == pytest.approx(0.6, abs=0.03)
    assert abs(points[1].estimate or 0.0) < 0.03


def test_rates_near_0_do_not_draw_the_whole_to_0_by_their_narrow_intervals() -> None:
    cells = [cell("m", str(task), 0.02 * task, 0.02 + 0.02 * task) for task in range(11)]
    whole = pool(cells)["pooled_focus_gap"][0]
    weighted = np.average(
        [0.02 * task for task in range(11)], weights=[(0.02 + 0.02 * task) ** -2 for task in range(11)]
    )
    assert weighted < 0.04
    assert whole.estimate == pytest.approx(0.1, abs=0.015)


def test_components_are_named_by_what_they_are_between_where_there_are_several() -> None:
    grid = [cell(model, task, 0.1, 0.1) for model in "ab" for task in "xyz"]
    assert [point.at["between"] for point in pool(grid)["pooled_spread"]] == ["model", "task", "cell"]
    assert [point.at["between"] for point in pool(grid[:3])["pooled_spread"]] == ["cell"]


def test_fewer_than_three_cells_with_an_interval_are_not_pooled() -> None:
    without = Cell("m", "x", Estimate(0.1, None, None, 1, 5, "one episode"))
    assert pool([cell("m", "a", 0.1, 0.1), cell("m", "b", 0.1, 0.1), without])["pooled_focus_gap"] == []


def test_the_report_draws_each_group_by_itself_and_pooled() -> None:
    turns = pl.concat([simulated_turns(8, 6, hazard=0.2, model=name, seed=place) for place, name in enumerate("abc")])
    table = load_table(turns)
    groups = tuple(Group(*labels, part, focus_gap.estimates(part)) for labels, part in groups_of(table))
    gaps = [(group, group.estimates["focus_gap"]) for group in groups]
    pooled = pool([Cell(group.model, group.setting, gap) for group, gap in gaps if isinstance(gap, Estimate)])
    (chart,) = [chart for chart in charts_of(Analysis((), table, dict(pooled), groups)) if chart.slug == "pooled"]
    assert [series.name for series in chart.series] == ["by itself", "pooled"]
    assert chart.series[0].places == chart.series[1].places
    assert "none is an outlier" in chart.notes[0]
