"""The share of episodes still free of error by turn, and the turn at which it falls to a level.

Kaplan-Meier (other endings are censoring) or Aalen-Johansen (they compete). Knows first events, no estimator.
"""

from dataclasses import dataclass

import numpy as np

from horizon.analysis.first_events import FirstEvents
from horizon.analysis.stats.competing_risks import cumulative_incidence
from horizon.analysis.turn_table import Floats, Ints
from horizon.core.estimator import Estimate

NET_METHOD = (
    "first turn at which Kaplan-Meier is at or below the level, Brookmeyer-Crowley; assumes that episodes which end "
    "otherwise (solved, lost, cut off) would have erred as the others do"
)


@dataclass(frozen=True, slots=True)
class Curve:
    """At each turn from 1: episodes at risk, first errors, and the share still free of error after it with bounds."""

    at_risk: Ints
    errors: Ints
    share: Floats
    low: Floats
    high: Floats


def curve(last_turn: Ints, has_erred: Floats, instance: Ints | None = None) -> Curve:
    """Return the survival curve of episodes whose first error, or else last turn, is `last_turn`; shape (episodes,).

    Episodes of one `instance` are one cluster; without it each is its own.

    Source: Kaplan & Meier (1958), JASA 53; the variance is Greenwood's (1926); the interval is Wilson's at the number
    of uncensored episodes that would have this variance, Rothman (1978), Estimation of confidence limits for the
    cumulative probability of survival in life table analysis, J. Chronic Diseases 31, 557-560. Unlike the log-log
    interval it has a width before the first error; with 8 episodes its coverage is 95 %, not 62 %.
    """
    return _free_of(last_turn, (has_erred > 0).astype(np.int64), 1, instance)


def free_of_error(first: FirstEvents) -> Curve:
    """Return the share of all episodes that have not erred by each turn; those that ended otherwise never err."""
    return _free_of(first.last, first.any_error(), 2, first.instance)


def horizon(
    curve: Curve,
    level: float,
    n_episodes: int,
    n_turns: int,
    *,
    method: str = NET_METHOD,
    longest: int | None = None,
) -> Estimate:
    """Return after how many turns only a share of `level` of the episodes is still free of error.

    `longest` is the longest episode in turns, if it is longer than the curve.

    Source: Brookmeyer & Crowley (1982), A confidence interval for the median survival time, Biometrics 38.
    """
    at, low, high = (_first_below(line, level) for line in (curve.share, curve.low, curve.high))
    last = len(curve.share)
    longest = max(longest or 0, last)
    note = None
    if at is None:
        by_end = 1 - float(curve.share[-1])
        note = f"not within the longest episode of {longest} turns: {by_end:.0%} of the episodes have erred by then"
    elif high is None:
        note = f"the interval has no upper end within the longest episode of {longest} turns"
    return Estimate(at, low if low is not None else float(last), high, n_episodes, n_turns, method, note)


def curve_points(curve: Curve, n_turns: int, method: str) -> list[Estimate]:
    """Return the share still free of error at each reported turn; `n_episodes` counts the episodes at risk."""
    return [
        Estimate(
            float(curve.share[place]),
            float(curve.low[place]),
            float(curve.high[place]),
            int(curve.at_risk[place]),
            n_turns,
            method,
            at={"turn": place + 1},
        )
        for place in turns_shown(curve.at_risk)
    ]


def turns_shown(at_risk: Ints) -> list[int]:
    """Return the reported turns, counted from 0: all turns with an episode at risk, or 60 of them."""
    last = int(np.flatnonzero(at_risk > 0)[-1])
    return [int(place) for place in np.unique(np.linspace(0, last, 60).astype(int))]


def _free_of(last: Ints, event: Ints, n_kinds: int, instance: Ints | None) -> Curve:
    """Return the curve of the share of episodes without an event of kind 1, by Aalen-Johansen."""
    whole = cumulative_incidence(last, event, n_kinds, np.arange(len(last)) if instance is None else instance)
    return Curve(whole.at_risk, whole.events[0], 1 - whole.share[0], 1 - whole.high[0], 1 - whole.low[0])


def _first_below(share: Floats, level: float) -> float | None:
    below = np.flatnonzero(share <= level + 1e-12)
    return float(below[0] + 1) if len(below) else None
