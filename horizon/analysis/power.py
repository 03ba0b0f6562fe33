"""How many episodes a study needs to detect a focus gap, from the spread in a pilot run.

Turns of one episode are correlated, so more episodes help more than more turns. Formulas only, on a turn table.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from horizon.analysis.stats.distributions import chi2_quantile, noncentral_t_below, t_quantile
from horizon.analysis.stats.intervals import LEVEL
from horizon.analysis.turn_table import TurnTable, error_differences
from horizon.core.errors import UsageError

TURNS = (1, 2, 5, 10, 20, 40, 80)
_FEWEST_EPISODES = 3
_MOST_EPISODES = 10_000_000


@dataclass(frozen=True, slots=True)
class PilotSpread:
    """The variance of a paired difference between episodes and within them, and the size of the pilot.

    `error` is the relative standard error of the variance of an episode's mean: how precise the pilot is.
    """

    between: float
    within: float
    turns: float
    error: float
    n_episodes: int
    n_turns: int


@dataclass(frozen=True, slots=True)
class Needed:
    """Episodes needed with this many probed turns each, and the 95 % interval due to the size of the pilot."""

    turns: int
    episodes: int
    low: int
    high: int


def spread(table: TurnTable, minuend: str = "natural", subtrahend: str = "fresh") -> PilotSpread:
    """Return the spread of the paired difference of two conditions.

    Source: Searle, Casella & McCulloch (1992), Variance components, section 3.6 (unbalanced one-way analysis).

    Raises:
        UsageError: a condition is absent, or fewer than 3 episodes or 2 turns per episode share states.
    """
    for name in (minuend, subtrahend):
        if table.sample(name) is None:
            raise UsageError(f"the pilot has no turns of {name}: play it with horizon play --condition {name}")
    one, difference = error_differences(table.samples[minuend], table.samples[subtrahend])
    # Episodes of one instance, against several opponents or in several runs, are equally hard: one cluster.
    counts = table.instance_sums(one.cluster, np.ones(one.n_turns))
    there = counts > 0
    if there.sum() < _FEWEST_EPISODES or counts.max(initial=0) < 2:
        raise UsageError(
            f"the pilot has {int(there.sum())} episodes of at most {int(counts.max(initial=0))} shared turns: "
            f"play at least {_FEWEST_EPISODES} episodes with 2 probed turns each"
        )
    counts = counts[there]
    means = table.instance_sums(one.cluster, difference)[there] / counts
    n, groups = float(counts.sum()), len(counts)
    whole = float(difference.sum() / n)
    squares = float((difference**2).sum() - (counts * means**2).sum())
    within = squares / (n - groups) if n > groups else 0.0
    typical = (n - float((counts**2).sum()) / n) / (groups - 1)
    among = float((counts * (means - whole) ** 2).sum()) / (groups - 1)
    between = max(0.0, (among - within) / typical)
    return PilotSpread(between, within, typical, math.sqrt(2 / (groups - 1)), groups, one.n_turns)


def episodes_needed(pilot: PilotSpread, gap: float, power: float = 0.8, turns: Sequence[int] = TURNS) -> list[Needed]:
    """Return how many episodes detect a gap with this power, for each number of probed turns per episode.

    `gap` is a difference of error rates (0.1 is 10 points); the test is two-sided at 5 %. If no turn of the pilot
    differs, the plan assumes the variance of one differing turn.

    Source: Julious (2004), Sample sizes for clinical trials with normal data, Stat. Med. 23, eq. 4 (paired means, with
    Student's t by iteration); the range from the chi-squared interval of the pilot's variance.

    Raises:
        UsageError: a gap of 0 or beyond 1, or a power outside 0.5 to 0.999.
    """
    if not 0 < abs(gap) <= 1:
        raise UsageError(
            f"gap={gap} is out of range: the smallest gap worth detecting, above 0 and at most 1 (0.1 is 10 points)"
        )
    if not 0.5 <= power <= 0.999:
        raise UsageError(f"power={power} is out of range: from 0.5 to 0.999")
    freedom = pilot.n_episodes - 1
    tails = [float(chi2_quantile(share, freedom)) for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)]
    rows = []
    for count in turns:
        variance = pilot.between + pilot.within / count
        if variance == 0:
            # No turn differed: plan for the variance of one differing turn.
            variance = 1 / pilot.n_turns / count
        best, low, high = (
            _episodes(value, gap, power) for value in (variance, *(variance * freedom / tail for tail in tails))
        )
        rows.append(Needed(count, best, low, high))
    return rows


def _episodes(variance: float, gap: float, power: float) -> int:
    """Return the smallest number of episodes with which the t test has this power."""
    low, high = 2, 4
    while high < _MOST_EPISODES and _power(high, variance, gap) < power:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(middle, variance, gap) >= power else (middle + 1, high)
    return high


def _power(episodes: int, variance: float, gap: float) -> float:
    """Return the probability that a two-sided t test of this many episodes detects the gap."""
    reach = t_quantile((1 + LEVEL) / 2, episodes - 1)
    shift = abs(gap) * math.sqrt(episodes / variance)
    return 1 - noncentral_t_below(reach, episodes - 1, shift) + noncentral_t_below(-reach, episodes - 1, shift)
