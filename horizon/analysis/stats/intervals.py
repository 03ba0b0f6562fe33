"""95 % intervals from episode-level sums: Wilson for shares, Student's t for differences and ratios.

Turns of one episode are not independent, so every variance is taken between episodes. If no two episodes differ, the
interval still has a width. Knows formulas only; the estimators define the sums.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from horizon.analysis.stats.shares import modified_wilson, unseen_share, wilson
from horizon.core.estimator import Estimate
from horizon.core.records import Json

LEVEL = 0.95
FEW_EPISODES = 8
"""With fewer, simulated coverage falls to 90 % for skewed lengths or rates, and the estimate's note warns."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval and standard error; NaN where the data do not determine them."""

    estimate: float
    low: float
    high: float
    error: float
    note: str | None = None

    def as_estimate(
        self, n_episodes: int, n_turns: int, method: str, note: str | None = None, at: Mapping[str, Json] | None = None
    ) -> Estimate:
        """Return the estimator's result; NaN becomes None, with a note."""
        if note is None and math.isnan(self.estimate):
            note = "no turn to estimate from"
        elif note is None and math.isnan(self.error):
            note = "one episode alone gives no spread between episodes"
        few = f"fewer than {FEW_EPISODES} episodes: the interval may hold the truth less often than 95 %"
        is_few = not math.isnan(self.error) and n_episodes < FEW_EPISODES
        note = "; ".join(part for part in (note, self.note, few if is_few else None) if part) or None
        low, high = _none_if_nan(self.low), _none_if_nan(self.high)
        return Estimate(_none_if_nan(self.estimate), low, high, n_episodes, n_turns, method, note, dict(at or {}))


def missing(note: str, method: str, at: Mapping[str, Json] | None = None) -> Estimate:
    """Return an estimate without a value, whose note is the reason."""
    return Estimate(None, None, None, 0, 0, method, note, dict(at or {}))


def quantile(n_clusters: float | None = None, level: float = LEVEL) -> float:
    """Return the two-sided quantile of a level: Student's t with `n_clusters` - 1 degrees of freedom, else normal.

    Source: Cameron & Miller (2015), A practitioner's guide to cluster-robust inference, J. Human Resources 50,
    section VI: critical values from t with G - 1 degrees of freedom.
    """
    if n_clusters is None:
        return float(special.ndtri((1 + level) / 2))
    return float(special.stdtrit(max(n_clusters - 1, 1), (1 + level) / 2))


@dataclass(frozen=True, slots=True)
class Floor:
    """The range of a statistic, and made-up episodes that keep its standard error above 0.

    The statistic lies between `low` and `high`. `pairs` are the sums of made-up episodes, shape (m, k), used for the
    standard error only: one turn that raises the statistic and one that lowers it.
    """

    low: float
    high: float
    pairs: tuple[tuple[float, ...], ...] = ()


SIGNS = Floor(-1.0, 1.0, ((1.0, 1.0), (-1.0, 1.0)))
"""For the mean of differences that are -1, 0 or 1: one lost and one won pair, Bonett & Price (2012)."""


@dataclass(frozen=True, slots=True)
class Spread:
    """An estimate with everything that its intervals and tests need, at any level.

    `centre` and `error` include the made-up pairs of the floor. `error` is 0 if no two episodes differ and NaN if it
    can't be estimated. `n` is the number of informative episodes; the estimate lies between `least` and `most`.
    """

    estimate: float
    centre: float
    error: float
    n: float
    least: float = -math.inf
    most: float = math.inf

    @property
    def freedom(self) -> float:
        """Degrees of freedom of Student's t."""
        return max(self.n - 1, 1.0)

    def interval(self, level: float = LEVEL) -> Interval:
        """Return the interval at a level, cut to the range of the statistic.

        If no two episodes differ, the interval allows for the largest share of unseen episodes that `n` episodes
        can't exclude, all of them at one end of the range.
        """
        if math.isnan(self.error):
            return Interval(self.estimate, math.nan, math.nan, math.nan)
        if self.error == 0 and math.isfinite(self.most - self.least):
            unseen = unseen_share(self.n, level)
            low = self.estimate - unseen * (self.estimate - self.least)
            high = self.estimate + unseen * (self.most - self.estimate)
            note = f"no two episodes differ: the interval is what {self.n:.3g} episodes can't exclude"
            return Interval(self.estimate, low, high, 0.0, note)
        reach = float(special.stdtrit(self.freedom, (1 + level) / 2)) * self.error
        low, high = min(self.centre - reach, self.estimate), max(self.centre + reach, self.estimate)
        return Interval(self.estimate, max(low, self.least), min(high, self.most), self.error)

    def p(self, at: float = 0.0) -> float:
        """Return the two-sided p value of the true value being `at`, 0..1; 1 if the spread is unknown."""
        if math.isnan(self.error):
            return 1.0
        if self.error > 0:
            return float(2 * stats.t.sf(abs(self.centre - at) / self.error, self.freedom))
        away, room = at - self.estimate, (self.most if at > self.estimate else self.least) - self.estimate
        if away == 0 or math.isinf(room):
            return 1.0 if away == 0 else 0.0
        return float(min(1.0, 2 * max(0.0, 1 - away / room) ** self.n)) if room else 0.0


def spread(
    sums: Floats, statistic: Callable[[Floats], Floats], floor: Floor | None = None, n_informative: float | None = None
) -> Spread:
    """Return a statistic of sums over episodes with its leave-one-episode-out spread.

    `sums` has shape (episodes, k); `statistic` maps totals of shape (m, k) to values of shape (m,). Episodes whose
    sums are all 0 are ignored. The spread is NaN for a single episode, and for a statistic that is undefined when some
    episode is left out. Pass `n_informative` if the statistic rests on fewer episodes than there are.

    Source: the leave-one-cluster-out jackknife with t of G - 1 degrees of freedom, as in MacKinnon, Nielsen & Webb
    (2023), Cluster-robust inference: a guide to empirical practice, J. Econometrics 232, CV3; with the floor's pairs
    as in Bonett & Price (2012), Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data, J. Educational and Behavioral Statistics 37, 479-488.
    """
    least, most = (floor.low, floor.high) if floor else (-math.inf, math.inf)
    whole, left_out = _left_out(sums, statistic)
    n_clusters = len(left_out)
    if n_clusters < 2 or not np.isfinite(left_out).all():
        return Spread(whole, whole, math.nan, max(n_clusters, 1), least, most)
    n = float(n_clusters if n_informative is None else min(n_informative, n_clusters))
    error = _jackknife_error(whole, left_out)
    # Rounding leaves 1e-17 where no two episodes differ.
    if error <= 1e-12 * max(1.0, abs(whole)):
        return Spread(whole, whole, 0.0, n, least, most)
    if floor is None or not floor.pairs:
        return Spread(whole, whole, error, n, least, most)
    centre, others = _left_out(np.vstack([sums, np.array(floor.pairs)]), statistic)
    return Spread(whole, centre, _jackknife_error(centre, others), n, least, most)


def jackknife(
    sums: Floats,
    statistic: Callable[[Floats], Floats],
    *,
    n_informative: float | None = None,
    is_skewed: bool = False,
    floor: Floor | None = None,
) -> Interval:
    """Return a statistic of sums over episodes with its 95 % interval, computed as in `spread`.

    With `is_skewed` the interval follows the skewness of the episodes' influences, which sums of rare losses need.
    """
    whole = spread(sums, statistic, floor, n_informative)
    interval = whole.interval()
    if not is_skewed or not interval.error > 0:
        return interval
    _, left_out = _left_out(sums, statistic)
    below, above = _leaning(quantile(whole.n), whole.estimate - left_out)
    low, high = whole.estimate - above * whole.error, whole.estimate - below * whole.error
    return Interval(whole.estimate, max(low, whole.least), min(high, whole.most), whole.error)


def _left_out(sums: Floats, statistic: Callable[[Floats], Floats]) -> tuple[float, Floats]:
    """Return a statistic of all episodes with a sum other than 0, and of all but each of them, shape (episodes,)."""
    kept = sums[(sums != 0).any(axis=1)]
    if not len(kept):
        return math.nan, np.zeros(0)
    totals = kept.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(statistic(totals[None, :])[0]), statistic(totals - kept)


def _jackknife_error(whole: float, left_out: Floats) -> float:
    n = len(left_out)
    return float(np.sqrt((n - 1) / n * ((left_out - whole) ** 2).sum()))


def welch_freedom(errors: Sequence[float], sizes: Sequence[float]) -> float:
    """Return the degrees of freedom of a difference of estimates, from their standard errors and numbers of episodes.

    Source: Welch (1947), The generalization of 'Student's' problem, Biometrika 34, 28-35.
    """
    spread = sum(error**4 / max(size - 1, 1) for error, size in zip(errors, sizes, strict=True))
    return sum(error**2 for error in errors) ** 2 / spread if spread else sum(sizes) - 2


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values of a family, corrected for their number, in the same order; 0..1.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6, 65-70.
    """
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, least)
    return corrected


def ratio(
    numerators: Floats, denominators: Floats, *, is_skewed: bool = False, floor: Floor | None = None
) -> Interval:
    """Return the ratio of two sums over episodes, arrays of shape (episodes,), with the jackknife's t interval.

    Episodes of unequal size count as fewer equal ones, as in `share`.
    """
    kept = denominators != 0
    sums = np.column_stack([numerators[kept], denominators[kept]])
    n_equal = equal_episodes(denominators[kept])
    return jackknife(sums, _quotient, n_informative=n_equal, is_skewed=is_skewed, floor=floor)


def mean_of_signs(differences: Floats, turns: Floats) -> Interval:
    """Return the mean of paired differences that are -1, 0 or 1, from their sums and counts, (episodes,) each.

    The interval lies in -1..1 and has a width where no pair differs.
    """
    return ratio(differences, turns, floor=SIGNS)


def equal_episodes(turns: Floats) -> float:
    """Return the number of equal-sized episodes that carry as much information as these, at least 1.

    Source: Carter, Schnepel & Steigerwald (2017), Asymptotic behavior of a t-test robust to cluster heterogeneity,
    Review of Economics and Statistics 99, 698-709.
    """
    return max(float(turns.sum()) ** 2 / float((turns**2).sum()), 1.0) if turns.any() else 1.0


def share(errors: Floats, turns: Floats) -> Interval:
    """Return the share of errors with Wilson's interval at the effective number of turns; shape (episodes,) each.

    The effective number is the turns divided by the design effect, the ratio of the between-episode variance to
    that of independent turns; the quantile is Student's. If all or no turns are errors, the design effect can't be
    estimated and the number of episodes is used, as errors may fill whole episodes. With one turn per episode it is
    Wilson's interval.

    Source: Kish (1965), Survey sampling, section 8.2 (design effect); Dean & Pagano (2015), Evaluating confidence
    interval methods for binomial proportions in clustered surveys, J. Survey Statistics and Methodology 3, 484-503.
    """
    linear = ratio(errors, turns)
    n_turns, n_clusters = float(turns.sum()), int((turns != 0).sum())
    p = linear.estimate
    if not n_turns:
        return linear
    if turns.max() <= 1:
        low, high = modified_wilson(p, n_turns)
        return Interval(p, float(low), float(high), math.sqrt(p * (1 - p) / n_turns))
    n_equal = equal_episodes(turns)
    if p in (0.0, 1.0):
        low, high = wilson(p, n_equal)
        kind = "no turn errs" if p == 0 else "every turn errs"
        note = f"{kind}: the interval is what {n_equal:.3g} episodes can't exclude, were errors to fill whole ones"
        return Interval(p, float(low), float(high), 0.0, note)
    independent = p * (1 - p) / n_turns
    design_effect = linear.error**2 / independent if linear.error > 0 else 1.0
    low, high = modified_wilson(p, n_turns / design_effect, quantile(n_equal) if n_clusters > 1 else None)
    return Interval(p, float(low), float(high), linear.error)


def _quotient(totals: Floats) -> Floats:
    return np.asarray(totals[:, 0] / totals[:, 1])


def _leaning(reach: float, influences: Floats) -> tuple[float, float]:
    """Return the ends, in standard errors, of the interval of a studentised statistic with skewed influences.

    Source: Hall (1992), On the removal of skewness by transformation, J. R. Statist. Soc. B 54, 221-228, eq. 2.2.
    """
    skewness = float(np.nan_to_num(stats.skew(influences)))
    lean = skewness / (3 * math.sqrt(len(influences)))
    if abs(lean) < 1e-9:
        return -reach, reach
    ends = [float(np.cbrt(1 + 3 * lean * (end - lean / 2)) - 1) / lean for end in (-reach, reach)]
    return ends[0], ends[1]


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value
