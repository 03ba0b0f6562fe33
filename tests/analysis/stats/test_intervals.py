"""Claims about intervals, against statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from horizon.analysis.stats.intervals import ratio, share, wilson


@given(st.integers(1, 500), st.data())
def test_wilson_is_statsmodels_wilson_and_holds_the_share(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson(k / n, n)
    assert (low, high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)
    assert 0 <= low <= k / n <= high <= 1


def test_one_turn_an_episode_gives_wilsons_interval_itself() -> None:
    errors = np.array([1.0, 0, 0, 1, 0, 0, 0, 0])
    found = share(errors, np.ones(8))
    assert (found.low, found.high) == pytest.approx(proportion_confint(2, 8, method="wilson"))


def test_the_error_of_a_ratio_is_near_the_cluster_robust_error_of_statsmodels() -> None:
    generator = np.random.default_rng(5)
    cluster = np.repeat(np.arange(400), 10)
    values = generator.random(4000) + np.repeat(generator.random(400), 10)
    fit = sm.OLS(values, np.ones(4000)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    found = ratio(np.bincount(cluster, values), np.full(400, 10.0))
    assert found.estimate == pytest.approx(fit.params[0])
    assert found.error == pytest.approx(fit.bse[0], rel=1e-3)


def test_errors_that_come_in_whole_episodes_count_as_episodes_not_turns() -> None:
    errors = np.array([10.0] * 5 + [0.0] * 45)
    clustered, apart = share(errors, np.full(50, 10.0)), wilson(0.1, 500)
    as_if_episodes = wilson(0.1, 50)
    assert clustered.low == pytest.approx(float(as_if_episodes[0]), abs=0.005)
    assert clustered.high - clustered.low > 2 * float(apart[1] - apart[0])


def test_no_error_at_all_still_has_an_upper_end() -> None:
    found = share(np.zeros(10), np.full(10, 20.0))
    assert found.estimate == 0
    assert found.low == 0
    assert 0.015 < found.high < 0.05
