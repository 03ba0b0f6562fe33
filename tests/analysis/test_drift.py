"""Claims about drift: statsmodels' regression with episode effects, scipy's intervals, and who is selected."""

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from horizon.analysis.drift import ALL, UNERRED, drift
from horizon.runs.drift_file import ScoredTurn


def scored(episode: int, turn: int, difference: float, fresh: float = -1.0) -> ScoredTurn:
    return ScoredTurn(f"e{episode}", episode, turn, fresh + difference, fresh, 3, erred_before=False, is_correct=True)


def drawn(n_episodes: int, turns: tuple[int, ...], slope: float, seed: int = 0) -> list[ScoredTurn]:
    generator = np.random.default_rng(seed)
    return [
        scored(episode, turn, level + slope * math.log2(turn) + noise, -math.exp(hardness))
        for episode, (level, hardness) in enumerate(generator.normal(size=(n_episodes, 2)))
        for turn, noise in zip(turns, generator.normal(0, 0.3, len(turns)), strict=True)
    ]


def test_the_slope_is_that_of_least_squares_with_an_effect_for_each_episode() -> None:
    rows = drawn(6, (2, 3, 5, 9, 14), -0.3) + drawn(6, (2, 7), 0.4, seed=1)[:7]
    rows += [replace(row, episode_id=f"again-{row.episode_id}") for row in drawn(3, (4, 11), 0.1, seed=2)]
    episodes = sorted({row.episode_id for row in rows})
    effects = [[float(row.episode_id == name) for name in episodes] for row in rows]
    design = np.column_stack([[math.log2(row.turn) for row in rows], np.array(effects)])
    fitted = sm.OLS(np.array([row.natural - row.fresh for row in rows]), design).fit()
    assert drift(rows).slope.estimate == pytest.approx(fitted.params[0])


def test_with_equal_episodes_its_interval_is_that_of_their_own_slopes() -> None:
    turns = (2, 4, 8, 16)
    rows = drawn(20, turns, -0.2)
    own = [
        np.polyfit(np.log2(turns), [row.natural - row.fresh for row in rows if row.seed == episode], 1)[0]
        for episode in range(20)
    ]
    slope = drift(rows).slope
    low, high = stats.ttest_1samp(own, 0).confidence_interval()
    assert (slope.estimate, slope.low, slope.high) == pytest.approx((np.mean(own), low, high))
    assert (slope.n_episodes, slope.n_turns) == (20, 80)


def test_bands_of_k_turns_have_the_level_of_bonferroni_and_differences_are_paired() -> None:
    rows = drawn(15, (2, 3, 4, 5), -0.2)
    points = drift(rows).difference
    assert [point.at["turn"] for point in points] == [2, 3, 4, 5]
    for point in points:
        own = [row.natural - row.fresh for row in rows if row.turn == point.at["turn"]]
        band = stats.ttest_1samp(own, 0).confidence_interval(1 - 0.05 / 4)
        assert point.estimate == pytest.approx(np.mean(own))
        assert (point.at["band_low"], point.at["band_high"]) == pytest.approx(tuple(band))


def test_a_states_own_difficulty_cancels() -> None:
    rows = drawn(8, (2, 4, 8), -0.2)
    shifts = np.random.default_rng(3).normal(0, 9, len(rows))
    harder = [
        replace(row, natural=row.natural + shift, fresh=row.fresh + shift)
        for row, shift in zip(rows, shifts, strict=True)
    ]
    assert drift(harder).slope.estimate == pytest.approx(drift(rows).slope.estimate)
    assert drift(harder).natural[0].estimate != pytest.approx(drift(rows).natural[0].estimate)


def test_before_the_first_error_neither_the_error_nor_what_follows_counts() -> None:
    rows = drawn(3, (2, 3, 4, 5), -0.2)
    erred = [
        replace(row, is_correct=row.turn != 4, erred_before=row.turn > 4, natural=row.natural - 50 * (row.turn > 3))
        for row in rows
    ]
    early = drift(erred, UNERRED)
    assert [point.at["turn"] for point in early.difference] == [2, 3]
    assert early.slope.estimate == pytest.approx(drift([row for row in rows if row.turn < 4]).slope.estimate)
    assert drift(erred, ALL).slope.estimate < -10


def test_an_error_drawn_by_chance_makes_no_slope_before_it() -> None:
    """With the turn of the error itself a process without drift had a slope below 0 in nearly half of the studies."""
    generator = np.random.default_rng(5)
    rows = []
    for episode in range(400):
        for turn in range(2, 14):
            noise = generator.normal()
            errs = generator.random() > math.exp(min(-0.1, noise - 1))
            rows.append(replace(scored(episode, turn, noise), is_correct=not errs))
            if errs:
                break
    early, ended = drift(rows, UNERRED).slope, drift(rows, ALL, ends_at_errors=True).slope
    assert early.low < 0 < early.high
    assert drift(rows, ALL).slope.high < 0
    assert ended.estimate is None
    assert "episodes end with their first error" in str(ended.note)


def test_two_episodes_of_one_instance_are_one_cluster_and_impossible_replies_are_counted() -> None:
    rows = drawn(4, (2, 4), -0.2)
    twins = [*rows, *(replace(row, episode_id=f"{row.episode_id}-b") for row in rows)]
    twins.append(scored(0, 3, -math.inf))
    estimates = drift(twins)
    assert {point.n_episodes for point in estimates.difference} == {4}
    assert (estimates.slope.n_episodes, estimates.n_impossible) == (4, 1)
    assert estimates.slope.low == pytest.approx(drift(rows).slope.low)


def test_without_pairs_there_is_no_slope() -> None:
    assert drift([]).slope.estimate is None
    alone = drift([scored(episode, 2, -1.0) for episode in range(3)])
    assert alone.slope.estimate is None
    assert alone.difference[0].estimate == -1.0
