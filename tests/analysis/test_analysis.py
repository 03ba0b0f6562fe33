"""Claims about the typed `Analysis`: the agreed names by property and by key, and what differences mean."""

import polars as pl
import pytest
from simulated_turns import simulated_turns

from horizon.analysis.analysis import Analysis, EstimateList
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.core.errors import UsageError
from horizon.core.estimator import Estimate

SINGLE = ("error_rate", "focus_gap", "h50", "h80", "self_conditioning", "skill")


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    conditions = ("natural", "fresh", "healed", "padded")
    return analyze_table(load_table(simulated_turns(20, 12, hazard=0.3, conditions=conditions, seed=2)))


def test_every_agreed_name_is_a_property_and_a_key(analysis: Analysis) -> None:
    for name in SINGLE:
        assert isinstance(getattr(analysis, name), Estimate)
        assert analysis[name] == getattr(analysis, name) and name in analysis
    assert analysis.error_by_turn == analysis["error_by_turn"]
    assert analysis.decomposition[0].at["cause"] == "whole rise"
    assert analysis.focus_gap is not None and analysis.focus_gap.estimate is not None
    assert analysis.contrasts["natural-fresh"].estimate == pytest.approx(analysis.focus_gap.estimate)


def test_an_unknown_name_has_the_nearest(analysis: Analysis) -> None:
    with pytest.raises(UsageError, match="did you mean 'focus_gap'"):
        analysis["focus_gp"]


def test_a_list_is_a_frame_with_a_row_per_estimate(analysis: Analysis) -> None:
    curve = analysis["error_by_turn"]
    assert isinstance(curve, EstimateList)
    frame = curve.to_polars()
    assert frame.height == len(curve) and {"condition", "turn", "estimate", "low", "high"} <= set(frame.columns)
    assert frame["estimate"].dtype == pl.Float64


@pytest.mark.parametrize(
    ("name", "value"), [("focus_gap", 0), ("self_conditioning", 1), ("error_rate", None), ("skill", None)]
)
def test_differences_have_no_effect_at_0_and_ratios_at_1(analysis: Analysis, name: str, value: float | None) -> None:
    estimate = analysis[name]
    assert isinstance(estimate, Estimate) and estimate.no_effect == value
    assert {contrast.no_effect for contrast in analysis.contrasts.values()} == {0}


def test_the_summary_holds_the_headline_figures(analysis: Analysis) -> None:
    lines = analysis.summary().splitlines()
    assert lines[0] == "synthetic: running_total"
    assert lines[1].split(maxsplit=2)[2] == str(analysis.error_rate)
    assert "<td>focus gap</td>" in analysis._repr_html_()
