"""Claims about captions: a figure outside of its report still has what it assumes and how its intervals arose."""

from dataclasses import replace
from html import escape
from pathlib import Path

import matplotlib

from horizon.analysis.chart import Chart, Series
from horizon.core.estimator import Estimate
from horizon.report.chart_builders import caption_of
from horizon.report.matplotlib_figures import draw_chart

METHOD = "paired difference, jackknife over instances"
POINT = Estimate(0.2, 0.1, 0.3, 8, 80, METHOD)
CHART = Chart(
    "parts",
    "Parts",
    "alt text",
    "",
    "points",
    "bar",
    (Series("", ("one",), (POINT,)),),
    notes=("assumes $x$ & _no_ pull",),
)


def test_files_carry_the_assumption_and_the_method_as_text(tmp_path: Path) -> None:
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        (path,) = draw_chart(CHART, tmp_path / "parts.svg")
    text = path.read_text(encoding="utf-8")
    assert escape(CHART.notes[0]) in text and METHOD in text


def test_the_caption_names_each_method_once() -> None:
    assert caption_of(CHART) == [CHART.notes[0], f"Intervals of 95 %: {METHOD}."]


def test_a_long_caption_makes_the_figure_higher_and_not_its_axes_smaller(tmp_path: Path) -> None:
    long = replace(CHART, notes=("a word " * 120,))
    heights = [
        float(
            (draw_chart(chart, tmp_path / f"{place}.svg")[0]).read_text().partition('height="')[2].partition("pt")[0]
        )
        for place, chart in enumerate((CHART, long))
    ]
    assert heights[1] - heights[0] > 40
