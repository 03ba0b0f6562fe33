"""Claims about the memory of harm: scipy's t interval for one lag, Bonferroni's for many."""

import numpy as np
import pytest
from scipy import stats

from horizon.analysis.memory_of_harm import memory_of_harm
from horizon.runs.attribution_file import ErrorMap, TurnEffect


def error(episode: int, turn: int, *effects: tuple[int, bool, float]) -> ErrorMap:
    return ErrorMap(f"e{episode}", turn, -1.0, tuple(TurnEffect(*effect) for effect in effects), 0, 0)


def test_one_lag_with_one_error_an_episode_has_the_t_interval_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(0.4, 1, 20)
    (point,) = memory_of_harm([error(i, 2, (1, True, value)) for i, value in enumerate(values)], erred=True)
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    assert point.estimate == pytest.approx(values.mean())
    assert (point.low, point.high) == pytest.approx((low, high))
    assert (point.at["band_low"], point.at["band_high"]) == pytest.approx((low, high))


def test_bands_of_k_lags_have_the_level_of_bonferroni() -> None:
    values = np.random.default_rng(1).normal(0, 1, (15, 4))
    maps = [error(i, 5, *((4 - lag, True, own[lag]) for lag in range(4))) for i, own in enumerate(values)]
    points = memory_of_harm(maps, erred=True)
    assert [(point.at["first_lag"], point.at["last_lag"]) for point in points] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    for lag, point in enumerate(points):
        band = stats.ttest_1samp(values[:, lag], 0).confidence_interval(1 - 0.05 / 4)
        assert (point.at["band_low"], point.at["band_high"]) == pytest.approx(tuple(band))


def test_wrong_and_right_turns_are_kept_apart_and_impossible_replies_left_out() -> None:
    maps = [error(i, 4, (1, True, 1.0), (2, False, -1.0), (3, True, float("nan"))) for i in range(3)]
    wrong, right = (memory_of_harm(maps, erred=erred) for erred in (True, False))
    assert [(point.at["lag"], point.estimate, point.n_turns) for point in wrong] == [(3, 1.0, 3)]
    assert [(point.at["lag"], point.estimate) for point in right] == [(2, -1.0)]
    assert memory_of_harm([], erred=True) == []


def test_an_episode_with_many_errors_is_one_cluster() -> None:
    maps = [error(0, 2, (1, True, 1.0)) for _ in range(50)]
    (point,) = memory_of_harm(maps, erred=True)
    assert (point.n_episodes, point.low, point.high) == (1, None, None)
