"""Claims about the trade-off figures: who is dominated, which runs share a figure, and what is left out by name."""

from hypothesis import given
from hypothesis import strategies as st

import horizon
from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_data
from horizon.analysis.chart import Chart
from horizon.analysis.pareto import FRONTIER, find_frontier, pareto_charts
from horizon.report.chart_builders import caption_of, charts_of
from horizon.report.plotly_figures import draw

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def analysis_of(*models: str, **keys: object) -> Analysis:
    runs = [
        horizon.play("running_total", model=model, episodes=6, turns=6, conditions=["natural"], **keys)  # type: ignore[arg-type]
        for model in models
    ]
    prices = {model: {"input": 1.0, "output": 2.0} for model in models}
    return analyze_data([part for run in runs for part in run.with_prices(prices).parts])


def by_slug(analysis: Analysis) -> dict[str, Chart]:
    return {chart.slug: chart for chart in pareto_charts(analysis.groups)}


@given(POINTS, st.booleans())
def test_a_point_is_kept_exactly_where_no_other_is_at_least_as_good_in_both_and_better_in_one(
    points: list[tuple[int, int]], more_is_better: bool
) -> None:
    def beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
        is_as_good = one[1] >= other[1] if more_is_better else one[1] <= other[1]
        return one[0] <= other[0] and is_as_good and one != other

    kept = find_frontier([(float(x), float(y)) for x, y in points], more_is_better=more_is_better)
    assert kept == [place for place, point in enumerate(points) if not any(beats(other, point) for other in points)]
    assert kept


def test_several_models_of_one_task_share_a_figure_for_each_pair_with_both_intervals_and_assumptions() -> None:
    analysis = analysis_of("synthetic:hazard=0.3,tokens=0.001", "synthetic:hazard=0.7,tokens=0.001,marks=30")
    charts = by_slug(analysis)
    assert set(charts) == {
        "pareto-cost-error-rate",
        "pareto-cost-h50",
        "pareto-tokens-error-rate",
        "pareto-tokens-h50",
    }
    chart = charts["pareto-cost-error-rate"]
    *points, frontier = chart.series
    assert [point.name for point in points] == sorted(group.model for group in analysis.groups)
    assert all(span.low is not None and span.low < span.high for point in points for span in point.spans)  # type: ignore[operator]
    assert frontier.name == FRONTIER and len(frontier.points) == 1
    caption = " ".join(caption_of(chart))
    assert "no joint region" in caption and "at the prices given" in caption and "jackknife" in caption
    assert all(chart in charts_of(analysis) for chart in charts.values())


def test_one_model_alone_or_two_tasks_of_one_model_each_give_no_figure() -> None:
    assert not pareto_charts(analysis_of("synthetic:hazard=0.3,tokens=0.001").groups)
    model = "synthetic:hazard=0.3,tokens=0.001"
    runs = [horizon.play(task, model=model, episodes=4, turns=4) for task in ("running_total", "permutation")]
    assert not pareto_charts(analyze_data([part for run in runs for part in run.parts]).groups)


def test_a_model_without_counts_or_whose_h50_is_out_of_sight_is_named_and_not_drawn() -> None:
    models = [f"synthetic:hazard={hazard},tokens=0.001" for hazard in (0.3, 0.5, 0.0)]
    charts = by_slug(analysis_of(*models))
    chart = charts["pareto-tokens-h50"]
    assert [series.name for series in chart.series] == [models[0], models[1], FRONTIER]
    assert any(note.startswith("Not drawn") and models[2] in note for note in chart.notes)


def test_runs_of_one_model_that_were_asked_unlike_are_points_of_their_own() -> None:
    model = "synthetic:hazard=0.3,tokens=0.001"
    runs = [
        horizon.play("running_total", model=model, episodes=4, turns=4, on_error=asked)
        for asked in ("substitute", "retry:1")
    ]
    charts = by_slug(analyze_data([part for run in runs for part in run.parts]))
    names = [series.name for series in charts["pareto-tokens-error-rate"].series[:-1]]
    assert [name.partition("on_error=")[2][:3] for name in names] == ["ret", "sub"]


def test_the_page_s_figure_has_bars_on_both_axes_and_plain_numbers_for_turns() -> None:
    models = [f"synthetic:hazard={hazard},tokens=0.001" for hazard in (0.3, 0.5)]
    figure = draw(by_slug(analysis_of(*models))["pareto-tokens-h50"])
    assert figure.data[0].error_x.array and figure.data[0].error_y.array
    assert not figure.layout.yaxis.tickformat
