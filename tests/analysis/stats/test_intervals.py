"""Claims about intervals, against statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from horizon.analysis.stats.intervals import Floor, Spread, jackknife, mean_of_signs, ratio, share
from horizon.analysis.stats.shares import wilson


@given(st.integers(1, 500), st.data())
def test_wilson_is_statsmodels_wilson_and_holds_the_share(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson(k / n, n)
    assert (low, high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)
    assert 0 <= low <= k / n <= high <= 1


def test_one_turn_an_episode_gives_wilsons_interval_itself() -> None:
    errors = np.array([1.0, 0, 0, 1, 1, 0, 0, 0])
    found = share(errors, np.ones(8))
    assert (found.low, found.high) == pytest.approx(proportion_confint(3, 8, method="wilson"))


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
    # Errors may come in whole episodes: 10 of them rule out what Wilson's interval of 0 in 10 does.
    assert found.high == pytest.approx(proportion_confint(0, 10, method="wilson")[1])
    assert "10 episodes" in (found.note or "")


def test_differences_of_pairs_have_the_interval_of_bonett_and_price() -> None:
    n, lost, won = 60, 9, 3
    found = mean_of_signs(np.array([1.0] * lost + [-1.0] * won + [0.0] * (n - lost - won)), np.ones(n))
    # Bonett & Price (2012), eq. 5, with Student's t for the normal quantile.
    p_lost, p_won = (lost + 1) / (n + 2), (won + 1) / (n + 2)
    error = np.sqrt((p_lost + p_won - (p_lost - p_won) ** 2) / (n + 2))
    assert found.estimate == pytest.approx(0.1)
    assert found.high - found.low == pytest.approx(2 * stats.t.ppf(0.975, n - 1) * error, rel=0.02)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_pairs_that_never_differ_leave_what_so_many_episodes_cannot_exclude(value: float) -> None:
    found = mean_of_signs(np.full(16, 10 * value), np.full(16, 10.0))
    unseen = proportion_confint(0, 16, method="beta")[1]
    assert found.estimate == value
    assert (found.low, found.high) == pytest.approx((value - unseen * (value + 1), value + unseen * (1 - value)))
    assert "no two episodes differ" in (found.note or "")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=20))
def test_no_interval_leaves_the_range_or_its_own_figure(counts: list[tuple[int, int]]) -> None:
    lost, won = (np.array(column, dtype=float) for column in zip(*counts, strict=True))
    found = mean_of_signs(lost - won, np.full(len(counts), 10.0))
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.high > found.low


def test_the_p_value_turns_with_the_interval() -> None:
    for error in (0.0, 0.05):
        spread = Spread(0.1, 0.1, error, 20, -1.0, 1.0)
        assert spread.p(spread.interval().high) == pytest.approx(0.05)
        assert spread.p(spread.interval().low) == pytest.approx(0.05)


def test_skewed_intervals_are_cut_to_their_range() -> None:
    losses, turns = np.array([0.9, 0.0, 0.0]), np.array([1.0, 10.0, 10.0])
    found = ratio(losses, turns, is_skewed=True, floor=Floor(0.0, 1.0))
    assert found.low == 0 and found.high <= 1
    assert jackknife(np.zeros((0, 2)), lambda totals: totals[:, 0]).note is None
