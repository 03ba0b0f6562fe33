"""95 % intervals from episode-level sums: Wilson for shares, Student's t for differences and ratios.

Turns of one episode are not independent; every variance here is taken between episodes. Formulas only: what the
sums mean is the estimators' business.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from horizon.core.estimator import Estimate
from horizon.core.records import Json

LEVEL = 0.95
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its interval and the standard error behind it; NaN where the data can't tell."""

    estimate: float
    low: float
    high: float
    error: float

    def as_estimate(
        self, n_episodes: int, n_turns: int, method: str, note: str | None = None, at: Mapping[str, Json] | None = None
    ) -> Estimate:
        """Return the estimate that leaves an estimator; what is NaN here is null there, with a note."""
        if note is None and math.isnan(self.estimate):
            note = "no turn to estimate from"
        elif note is None and math.isnan(self.error):
            note = "one episode alone tells nothing of the spread between episodes"
        low, high = _null(self.low), _null(self.high)
        return Estimate(_null(self.estimate), low, high, n_episodes, n_turns, method, note, dict(at or {}))


def missing(note: str, method: str, at: Mapping[str, Json] | None = None) -> Estimate:
    """Return the estimate that says, in words, why there is none."""
    return Estimate(None, None, None, 0, 0, method, note, dict(at or {}))


def quantile(n_clusters: float | None = None) -> float:
    """Return the two-sided 95 % quantile: Student's t with a degree of freedom less than clusters, or normal.

    Source: Cameron & Miller (2015), A practitioner's guide to cluster-robust inference, J. Human Resources 50,
    section VI: critical values from t with G - 1 degrees of freedom.
    """
    if n_clusters is None:
        return float(stats.norm.ppf((1 + LEVEL) / 2))
    return float(stats.t.ppf((1 + LEVEL) / 2, max(n_clusters - 1, 1)))


def wilson(share: Floats | float, n: Floats | float, z: float | None = None) -> tuple[Floats, Floats]:
    """Return the low and high ends of Wilson's score interval of a share of n independent trials.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209-212.
    """
    z = quantile() if z is None else z
    p, n = np.asarray(share, dtype=float), np.asarray(n, dtype=float)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # Rounding may leave 1e-17 outside the share itself at 0 and 1.
    return np.minimum(np.maximum(centre - half, 0.0), p), np.maximum(np.minimum(centre + half, 1.0), p)


def jackknife(
    sums: Floats, statistic: Callable[[Floats], Floats], *, n_informative: int | None = None, is_skewed: bool = False
) -> Interval:
    """Return a statistic of sums over episodes with a t interval from leaving each episode out.

    `sums` has shape (episodes, k); `statistic` turns totals of shape (m, k) into figures of shape (m,). Episodes
    whose sums are all 0 are ignored. One episode alone gives no interval, and neither does a statistic that is not
    defined without some episode. `n_informative` tells when fewer episodes hold the figure up than there are; with
    `is_skewed` the interval leans as the episodes' influences do, as sums of rare losses need.

    Source: the leave-one-cluster-out jackknife with t of G - 1 degrees of freedom, as in MacKinnon, Nielsen & Webb
    (2023), Cluster-robust inference: a guide to empirical practice, J. Econometrics 232, CV3.
    """
    kept = sums[(sums != 0).any(axis=1)]
    n_clusters = len(kept)
    if not n_clusters:
        return Interval(math.nan, math.nan, math.nan, math.nan)
    totals = kept.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = float(statistic(totals[None, :])[0])
        left_out = statistic(totals - kept)
    if n_clusters < 2 or not np.isfinite(left_out).all():
        return Interval(whole, math.nan, math.nan, math.nan)
    error = float(np.sqrt((n_clusters - 1) / n_clusters * ((left_out - whole) ** 2).sum()))
    reach = quantile(n_clusters if n_informative is None else min(n_informative, n_clusters))
    below, above = _leaning(reach, whole - left_out) if is_skewed and error > 0 else (-reach, reach)
    return Interval(whole, whole - above * error, whole - below * error, error)


def welch_freedom(parts: Sequence[Interval], sizes: Sequence[int]) -> float:
    """Return the degrees of freedom of a difference of two figures, each from so many episodes.

    Source: Welch (1947), The generalization of 'Student's' problem, Biometrika 34, 28-35.
    """
    spread = sum(part.error**4 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    return sum(part.error**2 for part in parts) ** 2 / spread if spread else float(sum(sizes) - 2)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each p value of a family corrected for their number, 0..1; as many as given.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6, 65-70.
    """
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, least)
    return corrected


def ratio(numerators: Floats, denominators: Floats, *, is_skewed: bool = False) -> Interval:
    """Return the ratio of two sums over episodes, arrays of shape (episodes,), with the jackknife's t interval."""
    kept = denominators != 0
    sums = np.column_stack([numerators[kept], denominators[kept]])
    return jackknife(sums, lambda totals: totals[:, 0] / totals[:, 1], is_skewed=is_skewed)


def share(errors: Floats, turns: Floats) -> Interval:
    """Return the share of errors with Wilson's interval at the effective number of turns; shape (episodes,) each.

    The effective number is the turns divided by the design effect, the ratio of the between-episode variance to
    that of independent turns; the quantile is Student's. Where all or no turns are errors the design effect can't
    be seen and is taken as 1. With one turn an episode there is nothing to allow for: Wilson's own interval.

    Source: Kish (1965), Survey sampling, section 8.2 (design effect); Dean & Pagano (2015), Evaluating confidence
    interval methods for binomial proportions in clustered surveys, J. Survey Statistics and Methodology 3, 484-503;
    Carter, Schnepel & Steigerwald (2017), Asymptotic behavior of a t-test robust to cluster heterogeneity, Review of
    Economics and Statistics 99, 698-709 (episodes of unequal length count for fewer).
    """
    linear = ratio(errors, turns)
    n_turns, n_clusters = float(turns.sum()), int((turns != 0).sum())
    p = linear.estimate
    if not n_turns:
        return linear
    if turns.max() <= 1:
        low, high = wilson(p, n_turns)
        return Interval(p, float(low), float(high), math.sqrt(p * (1 - p) / n_turns))
    independent = p * (1 - p) / n_turns
    design_effect = linear.error**2 / independent if independent > 0 and linear.error > 0 else 1.0
    n_equal = n_turns**2 / float((turns**2).sum())
    low, high = wilson(p, n_turns / design_effect, quantile(n_equal) if n_clusters > 1 else None)
    return Interval(p, float(low), float(high), linear.error)


def _leaning(reach: float, influences: Floats) -> tuple[float, float]:
    """Return the ends, in standard errors, between which a studentised figure of skewed influences lies.

    Source: Hall (1992), On the removal of skewness by transformation, J. R. Statist. Soc. B 54, 221-228, eq. 2.2.
    """
    skewness = float(np.nan_to_num(stats.skew(influences)))
    lean = skewness / (3 * math.sqrt(len(influences)))
    if abs(lean) < 1e-9:
        return -reach, reach
    ends = [float(np.cbrt(1 + 3 * lean * (end - lean / 2)) - 1) / lean for end in (-reach, reach)]
    return ends[0], ends[1]


def _null(value: float) -> float | None:
    return None if math.isnan(value) else value
