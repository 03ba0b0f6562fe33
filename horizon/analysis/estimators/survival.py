"""How long an episode stays free of error: the Kaplan-Meier curve, the horizon lengths H50 and H80, the trend.

Episodes that end without an error are censored at their last turn. Natural turns only.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from horizon.analysis.chart import Chart, series_along, single_of
from horizon.analysis.stats.intervals import missing
from horizon.analysis.stats.logistic import fit
from horizon.analysis.stats.shares import modified_wilson
from horizon.analysis.turn_table import Flags, Floats, Ints, Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates

METHOD = "Kaplan-Meier, Wilson's interval at the effective number of episodes; 91 to 98 % with under 10 episodes"
HORIZON_METHOD = (
    "first turn at which Kaplan-Meier is at or below the level, Brookmeyer-Crowley; whole turns: over 95 %"
)
HAZARD_METHOD = "share of first errors among episodes still free of error, Wilson's interval"
TREND_METHOD = "log-odds of a first error per doubling of turns, Firth's logistic, jackknife over episodes"
NO_EFFECT: Mapping[str, float] = {"fading_hazard": 0.0}


@dataclass(frozen=True, slots=True)
class Curve:
    """At each turn from 1: episodes at risk, first errors, and the share still free of error after it with bounds."""

    at_risk: Ints
    errors: Ints
    share: Floats
    low: Floats
    high: Floats


def curve(last_turn: Ints, has_erred: Floats) -> Curve:
    """Return the survival curve of episodes whose first error, or else last turn, is `last_turn`; shape (episodes,).

    Source: Kaplan & Meier (1958), JASA 53; the variance is Greenwood's (1926); the interval is Wilson's at the number
    of uncensored episodes that would have this variance, Rothman (1978), Estimation of confidence limits for the
    cumulative probability of survival in life table analysis, J. Chronic Diseases 31, 557-560. Unlike the log-log
    interval it has a width before the first error: coverage at 8 episodes is 95 % and not 62 %.
    """
    size = int(last_turn.max())
    ended = np.bincount(last_turn, minlength=size + 1)[1:]
    errors = np.bincount(last_turn, weights=has_erred, minlength=size + 1)[1:].astype(np.int64)
    at_risk = len(last_turn) - np.concatenate([[0], np.cumsum(ended)[:-1]])
    share = np.cumprod(1 - errors / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(errors / (at_risk * (at_risk - errors)))
        effective = (1 - share) / (share * greenwood)
    # Before the first error and after the last survivor there is no variance to go by: those at risk are counted.
    known = np.isfinite(effective) & (share > 0) & (share < 1)
    effective = np.where(known, effective, at_risk)
    low, high = modified_wilson(share, effective)
    return Curve(at_risk, errors, share, low, high)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `h50`, `h80`, `survival` and `hazard` (a point a turn, at most 60), and `fading_hazard`."""
    sample = table.sample("natural")
    if sample is None or not sample.n_turns:
        empty = missing("condition natural was not played", HORIZON_METHOD)
        return {"h50": empty, "h80": empty, "survival": [], "hazard": [], "fading_hazard": empty}
    last, erred = first_errors(sample.cluster, sample.turn, sample.is_error)
    found = curve(last, erred)
    counts = (len(last), int(last.sum()))
    points = [
        Estimate(
            float(found.share[place]),
            float(found.low[place]),
            float(found.high[place]),
            int(found.at_risk[place]),
            counts[1],
            METHOD,
            at={"turn": place + 1},
        )
        for place in _places(found)
    ]
    return {
        "h50": horizon(found, 0.5, *counts),
        "h80": horizon(found, 0.8, *counts),
        "survival": points,
        "hazard": _hazards(found, counts[1]),
        "fading_hazard": _trend(table, sample, last),
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the survival curve, with H50 where half of the episodes have erred."""
    h50 = single_of(estimates, "h50")
    said = f"half of the episodes have erred after {h50.estimate:.0f} turns." if h50 else "see the tables."
    mark = (h50.estimate, f"H50 = {h50.estimate:.0f}") if h50 and h50.estimate is not None else None
    return [
        Chart(
            "survival",
            "Survival without an error",
            said,
            "turn",
            "share of episodes free of error",
            "step",
            series_along(estimates, "survival"),
            mark,
            rank=70,
        )
    ]


def horizon(found: Curve, level: float, n_episodes: int, n_turns: int) -> Estimate:
    """Return after how many turns only a share of `level` of the episodes is still free of error.

    Source: Brookmeyer & Crowley (1982), A confidence interval for the median survival time, Biometrics 38.
    """
    at, low, high = (_first_below(each, level) for each in (found.share, found.low, found.high))
    longest = len(found.share)
    note = None
    if at is None:
        note = f"beyond the longest run of {longest} turns"
    elif high is None:
        note = f"the interval reaches beyond the longest run of {longest} turns"
    return Estimate(at, low if low is not None else float(longest), high, n_episodes, n_turns, HORIZON_METHOD, note)


def _hazards(found: Curve, n_turns: int) -> list[Estimate]:
    """Return the share of first errors among the episodes still free of error before each turn."""
    points = []
    for place in _places(found):
        at_risk, errors = int(found.at_risk[place]), int(found.errors[place])
        low, high = modified_wilson(errors / at_risk, at_risk)
        at = {"turn": place + 1}
        points.append(Estimate(errors / at_risk, float(low), float(high), at_risk, n_turns, HAZARD_METHOD, at=at))
    return points


def _places(found: Curve) -> list[int]:
    """Return the turns that are told, counted from 0: all, or 60 of them, as far as an episode is at risk."""
    last = int(np.flatnonzero(found.at_risk > 0)[-1])
    return [int(each) for each in np.unique(np.linspace(0, last, 60).astype(int))]


def _first_below(share: Floats, level: float) -> float | None:
    below = np.flatnonzero(share <= level + 1e-12)
    return float(below[0] + 1) if len(below) else None


def first_errors(cluster: Ints, turn: Ints, is_error: Flags) -> tuple[Ints, Floats]:
    """Return each episode's turn of first error, or its last turn, and whether it erred; rows come in order."""
    codes = np.unique(cluster)
    place = np.searchsorted(codes, cluster)
    last = np.zeros(len(codes), dtype=np.int64)
    np.maximum.at(last, place, turn)
    first = np.full(len(codes), np.iinfo(np.int64).max)
    np.minimum.at(first, place[is_error], turn[is_error])
    erred = first <= last
    return np.where(erred, first, last), erred.astype(float)


def _trend(table: TurnTable, sample: Sample, last_turn: Ints) -> Estimate:
    """Return how the hazard of the first error changes with turns: above 0 the model fades, 0 is a constant hazard.

    `at` holds `p_constant`, the two-sided p value of a constant hazard. `last_turn` is each episode's turn of first
    error, or its last turn.
    """
    cluster, turn, is_error = sample.cluster, sample.turn, sample.is_error
    codes, place = np.unique(cluster, return_inverse=True)
    kept = turn <= last_turn[place]
    n_turns, n_episodes = int(kept.sum()), len(codes)
    outcome = is_error[kept].astype(float)
    if n_episodes < 3 or len(np.unique(turn[kept])) < 2 or not outcome.any():
        return missing("too few episodes, turns or first errors to tell a trend", TREND_METHOD)
    design = np.column_stack([np.ones(n_turns), np.log2(turn[kept])])
    fitted = fit(design, outcome, table.instance[cluster[kept]])
    if fitted is None:
        return missing("the likelihood has no maximum here", TREND_METHOD)
    found = fitted.interval(1)
    if not math.isfinite(found.error):
        return missing("too few episodes", TREND_METHOD)
    at = {"p_constant": float(2 * stats.t.sf(abs(found.estimate) / found.error, n_episodes - 1))}
    return found.as_estimate(n_episodes, n_turns, TREND_METHOD, at=at)
