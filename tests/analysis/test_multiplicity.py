"""Claims about corrected p values: Holm's own by statsmodels, one verdict per figure, families over all groups."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from simulated_turns import simulated_turns
from statsmodels.stats.multitest import multipletests

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_table
from horizon.analysis.estimators import contrasts as contrast_estimator
from horizon.analysis.estimators import decomposition
from horizon.analysis.multiplicity import correct_groups, p_value
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate

ARMS = ("natural", "fresh", "healed", "padded")


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    strengths = {"a": 0.0, "b": 0.3, "c": 0.6}
    turns = pl.concat(
        [
            simulated_turns(10, 12, hazard=0.15, conditioning=pull, model=name, conditions=ARMS, seed=place)
            for place, (name, pull) in enumerate(strengths.items())
        ]
    )
    return analyze_table(load_table(turns))


def contrasts(analysis: Analysis, *, is_gap: bool) -> list[Estimate]:
    points = [point for group in analysis.groups for point in listed(group.estimates["contrasts"])]
    return [
        point for point in points if point.estimate is not None and (point.at["name"] == "natural-fresh") == is_gap
    ]


def listed(value: Estimate | list[Estimate]) -> list[Estimate]:
    assert isinstance(value, list)
    return value


@pytest.mark.parametrize("is_gap", [True, False])
def test_the_corrected_p_values_are_those_of_statsmodels_over_all_groups(analysis: Analysis, is_gap: bool) -> None:
    family = contrasts(analysis, is_gap=is_gap)
    values = [float(str(point.at["p"])) for point in family]
    _, wanted, _, _ = multipletests(values, method="holm")
    assert [point.at["p_holm"] for point in family] == pytest.approx(list(wanted))
    assert {point.at["n_tests"] for point in family} == {3 if is_gap else 9}


def test_p_is_below_a_twentieth_exactly_where_the_interval_excludes_0(analysis: Analysis) -> None:
    family = contrasts(analysis, is_gap=True) + contrasts(analysis, is_gap=False)
    verdicts = {(float(str(p.at["p"])) < 0.05, (p.low or 0.0) > 0 or (p.high or 0.0) < 0) for p in family}
    assert verdicts == {(True, True), (False, False)}


def test_of_a_symmetric_interval_p_is_that_of_the_t_test() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.3, 12)
    test = stats.ttest_1samp(values, 0.0)
    low, high = test.confidence_interval()
    figure = Estimate(float(values.mean()), float(low), float(high), 12, 12, "mean")
    assert p_value(figure) == pytest.approx(float(test.pvalue))


def test_the_focus_gap_has_the_same_p_values_as_its_contrast(analysis: Analysis) -> None:
    for group, point in zip(analysis.groups, contrasts(analysis, is_gap=True), strict=True):
        gap = group.estimates["focus_gap"]
        assert isinstance(gap, Estimate)
        assert [gap.at[key] for key in ("p", "p_holm")] == [point.at[key] for key in ("p", "p_holm")]


def test_no_fading_is_shown_with_many_episodes_and_neither_with_few_nor_where_turns_cost() -> None:
    verdicts = []
    for size, drift in ((500, 0.0), (8, 0.0), (500, 0.3)):
        turns = simulated_turns(size, 12, hazard=0.05, drift=drift, conditions=ARMS)
        (answers,) = correct_groups([decomposition.estimates(load_table(turns))])
        tests = listed(answers["no_fading"])
        verdicts.append({str(test.at["name"]): test.at["is_equivalent"] for test in tests})
    assert verdicts[0] == {"longer context": True, "turns as such": True}
    assert not any(verdicts[1].values())
    assert verdicts[2] == {"longer context": True, "turns as such": False}


def test_a_family_without_an_interval_has_no_p_value() -> None:
    turns = simulated_turns(1, 4, hazard=0.3)
    (answers,) = correct_groups([contrast_estimator.estimates(load_table(turns))])
    (gap,) = [point for point in listed(answers["contrasts"]) if point.at["name"] == "natural-fresh"]
    assert gap.at["p"] is None and gap.at["p_holm"] is None and gap.at["n_tests"] == 0
