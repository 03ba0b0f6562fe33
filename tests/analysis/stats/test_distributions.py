"""Claims about the distributions: they are those of scipy.stats, which nothing of a play imports."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from horizon.analysis.stats import distributions as ours

SHARES = (1e-9, 1e-3, 0.025, 0.3, 0.5, 0.95, 0.975, 0.9999)
FREEDOMS = (1, 2, 3.7, 7, 29, 299, 1e6)
VALUES = (-40.0, -3.0, -0.2, 0.0, 0.2, 1.96, 8.0)


def test_the_normal_distribution_is_scipys() -> None:
    assert [ours.normal_quantile(share) for share in SHARES] == pytest.approx(stats.norm.ppf(SHARES), rel=1e-13)
    assert [ours.normal_tail(value) for value in VALUES] == pytest.approx(stats.norm.sf(VALUES), rel=1e-13)
    assert ours.normal_below(VALUES) == pytest.approx(stats.norm.cdf(VALUES), rel=1e-13)
    assert ours.normal_density(VALUES) == pytest.approx(stats.norm.pdf(VALUES), rel=1e-13)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_students_t_and_chi_squared_are_scipys(freedom: float) -> None:
    assert [ours.t_quantile(share, freedom) for share in SHARES] == pytest.approx(
        stats.t.ppf(SHARES, freedom), rel=1e-12
    )
    assert [ours.t_tail(value, freedom) for value in VALUES] == pytest.approx(stats.t.sf(VALUES, freedom), rel=1e-12)
    assert ours.chi2_quantile(SHARES, freedom) == pytest.approx(stats.chi2.ppf(SHARES, freedom), rel=1e-12)
    assert ours.chi2_tail(freedom + 1, freedom) == pytest.approx(stats.chi2.sf(freedom + 1, freedom), rel=1e-12)


def test_chi_squared_of_hardly_any_freedom_is_scipys() -> None:
    assert ours.chi2_quantile([0.05, 0.05], [2e-9, 4]) == pytest.approx(
        stats.chi2.ppf([0.05, 0.05], [2e-9, 4]), rel=1e-12
    )


@pytest.mark.parametrize(("episodes", "shift"), [(3, 0.5), (20, 2.8), (400, 3.3), (5000, 0.1)])
def test_the_noncentral_t_of_power_is_scipys(episodes: int, shift: float) -> None:
    for value in (-2.1, 1.96, 4.0):
        expected = stats.nct.cdf(value, episodes - 1, shift)
        assert ours.noncentral_t_below(value, episodes - 1, shift) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 3), (1, 9), (40, 61), (500, 300)])
def test_fair_coins_are_binomial(one: int, other: int) -> None:
    count = one + other
    assert ours.fair_coins(count) == pytest.approx(stats.binom.pmf(np.arange(count + 1), count, 0.5), rel=1e-9)
    assert ours.fair_coin_test(one, other) == pytest.approx(stats.binomtest(one, count, 0.5).pvalue, rel=1e-9)


def test_skewness_is_scipys_and_0_where_nothing_differs() -> None:
    values = np.random.default_rng(1).exponential(size=40)
    assert ours.skewness(values) == pytest.approx(stats.skew(values), rel=1e-12)
    assert ours.skewness(np.full(9, 0.1)) == 0.0


def test_no_start_of_a_play_imports_scipys_distributions() -> None:
    code = "import sys, horizon.play.session, horizon.report.write; print('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
