"""Claims about confidence sequences: the game is fair, peeking is harmless, and edges behave."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from horizon.analysis.stats import confidence_sequences as sequences
from horizon.analysis.stats.confidence_sequences import Sums

ALPHA = 0.05


def shares(values: object, most: float = 1.0) -> Sums:
    found = np.asarray(values, dtype=float)
    return Sums(found, np.full(len(found), most), most)


@pytest.mark.parametrize("way", [sequences.above, sequences.below])
@pytest.mark.parametrize(
    ("units", "chances", "bound", "is_share"),
    [
        ([(1.0, 1.0), (0.0, 1.0)], [0.3, 0.7], 0.3, True),
        # Units of unequal weight: the rate is E[value] / E[weight] = (0.25 * 3) / (0.25 * 4 + 0.75 * 2).
        ([(3.0, 4.0), (0.0, 2.0)], [0.25, 0.75], 0.3, True),
        # A loss may exceed the random mover's: E[value] / E[weight] = (0.2 * 2 + 0.8 * 0.5) / 0.5.
        ([(2.0, 0.5), (0.5, 0.5)], [0.2, 0.8], 1.6, False),
    ],
)
def test_at_the_bound_the_expected_evidence_is_exactly_one(
    way: object, units: list[tuple[float, float]], chances: list[float], bound: float, is_share: bool
) -> None:
    expected = 0.0
    for drawn in itertools.product((0, 1), repeat=8):
        value, weight = np.array([units[each] for each in drawn]).T
        chance = math.prod(chances[each] for each in drawn)
        expected += chance * math.exp(way(Sums(value, weight, 4.0, is_share), bound)[-1])  # type: ignore[operator]
    assert expected == pytest.approx(1.0, abs=1e-9)


def test_the_evidence_of_units_without_error_is_the_integral_over_arcsine_stakes() -> None:
    bound, units = 0.3, 12

    def wealth(angle: float) -> float:
        return float((1 + math.sin(angle) ** 2 * bound / (1 - bound)) ** units) / (math.pi / 2)

    expected, _ = integrate.quad(wealth, 0, math.pi / 2)
    assert sequences.below(shares(np.zeros(units)), bound)[-1] == pytest.approx(math.log(expected), rel=1e-9)


def test_no_fewer_than_nine_units_without_error_show_a_rate_below_three_tenths() -> None:
    # 0.7 ** 8 is 0.058 and 0.7 ** 9 is 0.040: units might be all wrong with probability 0.3, and eight prove nothing.
    proven = sequences.first_proven(sequences.below(shares(np.zeros(100)), 0.3), ALPHA)
    assert proven is not None
    assert 9 <= proven <= 12


def test_peeking_after_each_of_200_units_is_wrong_at_most_as_often_as_said_where_a_fixed_test_is_not() -> None:
    draw, runs, units, rate = np.random.default_rng(1), 1000, 200, 0.2
    drawn = draw.random((runs, units)) < rate
    for way in (sequences.above, sequences.below):
        wrong = sum(sequences.first_proven(way(shares(row), rate), ALPHA) is not None for row in drawn)
        assert stats.binomtest(wrong, runs, ALPHA, "greater").pvalue > 0.001
    counts = drawn.cumsum(axis=1)
    fixed = stats.binom.sf(counts - 1, np.arange(1, units + 1), rate) <= ALPHA
    assert fixed.any(axis=1).mean() > 3 * ALPHA


def test_the_interval_holds_the_rate_at_all_looks_at_once_though_turns_within_units_hang_together() -> None:
    draw, runs, units, turns = np.random.default_rng(2), 300, 60, 10
    outside = 0
    for chances in draw.beta(0.3, 1.2, (runs, units)):  # mean 0.2, whole units right or wrong
        sums = shares(draw.binomial(turns, chances), turns)
        at_last = sequences.low(sums, ALPHA / 2), sequences.high(sums, ALPHA / 2)
        # Bounds only tighten from look to look, so the last ones hold the rate only if all did.
        outside += not at_last[0] <= 0.2 <= at_last[1]
    assert stats.binomtest(outside, runs, ALPHA, "greater").pvalue > 0.001


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 99))
def test_a_bound_is_excluded_exactly_where_it_lies_outside_the_interval(values: list[int], percent: int) -> None:
    sums, bound = shares(values, 5.0), percent / 100
    low, high = sequences.low(sums, ALPHA), sequences.high(sums, ALPHA)
    assert 0 <= low <= high <= 1
    if abs(bound - low) > 1e-6:
        assert (sequences.first_proven(sequences.above(sums, bound), ALPHA) is not None) == (bound < low)
    if abs(bound - high) > 1e-6:
        assert (sequences.first_proven(sequences.below(sums, bound), ALPHA) is not None) == (bound > high)


def test_one_error_refutes_a_rate_of_nothing_and_no_success_proves_it() -> None:
    assert sequences.first_proven(sequences.above(shares([0, 0, 1]), 0.0), ALPHA) == 3
    assert sequences.first_proven(sequences.below(shares(np.zeros(500)), 0.0), ALPHA) is None
    assert sequences.units_needed(shares(np.zeros(5)), 0.0, ALPHA, is_above=False) is None


def test_units_without_weight_are_no_evidence() -> None:
    with_gaps = Sums(np.array([0.0, 2.0, 0.0, 1.0]), np.array([0.0, 3.0, 0.0, 3.0]), 3.0)
    without = Sums(np.array([2.0, 1.0]), np.array([3.0, 3.0]), 3.0)
    assert sequences.above(with_gaps, 0.2)[-1] == pytest.approx(sequences.above(without, 0.2)[-1])


def test_the_units_needed_are_those_that_it_takes_when_they_go_on_alike() -> None:
    for value, bound, is_above in ((1.0, 0.4, False), (3.0, 0.4, True), (2.0, 0.45, False)):
        way = sequences.above if is_above else sequences.below
        taken = sequences.first_proven(way(shares(np.full(500, value), 5.0), bound), ALPHA)
        told = sequences.units_needed(shares([value, value], 5.0), bound, ALPHA, is_above=is_above)
        assert told == taken


def test_where_the_rate_is_at_the_bound_no_number_of_units_is_named() -> None:
    assert sequences.units_needed(shares([1, 0, 1, 0]), 0.5, ALPHA, is_above=True) is None
    assert sequences.units_needed(shares([]), 0.5, ALPHA, is_above=True) is None
