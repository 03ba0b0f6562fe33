"""Claims about charts: made from estimates alone, drawn alike in the page and as files, hostile names disarmed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.report.cautions import limits
from horizon.report.chart_builders import MOST_DRAWN, charts_of, drawn_groups
from horizon.report.headline import headline
from horizon.report.html_page import page
from horizon.report.matplotlib_figures import draw_chart
from horizon.report.plotly_figures import draw

ARMS = ("natural", "fresh", "healed", "padded", "foreign", "corrupted:0.5")


def analysis(*models: str) -> Analysis:
    turns = pl.concat([simulated_turns(12, 15, hazard=0.2, model=name, conditions=ARMS) for name in models])
    return analyze_table(load_table(turns, simulated_episodes(turns)))


def test_all_conditions_fill_every_chart() -> None:
    slugs = [chart.slug for chart in charts_of(analysis("m"))]
    assert slugs == [
        "error_by_turn",
        "smooth_by_turn",
        "error_by_tokens",
        "focus_gap_by_turn",
        "contrasts",
        "contrasts_by_turn",
        "turns_against_difficulty",
        "survival",
        "hazard_by_kind",
        "incidence_by_kind",
        "parametric_survival",
        "first_events",
        "causes",
        "decomposition",
        "dose_response",
        "error_kinds",
        "error_kinds_by_turn",
        "skill_by_difficulty",
    ]


def test_two_models_stand_side_by_side_with_their_differences() -> None:
    slugs = [chart.slug for chart in charts_of(analysis("a", "b"))]
    assert slugs[-2:] == ["side_by_side", "comparison"]
    assert len(set(slugs)) == len(slugs)


def three_turns() -> Analysis:
    turns = simulated_turns(3, 3, hazard=0.2, model="m", conditions=("natural",))
    return analyze_table(load_table(turns, simulated_episodes(turns)))


def renamed(groups: Sequence[Group], names: Sequence[str]) -> Analysis:
    """Return an analysis whose groups are these in turn under other names, with the rates of errors alone."""
    few = [
        replace(one, estimates={key: one.estimates[key] for key in one.estimates if "error" in key}) for one in groups
    ]
    parts = (replace(few[place % len(few)], model=name) for place, name in enumerate(names))
    return replace(analyze_table(groups[0].table), groups=tuple(parts))


def test_of_many_groups_those_with_most_turns_are_drawn_and_the_page_says_so() -> None:
    turns = pl.concat(
        [simulated_turns(3, 2 + n, hazard=0.2, model=f"m{n}", conditions=("natural",)) for n in range(3)]
    )
    three = analyze_table(load_table(turns, simulated_episodes(turns)))
    many = renamed(three.groups, [f"m{n:02}" for n in range(30)])
    longest = {number for number in range(1, 31) if (number - 1) % 3 == 2}
    assert len(drawn_groups(many)) == MOST_DRAWN == 24
    assert longest <= set(drawn_groups(many))
    numbers = {
        int(chart.slug.rpartition("-")[2]) for chart in charts_of(many) if chart.slug.startswith("error_kinds-")
    }
    assert numbers == set(drawn_groups(many))
    assert "figures are of the 24 groups with most turns, tables of all 30" in page(many)


def test_long_names_are_written_whole_beside_the_values(tmp_path: Path) -> None:
    names = [f"model-{n} of a family with a long name, chess against stockfish:skill={n}" for n in range(9)]
    chart = next(chart for chart in charts_of(renamed(three_turns().groups, names)) if chart.slug == "side_by_side")
    (path,) = draw_chart(chart, tmp_path / "side_by_side.svg")
    # The SVG's text is drawn as paths, each line of it named in a comment; no line is left out and none is outside.
    written = path.read_text()
    assert all(f"<!-- model-{n} of a family with a long name, chess -->" in written for n in range(9))
    places = [float(x) for x in re.findall(r"<g style=[^>]+ transform=\"translate\(([-\d.]+) ", written)]
    assert len(places) > 18 and min(places) >= 0


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_every_chart_is_drawn_as_a_file_twice_the_same(tmp_path: Path, suffix: str) -> None:
    for chart in charts_of(analysis("a", "b"))[-6:]:
        one, other = (draw_chart(chart, tmp_path / f"{chart.slug}-{n}.{suffix}")[0] for n in (1, 2))
        assert one.stat().st_size > 2_000
        assert one.read_bytes() == other.read_bytes()
        if suffix == "svg":
            ElementTree.parse(one)


def test_the_page_draws_the_estimates_themselves() -> None:
    found = analysis("m")
    for chart in charts_of(found):
        drawn = [trace for trace in draw(chart).data if trace.customdata is not None]
        assert len(drawn) == len(chart.series)
        for trace, series in zip(drawn, chart.series, strict=True):
            assert list(trace.y) == [each.estimate for each in series.points]


def test_tags_in_names_stay_text() -> None:
    for chart in charts_of(analysis("<b>m</b>", "other")):
        assert "<b>m" not in str(draw(chart).to_json())


def test_the_headline_tells_practice_from_the_models_own_trajectory() -> None:
    told = headline(analysis("m"))
    assert "practice with the format" in told and "its own trajectory" in told


def test_many_replies_cut_off_are_said() -> None:
    turns = simulated_turns(12, 15, hazard=0.3).with_columns(
        error=pl.when(~pl.col("correct")).then(pl.lit("truncated")).otherwise(pl.col("error"))
    )
    assert any("max_tokens" in line for line in limits(analyze_table(load_table(turns))))
    assert not any("max_tokens" in line for line in limits(analysis("m")))
