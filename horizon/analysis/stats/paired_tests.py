"""Paired differences of correctness: McNemar's test, its extension to seeds with several turns, and an interval.

The clusters are seeds: turns of one instance are not independent. Knows formulas only, on sums per seed.
"""

import math
from collections import Counter

import numpy as np

from horizon.analysis.stats.bootstrap import Floats, resampled_sums
from horizon.analysis.stats.distributions import fair_coin_test, fair_coins, normal_tail
from horizon.analysis.stats.intervals import Interval, quantile


def mcnemar(one: int, other: int) -> float:
    """Return the exact two-sided p value of the numbers of discordant pairs each way, for independent pairs.

    Source: McNemar (1947), Note on the sampling error of the difference between correlated proportions or
    percentages, Psychometrika 12, 153-157; exact by the binomial distribution.
    """
    return fair_coin_test(one, other) if one + other else 1.0


def sign_flips(differences: Floats) -> float:
    """Return the exact p value of a sum at least as far from 0 if each seed's total difference had a random sign.

    With one pair per seed it is McNemar's exact test; with more it allows for turns of a seed that err together.
    Differences are whole numbers, shape (seeds,). Cost: 10 milliseconds for 10,000 seeds.

    Source: Fisher (1935), The design of experiments, section 21, the randomisation test of paired differences.
    """
    from scipy import signal  # a third of a second, which only a comparison needs

    whole = np.rint(differences).astype(int)
    chances = np.ones(1)
    for size, count in Counter(np.abs(whole[whole != 0]).tolist()).items():
        # The sum of `count` random signs of one size is binomial, with values two sizes apart.
        own = np.zeros(2 * size * count + 1)
        own[:: 2 * size] = fair_coins(count)
        chances = signal.convolve(chances, own)
    reached = np.abs(np.arange(len(chances)) - len(chances) // 2) >= abs(whole.sum())
    return float(np.clip(chances[reached].sum(), 0.0, 1.0))


def mean_difference(sums: Floats) -> Interval:
    """Return the mean difference of pairs, -1..1, with its bootstrap interval; `sums` are (difference, pairs) by seed.

    Seeds are drawn with replacement, together with two added pairs, one lost and one won, so that the interval has a
    width with few or no discordant pairs. Expanded percentiles correct the bootstrap's narrowness with few seeds.

    Source: Bonett & Price (2012), Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data, J. Educational and Behavioral Statistics 37, 479-488 (the added pairs); Hesterberg (2015), What
    teachers should know about the bootstrap, The American Statistician 69, 371-386 (expanded percentiles).
    """
    n_seeds = len(sums)
    whole = float(sums[:, 0].sum() / sums[:, 1].sum())
    if n_seeds < 2:
        return Interval(whole, math.nan, math.nan, math.nan)
    drawn = resampled_sums(np.vstack([sums, [[1.0, 1.0], [-1.0, 1.0]]]))
    means = drawn[:, 0] / drawn[:, 1]
    tail = normal_tail(math.sqrt(n_seeds / (n_seeds - 1)) * quantile(n_seeds))
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(whole, min(float(low), whole), max(float(high), whole), float(means.std(ddof=1)))
