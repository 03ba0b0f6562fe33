"""A mean by an expensive judge, from its verdicts on a random few and a cheap judge's verdicts on all.

The cheap verdicts lower the variance and cannot bias the mean: their error is measured on the few and taken off.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from horizon.analysis.stats.intervals import Floats, quantile
from horizon.analysis.stats.shares import modified_wilson

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class _Parts(NamedTuple):
    """Sums by instance: cheap values of closed turns; of asked turns by either judge; cheap ones of open turns."""

    closed: Floats
    expensive: Floats
    asked: Floats
    open: Floats


@dataclass(frozen=True, slots=True)
class TwoJudges:
    """The expensive judge's mean with its 95 % interval, and the weight that the cheap verdicts have in it, 0..1."""

    mean: float
    low: float
    high: float
    weight: float


def mean_by_two_judges(
    cheap: Floats, expensive: Floats, is_open: Flags, cluster: Ints, n_clusters: int, *, is_share: bool
) -> TwoJudges:
    """Return the mean over all turns by the expensive judge.

    `cheap`, in 0..1, has every turn's value; `expensive` NaN where that judge was not asked, which is a random choice
    among the turns that `is_open` marks. The others have the same value by either judge. `cluster` is the code of each
    turn's instance, 0 to `n_clusters` - 1; turns of one instance are not independent. With `is_share` the values are
    0 or 1, and the interval is Wilson's.

    Source: Angelopoulos, Bates, Fannjiang, Jordan & Zrnic (2023), Prediction-powered inference, Science 382, 669-674;
    Angelopoulos, Duchi & Zrnic (2023), PPI++, arXiv 2311.01453 (the weight). The variance is a jackknife over
    instances, whose turns are not independent.
    """
    asked = is_open & np.isfinite(expensive)

    def sums(values: Floats, which: Flags) -> Floats:
        return np.bincount(cluster[which], weights=values[which], minlength=n_clusters).astype(float)

    ones, closed = np.ones(len(cheap)), ~is_open
    n_turns, n_open, n_asked = sums(ones, closed | is_open), sums(ones, is_open), sums(ones, asked)
    parts = _Parts(sums(cheap, closed), sums(expensive, asked), sums(cheap, asked), sums(cheap, is_open))
    # By instance: what each adds to the expensive mean of the asked, and to the cheap mean of the asked and of all.
    own = (parts.expensive - parts.expensive.sum() / n_asked.sum() * n_asked) / n_asked.sum()
    apart = (parts.asked - parts.asked.sum() / n_asked.sum() * n_asked) / n_asked.sum()
    apart -= (parts.open - parts.open.sum() / n_open.sum() * n_open) / n_open.sum()
    spread = float(apart @ apart)
    weight = float(np.clip(own @ apart / spread, 0.0, 1.0)) if spread > 0 else 1.0

    def mean_of(less: Floats, left: Ints) -> Floats:
        """Return the mean without each instance, or of all where nothing is left out."""
        closed_sum, expensive_sum, asked_sum, open_sum = (part.sum() - less * part[left] for part in parts)
        turns, of_open, of_asked = (count.sum() - less * count[left] for count in (n_turns, n_open, n_asked))
        of_asked, of_open = np.maximum(of_asked, 1), np.maximum(of_open, 1)
        open_mean = expensive_sum / of_asked - weight * (asked_sum / of_asked - open_sum / of_open)
        return np.asarray((closed_sum + of_open * open_mean) / turns)

    mean = float(mean_of(np.zeros(1), np.zeros(1, int))[0])
    without = mean_of(np.ones(n_clusters), np.arange(n_clusters))
    # The jackknife; one degree of freedom more is spent on the weight.
    variance = (n_clusters - 1) / n_clusters * float(((without - without.mean()) ** 2).sum())
    variance *= (n_clusters - 1) / max(n_clusters - 2, 1)
    # Judges that never differ among the few may differ elsewhere: two turns more, in which they differ both ways.
    variance = max(variance, (n_open.sum() / n_turns.sum()) ** 2 * 2 / (n_asked.sum() + 2) ** 2)
    if is_share:
        within = min(max(mean, 0.5 / len(cheap)), 1 - 0.5 / len(cheap))
        low, high = modified_wilson(within, within * (1 - within) / variance, quantile(n_clusters - 1))
        return TwoJudges(
            within if not 0 <= mean <= 1 else mean, min(float(low), within), max(float(high), within), weight
        )
    reach = quantile(n_clusters - 1) * float(np.sqrt(variance))
    return TwoJudges(mean, max(mean - reach, 0.0), min(mean + reach, 1.0), weight)
