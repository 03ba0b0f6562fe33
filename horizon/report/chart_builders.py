"""The report's figures: those of every estimator, for each group and between groups, and the groups side by side.

Makes plain data from estimates alone; plotly_figures and matplotlib_figures draw the same data.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import RATE, Chart, Series, named_series, points_of, single_of
from horizon.analysis.pareto import pareto_charts
from horizon.core import registry
from horizon.core.estimator import Estimates
from horizon.report.drift import drift_charts
from horizon.report.responsible_turns import harm_charts
from horizon.report.whose_history import whose_history_charts

MOST_DRAWN = 24
"""Of more groups than these, those with most turns have figures; tables have all."""
_MOST_NAMED = 60
"""A figure with more names than these on its axis is left out."""


def drawn_groups(analysis: Analysis) -> dict[int, Group]:
    """Return the groups that have figures, with their numbers from 1 in the analysis."""
    numbered = dict(enumerate(analysis.groups, 1))
    longest = sorted(
        numbered, key=lambda number: -sum(part.n_turns for part in numbered[number].table.samples.values())
    )
    return {number: numbered[number] for number in sorted(longest[:MOST_DRAWN])}


def few_drawn(n_groups: int) -> str:
    """Return what a report prints about figures if there are more groups than are drawn."""
    return f"figures are of the {MOST_DRAWN} groups with most turns, tables of all {n_groups}"


def charts_of(analysis: Analysis) -> list[Chart]:
    """Return every figure with data, of the groups that are drawn: group by group, then those that compare groups."""
    charts = []
    drawn = drawn_groups(analysis)
    for number, group in drawn.items():
        suffix = f"-{number}" if len(analysis.groups) > 1 else ""
        label = f"{group.model}, {group.setting}"
        for chart in _estimator_charts(group.estimates):
            title, alt_text = f"{chart.title}: {label}", f"{label}: {chart.alt_text}"
            charts.append(replace(chart, slug=chart.slug + suffix, title=title, alt_text=alt_text))
    if len(analysis.groups) > 1:
        shown = tuple(drawn.values())
        charts += [_side_by_side(shown), *pareto_charts(analysis.groups), *_pooled_chart(analysis)]
        between = _estimator_charts(analysis.between())
        charts += [chart for chart in between if len(names_of(chart)) <= _MOST_NAMED]
    read = (*harm_charts(analysis.runs), *drift_charts(analysis.runs), *whose_history_charts(analysis.runs))
    return [*charts, *read]


def names_of(chart: Chart) -> list[str]:
    """Return the names on the axis in order of first appearance; none on an axis of numbers."""
    places = [place for series in chart.series for place in series.places]
    return list(dict.fromkeys(place for place in places if isinstance(place, str)))


def caption_of(chart: Chart) -> list[str]:
    """Return the sentences beneath a figure: what it assumes, and how its intervals were made."""
    methods = dict.fromkeys(point.method for series in chart.series for point in (*series.spans, *series.points))
    return [*chart.notes, f"Intervals of 95 %: {'; '.join(methods)}."] if methods else list(chart.notes)


def _estimator_charts(estimates: Estimates) -> list[Chart]:
    """Return the figures of all estimators that have a point to draw, in the order of their ranks."""
    filled = [chart for chart in _all_charts(estimates) if any(series.points for series in chart.series)]
    return sorted(filled, key=lambda chart: chart.rank)


def _all_charts(estimates: Estimates) -> Iterator[Chart]:
    for name in registry.names("estimators"):
        module = registry.load("estimators", name)
        if hasattr(module, "charts"):
            yield from module.charts(estimates)


def _side_by_side(groups: Sequence[Group]) -> Chart:
    rates = [(group, single_of(group.estimates, "error_rate")) for group in groups]
    known = [(f"{group.model}, {group.setting}", rate) for group, rate in rates if rate is not None]
    series = named_series([rate for _, rate in known], [name for name, _ in known])
    return Chart("side_by_side", "Side by side", "Error rate of each model and setting.", "", RATE, "dot", series)


def _pooled_chart(analysis: Analysis) -> list[Chart]:
    """Return the focus gap of each group by itself and pooled; none if too few groups were played."""
    pooled = [point for point in points_of(analysis.whole, "pooled_focus_gap") if point.at["model"] != "all"]
    if not pooled:
        return []
    gaps = [(group, single_of(group.estimates, "focus_gap")) for group in analysis.groups]
    alone = [(f"{group.model}, {group.setting}", gap) for group, gap in gaps if gap is not None]
    series = (
        Series("by itself", tuple(name for name, _ in alone), tuple(gap for _, gap in alone)),
        Series("pooled", tuple(f"{point.at['model']}, {point.at['task']}" for point in pooled), tuple(pooled)),
    )
    alt_text = "Focus gap of each model and task by itself, and shrunk towards the mean."
    notes = (f"pooled: assumes that {pooled[0].at['assumes']}",)
    return [
        Chart("pooled", "Focus gaps, pooled", alt_text, "", "difference of error rates", "dot", series, notes=notes)
    ]
