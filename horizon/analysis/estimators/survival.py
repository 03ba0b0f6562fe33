"""How long an episode stays free of error: the horizon lengths H50 and H80, the Kaplan-Meier curve, the trend.

H50 and H80 count the episodes that have erred; an episode that ended otherwise (solved) never errs. The Kaplan-Meier
curve treats every other ending as uninformative censoring. Natural turns, or fresh ones if there are no natural ones.
"""

import math
from collections.abc import Mapping

import numpy as np

from horizon.analysis.chart import Chart, series_along, single_of
from horizon.analysis.first_events import first_events
from horizon.analysis.played_line import NOT_PLAYED, played_line, with_assumption
from horizon.analysis.stats.distributions import t_tail
from horizon.analysis.stats.intervals import missing
from horizon.analysis.stats.logistic import fit
from horizon.analysis.stats.shares import modified_wilson
from horizon.analysis.survival_curve import Curve, curve, curve_points, free_of_error, horizon, turns_shown
from horizon.analysis.turn_table import Ints, Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates

METHOD = (
    "Kaplan-Meier, Wilson's interval at the effective number of episodes; assumes that episodes which end otherwise "
    "(solved, lost, cut off) would have erred as the others do"
)
FIRST_TURN_METHOD = "share of episodes without an error at turn 1, Wilson's interval"
HORIZON_METHOD = (
    "first turn by which this share of all episodes has erred, other endings (solved, lost) counted as free of error: "
    "Aalen-Johansen, interval inverted from its own (Brookmeyer-Crowley); whole turns: over 95 %"
)
HAZARD_METHOD = "share of first errors among episodes still free of error, Wilson's interval"
TREND_METHOD = "log-odds of a first error per doubling of turns, Firth's logistic, jackknife over episodes"
NO_EFFECT: Mapping[str, float] = {"fading_hazard": 0.0}


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `h50`, `h80`, `h50_net`, `h80_net`, `s1`, `survival` and `hazard` (by turn, at most 60), `fading_hazard`.

    `h50` and `h80` rest on all episodes; the `net` ones, and `survival`, estimate when episodes would err if none
    ended otherwise. They differ only if episodes end early without an error.
    """
    line = played_line(table)
    if line is None:
        empty = missing(NOT_PLAYED, HORIZON_METHOD)
        singles = ("h50", "h80", "h50_net", "h80_net", "s1", "fading_hazard")
        return {**dict.fromkeys(singles, empty), "survival": [], "hazard": []}
    sample = line.sample
    first = first_events(table, sample)
    last, erred = first.last, first.has_erred.astype(float)
    net, counts = curve(last, erred, first.instance), (first.n_episodes, first.n_turns)
    free = free_of_error(first)
    at_start = Estimate(
        float(free.share[0]), float(free.low[0]), float(free.high[0]), counts[0], counts[0], FIRST_TURN_METHOD
    )
    points: dict[str, Estimate | list[Estimate]] = {
        "h50": horizon(free, 0.5, *counts, method=HORIZON_METHOD, longest=first.longest),
        "h80": horizon(free, 0.8, *counts, method=HORIZON_METHOD, longest=first.longest),
        "h50_net": horizon(net, 0.5, *counts, longest=first.longest),
        "h80_net": horizon(net, 0.8, *counts, longest=first.longest),
        "s1": at_start,
        "survival": curve_points(net, counts[1], METHOD),
        "hazard": _hazards(net, counts[1]),
        "fading_hazard": _trend(table, sample, last),
    }
    return line.mark(points)


def charts(estimates: Estimates) -> list[Chart]:
    """Return the survival curve, with H50 where half of the episodes have erred."""
    h50 = single_of(estimates, "h50")
    alt_text = f"half of the episodes have erred after {h50.estimate:.0f} turns." if h50 else "see the tables."
    mark = (h50.estimate, f"H50 = {h50.estimate:.0f}") if h50 and h50.estimate is not None else None
    chart = Chart(
        "survival",
        "Survival without an error",
        alt_text,
        "turn",
        "share of episodes free of error, if none ended otherwise",
        "step",
        series_along(estimates, "survival"),
        mark,
        rank=70,
    )
    return [with_assumption(chart, estimates, "survival")]


def _hazards(net: Curve, n_turns: int) -> list[Estimate]:
    """Return the share of first errors among the episodes still free of error before each turn."""
    points = []
    for place in turns_shown(net.at_risk):
        at_risk, errors = int(net.at_risk[place]), int(net.errors[place])
        low, high = modified_wilson(errors / at_risk, at_risk)
        at = {"turn": place + 1}
        points.append(Estimate(errors / at_risk, float(low), float(high), at_risk, n_turns, HAZARD_METHOD, at=at))
    return points


def _trend(table: TurnTable, sample: Sample, last_turn: Ints) -> Estimate:
    """Return how the hazard of the first error changes with turns: above 0 it rises, 0 is a constant hazard.

    `at` holds `p_constant`, the two-sided p value of a constant hazard. `last_turn` is each episode's turn of first
    error, or its last turn.
    """
    cluster, turn, is_error = sample.cluster, sample.turn, sample.is_error
    codes, place = np.unique(cluster, return_inverse=True)
    kept = turn <= last_turn[place]
    n_turns, n_episodes = int(kept.sum()), len(codes)
    outcome = is_error[kept].astype(float)
    if n_episodes < 3 or len(np.unique(turn[kept])) < 2 or not outcome.any():
        return missing("too few episodes, turns or first errors to estimate a trend", TREND_METHOD)
    design = np.column_stack([np.ones(n_turns), np.log2(turn[kept])])
    fitted = fit(design, outcome, table.instance[cluster[kept]])
    if fitted is None:
        return missing("the likelihood has no maximum here", TREND_METHOD)
    slope = fitted.interval(1)
    if not math.isfinite(slope.error):
        return missing("too few episodes", TREND_METHOD)
    at = {"p_constant": 2 * t_tail(abs(slope.estimate) / slope.error, n_episodes - 1)}
    return slope.as_estimate(n_episodes, n_turns, TREND_METHOD, at=at)
