"""Means of a number along bins of turns or lags, with bands that hold for all bins together. Knows no estimator."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from horizon.analysis.stats.intervals import LEVEL, Spread, equal_episodes, spread
from horizon.analysis.turn_bins import TurnBin, bin_of
from horizon.analysis.turn_table import Floats
from horizon.core.estimator import Estimate
from horizon.core.records import Json


@dataclass(frozen=True, slots=True)
class BandedMean:
    """The mean of one bin: its spread over clusters, and the level at which the bands of all bins hold together."""

    turns: TurnBin
    whole: Spread
    level: float
    n_clusters: int
    n_values: int

    def band(self) -> dict[str, Json]:
        """Return `band_low` and `band_high` for `Estimate.at`; None where one cluster gives no spread."""
        band = self.whole.interval(self.level)
        return {
            "band_low": None if math.isnan(band.low) else band.low,
            "band_high": None if math.isnan(band.high) else band.high,
        }

    def as_estimate(self, method: str, at: Mapping[str, Json]) -> Estimate:
        """Return the mean with its pointwise interval."""
        return self.whole.interval().as_estimate(self.n_clusters, self.n_values, method, at=at)


def banded_means(
    turn: NDArray[np.int64], values: Floats, clusters: Sequence[Hashable], bins: tuple[TurnBin, ...]
) -> list[BandedMean]:
    """Return the mean of each bin that holds a value; arrays of shape (values,).

    The spread is the jackknife's over clusters; m bands of level 1 - 0.05/m hold together with 95 % (Bonferroni).
    """
    codes: dict[Hashable, int] = {}
    cluster = np.array([codes.setdefault(name, len(codes)) for name in clusters])
    order = bin_of(turn, bins)
    filled = sorted(set(order.tolist()))
    level = 1 - (1 - LEVEL) / len(filled)
    means = []
    for index in filled:
        inside = order == index
        own = cluster[inside]
        sums, counts = (
            np.bincount(own, weights, len(codes)).astype(float)
            for weights in (values[inside], np.ones(int(inside.sum())))
        )
        kept = counts > 0
        whole = spread(np.column_stack([sums[kept], counts[kept]]), _mean, None, equal_episodes(counts[kept]))
        means.append(BandedMean(bins[index], whole, level, int(kept.sum()), int(inside.sum())))
    return means


def _mean(totals: Floats) -> Floats:
    return np.asarray(totals[:, 0] / totals[:, 1])
