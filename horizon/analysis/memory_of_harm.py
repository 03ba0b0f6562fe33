"""The memory of harm: what one earlier turn does to the right reply, by how many turns ago it was.

From maps of responsible turns (`horizon attribute`), pure. Knows no run and no model.
"""

import math
from collections.abc import Sequence

import numpy as np

from horizon.analysis.banded_means import banded_means
from horizon.analysis.turn_bins import turn_bins
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
    points = []
    for mean in banded_means(np.array(lags), np.array(effects), episodes, bins):
        at: dict[str, Json] = {
            "lag": mean.turns.at()["turn"],
            "first_lag": mean.turns.first,
            "last_lag": mean.turns.last,
            "earlier_turn": "error" if erred else "right",
            **mean.band(),
        }
        points.append(mean.as_estimate(METHOD, at))
    return points
