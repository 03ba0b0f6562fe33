"""Comparing models: paired where instances agree, correct on known truth, corrected as statsmodels does."""

import polars as pl
import pytest
from scipy import stats
from simulated_turns import simulated_turns
from statsmodels.stats.multitest import multipletests

from horizon.analysis.estimators import comparison
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate


def compared(*turns: pl.DataFrame) -> list[Estimate]:
    found = comparison.estimates(load_table(pl.concat(turns)))["comparison"]
    assert isinstance(found, list)
    return found


def test_paired_models_are_compared_as_the_paired_t_test_does() -> None:
    one, other = (simulated_turns(hazard=rate, model=name, seed=3) for name, rate in (("a", 0.3), ("b", 0.1)))
    found = compared(one, other)[0]
    rates = [
        turns.filter(condition="natural").group_by("seed").agg((~pl.col("correct")).mean()).sort("seed")["correct"]
        for turns in (one, other)
    ]
    peer = stats.ttest_rel(rates[0], rates[1])
    assert found.at["models"] == "a - b" and found.at["figure"] == "error rate"
    assert found.n_episodes == 30
    # Episodes of equal length: the ratio of sums is the mean, and its jackknife the paired t test, but for a pair of
    # turns won and one lost among 602.
    assert found.estimate == pytest.approx(rates[0].mean() - rates[1].mean())
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()), abs=0.002)


def test_models_without_shared_instances_are_compared_by_welch() -> None:
    one = simulated_turns(hazard=0.3, model="a", seed=1)
    other = simulated_turns(n_episodes=15, hazard=0.3, model="b", seed=2).with_columns(pl.col("seed") + 1000)
    found = compared(one, other)[0]
    rates = [
        turns.filter(condition="natural").group_by("seed").agg((~pl.col("correct")).mean())["correct"]
        for turns in (one, other)
    ]
    peer = stats.ttest_ind(rates[0], rates[1], equal_var=False)
    assert found.at["p"] == pytest.approx(peer.pvalue, rel=0.1)
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()), abs=0.003)
    assert found.method == comparison.UNPAIRED


def test_many_pairs_are_corrected_by_holm() -> None:
    found = compared(*(simulated_turns(hazard=0.1 + 0.03 * n, model=f"m{n}", seed=n) for n in range(4)))
    family = [each for each in found if each.at["figure"] == "error rate"]
    assert len(family) == 6
    peer = multipletests([each.at["p"] for each in family], method="holm")[1]
    assert [each.at["p_holm"] for each in family] == pytest.approx(list(peer))
    for each in family:
        assert each.low is not None and float(str(each.at["low_corrected"])) < each.low


def test_one_model_alone_is_compared_with_nothing() -> None:
    assert compared(simulated_turns()) == []
