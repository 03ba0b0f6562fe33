"""The memory of harm: what one earlier turn does to the right reply, by how many turns ago it was.

From maps of responsible turns (`horizon attribute`), pure. Knows no run and no model.
"""

import math
from collections.abc import Sequence

import numpy as np

from horizon.analysis.stats.intervals import LEVEL, equal_episodes, spread
from horizon.analysis.turn_bins import bin_of, turn_bins
from horizon.analysis.turn_table import Floats
from horizon.core.estimator import Estimate
from horizon.core.records import Json
from horizon.runs.attribution_file import ErrorMap

METHOD = (
    "mean change of the right reply's log-likelihood (nats) when one earlier turn is edited alone, over the mapped "
    "errors; jackknife over episodes, Student's t; bands hold for all lags together (Bonferroni); "
    "with few episodes they are too narrow where one turn in ten does all the harm"
)
_MOST_BINS = 8


def memory_of_harm(maps: Sequence[ErrorMap], *, erred: bool) -> list[Estimate]:
    """Return the mean effect by lag of earlier turns that were wrong (`erred`) or right; empty without any.

    `at` has the lag (the middle of its bin), `first_lag`, `last_lag`, and `band_low`, `band_high`: 95 % for all lags
    together. Above 0 the turn did harm: edited, the right reply is exp(effect) times as likely. Effects of a right
    reply that is impossible either way are left out.

    Assumes that the sampled errors are like the others of the run, and that an edited turn changes nothing but what
    the model reads: later turns stay as they were played.
    """
    lags: list[int] = []
    effects: list[float] = []
    episodes: list[str] = []
    for error in maps:
        for earlier in error.effects:
            if earlier.erred == erred and math.isfinite(earlier.effect):
                lags.append(error.turn - earlier.turn)
                effects.append(earlier.effect)
                episodes.append(error.episode_id)
    if not lags:
        return []
    bins = turn_bins(max(lags), _MOST_BINS)
    order = bin_of(np.array(lags), bins)
    _, cluster = np.unique(episodes, return_inverse=True)
    filled = sorted(set(order.tolist()))
    together = 1 - (1 - LEVEL) / len(filled)
    points = []
    for index in filled:
        inside = order == index
        own = cluster[inside]
        sums, counts = (
            np.bincount(own, weights, int(cluster.max()) + 1).astype(float)
            for weights in (np.array(effects)[inside], np.ones(len(own)))
        )
        kept = counts > 0
        whole = spread(np.column_stack([sums[kept], counts[kept]]), _mean, None, equal_episodes(counts[kept]))
        interval, band = whole.interval(), whole.interval(together)
        at: dict[str, Json] = {
            "lag": bins[index].at()["turn"],
            "first_lag": bins[index].first,
            "last_lag": bins[index].last,
            "earlier_turn": "error" if erred else "right",
            "band_low": None if math.isnan(band.low) else band.low,
            "band_high": None if math.isnan(band.high) else band.high,
        }
        points.append(interval.as_estimate(int(kept.sum()), len(own), METHOD, at=at))
    return points


def _mean(totals: Floats) -> Floats:
    return np.asarray(totals[:, 0] / totals[:, 1])
