"""Sequential test of whether a rate is above or below a bound, valid no matter how often it is checked.

A rate is the sum of the units' values over the sum of their weights: errors over turns. The evidence against "at most
m" is the wealth of a gambler who bets, before each unit, that its value is more than m times its weight. If the claim
is true, the wealth exceeds 1/alpha at any time with probability alpha at most, whatever the stopping rule.
Knows arrays only.

Source: Waudby-Smith & Ramdas (2024), Estimating means of bounded random variables by betting, J. R. Stat. Soc. B 86,
1-27; Ville's inequality (1939). Bets are mixed as in Cover (1991), Universal portfolios, Mathematical Finance 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BETS = 40
_STAKES: Floats = np.sin(np.pi * (np.arange(_BETS) + 0.5) / (2 * _BETS)) ** 2
"""Stakes as fractions of the largest safe bet, equally weighted: midpoints of the arcsine distribution, which is dense
near 0 and 1. A mixture, because the best single stake is not known in advance."""

_STEPS = 24
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Sums:
    """Value and weight of each independent unit, in order of play; both of shape (units,), within 0..`most`.

    `most` must be known before playing. `is_share` is True if no unit's value exceeds its weight.
    """

    value: Floats
    weight: Floats
    most: float
    is_share: bool = True

    @property
    def rate(self) -> float | None:
        """The rate so far, or None while all weights are 0."""
        weight = float(self.weight.sum())
        return float(self.value.sum()) / weight if weight > 0 else None


def above(sums: Sums, bound: float) -> Floats:
    """Return the log of the evidence, after each unit, that the rate is above a bound of at least 0."""
    return _wealth(_gains_above(sums, bound))


def below(sums: Sums, bound: float) -> Floats:
    """Return the log of the evidence, after each unit, that the rate is below a bound."""
    return _wealth(_gains_below(sums, bound))


def first_proven(evidence: Floats, alpha: float) -> int | None:
    """Return after how many units the evidence first sufficed at error probability `alpha`, or None."""
    enough = np.flatnonzero(evidence >= -np.log(alpha))
    return int(enough[0]) + 1 if len(enough) else None


def low(sums: Sums, alpha: float) -> float:
    """Return the lower bound of the rate: the smallest rate that the evidence does not exclude, at least 0.

    It holds at all checks at once with probability 1 - alpha.
    """
    return _edge(lambda bound: first_proven(above(sums, bound), alpha) is not None, _largest(sums))[0]


def high(sums: Sums, alpha: float) -> float:
    """Return the upper bound of the rate, infinite where none is known; at most 1 where no unit exceeds its weight."""
    largest = _largest(sums)

    def is_excluded(bound: float) -> bool:
        return first_proven(below(sums, bound), alpha) is not None

    if not sums.is_share and not is_excluded(largest):
        return float("inf")
    return _edge(lambda bound: not is_excluded(bound), largest)[1]


def units_needed(sums: Sums, bound: float, alpha: float, *, is_above: bool) -> int | None:
    """Return how many units in total the evidence needs to suffice, if it keeps growing at its mean rate so far.

    An extrapolation, only as good as the units so far. None if the evidence does not grow because the rate seems to be
    at the bound or beyond it, or if more than a million units would be needed.
    """
    if not len(sums.value):
        return None
    growth = _logs(_gains_above(sums, bound) if is_above else _gains_below(sums, bound)).mean(axis=1)

    def suffices(units: int) -> bool:
        return bool(_mean_over_bets(units * growth[:, None])[0] >= -np.log(alpha))

    if not suffices(_LONGEST):
        return None
    few, many = 0, _LONGEST
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if suffices(middle) else (middle, many)
    return many


def _gains_above(sums: Sums, bound: float) -> Floats:
    """Return each unit's gain on the largest safe bet, at least -1; infinite where one unit refutes the claim."""
    gain = _quotient(sums.value, bound * sums.most) - sums.weight / sums.most
    return np.asarray(gain)


def _gains_below(sums: Sums, bound: float) -> Floats:
    worst = (1 - bound if sums.is_share else 1.0) * sums.most
    return _quotient(bound * sums.weight - sums.value, worst)


def _quotient(numerator: Floats, denominator: float) -> Floats:
    if denominator > 0:
        return np.asarray(numerator / denominator)
    return np.where(numerator > 0, np.inf, 0.0)


def _logs(gain: Floats) -> Floats:
    """Return the log of the factor by which each unit multiplies each bet of the mixture; shape (bets, units)."""
    # Rounding may put the worst gain slightly below -1, which would lose more than the largest stake.
    return np.log1p(_STAKES[:, None] * np.maximum(gain, -1.0)[None, :])


def _wealth(gain: Floats) -> Floats:
    return _mean_over_bets(np.cumsum(_logs(gain), axis=1))


def _mean_over_bets(log_wealth: Floats) -> Floats:
    """Return the log of the mean over bets; from shape (bets, units) to (units,)."""
    return np.asarray(np.logaddexp.reduce(log_wealth, axis=0) - np.log(_BETS))


def _largest(sums: Sums) -> float:
    """Return a rate that the search for bounds need not exceed."""
    if sums.is_share:
        return 1.0
    return max(1.0, 16.0 * (sums.rate or 0.0))


def _edge(is_lower: Callable[[float], bool], largest: float) -> tuple[float, float]:
    """Return by bisection the largest rate for which a claim holds and the smallest for which it fails.

    The claim holds for small rates and fails for large ones.
    """
    if is_lower(largest):
        return largest, largest
    least = 0.0
    for _ in range(_STEPS):
        middle = (least + largest) / 2
        least, largest = (middle, largest) if is_lower(middle) else (least, middle)
    return least, largest
