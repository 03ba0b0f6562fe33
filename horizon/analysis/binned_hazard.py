"""The hazard of a first event in bins of turns, with bands that hold the whole curve at once. Knows no estimator."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from horizon.analysis.chart import Series
from horizon.analysis.stats.intervals import LEVEL, quantile, ratio
from horizon.analysis.stats.shares import modified_wilson
from horizon.analysis.turn_bins import bin_of, turn_bins
from horizon.analysis.turn_table import Flags, Floats, Ints
from horizon.core.estimator import Estimate
from horizon.core.records import Json


def binned_hazards(
    last: Ints, has: Flags, instance: Ints, method: str, at: Mapping[str, Json] | None = None
) -> list[Estimate]:
    """Return the hazard of one event in each bin of turns in which an episode is at risk; arrays (episodes,).

    `last` is the turn of the event or the last turn at risk; `at` of each also has `band_low` and `band_high`.

    An episode has one first error, so the events of a bin are as good as independent, except for episodes of one
    instance; the effective number of turns allows for shared instances. Hazards of different bins are uncorrelated,
    so m bands of level 0.95^(1/m) hold simultaneously with 95 %.

    Source: Andersen, Borgan, Gill & Keiding (1993), Statistical models based on counting processes, section IV.1
    (orthogonal increments); Sidak (1967), JASA 62, 626-633.
    """
    bins = turn_bins(int(last.max()))
    _, cluster = np.unique(instance, return_inverse=True)
    n_clusters = int(cluster.max()) + 1
    is_shared = n_clusters < len(last)
    order = bin_of(last, bins)
    together = LEVEL ** (1 / len(bins))
    points = []
    for index, turns in enumerate(bins):
        at_risk = np.clip(last - turns.first + 1, 0, turns.last - turns.first + 1).astype(float)
        errs = (has & (order == index)).astype(float)
        sums, totals = (np.bincount(cluster, column, n_clusters).astype(float) for column in (errs, at_risk))
        rate, effective, n_equal = _rate(sums, totals, is_shared)
        low, high = modified_wilson(rate, effective, quantile(n_equal))
        band_low, band_high = modified_wilson(rate, effective, quantile(n_equal, together))
        where = {**(at or {}), **turns.at(), "band_low": float(band_low), "band_high": float(band_high)}
        n_episodes, n_turns = int((at_risk > 0).sum()), int(at_risk.sum())
        points.append(Estimate(rate, float(low), float(high), n_episodes, n_turns, method, at=where))
    return points


def _rate(errors: Floats, turns: Floats, is_shared: bool) -> tuple[float, float, float | None]:
    """Return the rate, the effective number of turns, and the clusters for Student's quantile (None: normal)."""
    rate, n_turns = float(errors.sum() / turns.sum()), float(turns.sum())
    if not is_shared or rate in (0.0, 1.0):
        return rate, n_turns, None
    error = ratio(errors, turns).error
    independent = rate * (1 - rate) / n_turns
    effect = max(1.0, error**2 / independent) if error > 0 else 1.0
    return rate, n_turns / effect, float((turns > 0).sum())


def with_bands(series: Series) -> Series:
    """Return a series with its simultaneous bands in place of the pointwise intervals."""
    points = tuple(
        replace(point, low=float(str(point.at["band_low"])), high=float(str(point.at["band_high"])))
        for point in series.points
    )
    return Series(series.name, series.places, points)
