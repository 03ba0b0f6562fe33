"""Horizon lengths from a two-parameter curve, which also gives levels such as 95 % and lengths beyond the episodes.

Two families, to complement the counted H50: Weibull, and METR's logistic in log2 of the length. Each reports its fit
and where it leaves the Kaplan-Meier curve. Natural turns, or fresh ones if there are no natural ones.
"""

import math

import numpy as np

from horizon.analysis.chart import Chart, Series, series_along
from horizon.analysis.first_events import FirstEvents, first_events
from horizon.analysis.played_line import played_line, with_assumption
from horizon.analysis.stats.intervals import missing
from horizon.analysis.stats.log_turn_survival import FAMILIES, SurvivalFit, fit_survival
from horizon.analysis.survival_curve import Curve, curve, turns_shown
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

LEVELS = (0.5, 0.8, 0.95)
METHOD = (
    "turns after which this share of episodes is still free of error, maximum likelihood with Jeffreys' prior, "
    "Fieller's interval between episodes; assumes the curve's form, and that episodes which end otherwise would have "
    "erred alike"
)
MISFIT = 0.05
"""A p value of the fit below this is reported as a misfit."""
FARTHEST = 16.0
"""A horizon beyond this many times the longest episode is too far an extrapolation to be reported."""


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `parametric_horizon`, over families and the levels 50, 80 and 95 %, and `parametric_survival` by turn.

    `at` of a horizon holds `p_fit`, and `parts_at`: the turns at which the fitted curve lies outside the interval of
    the Kaplan-Meier curve.

    Source: Kwa et al. (2025), Measuring AI ability to complete long tasks, arXiv 2503.14499 (METR: the log odds of
    success, linear in log2 of the length; horizons at 50 and 80 %). There lengths are human minutes, here turns.
    """
    line = played_line(table)
    if line is None:
        return {"parametric_horizon": [], "parametric_survival": []}
    first = first_events(table, line.sample)
    counted = curve(first.last, first.has_erred.astype(float), first.instance)
    horizons: list[Estimate] = []
    curves: list[Estimate] = []
    for family in FAMILIES:
        fitted = fit_survival(family, first.last, first.has_erred, first.instance)
        if fitted is None:
            at: dict[str, Json] = {"family": family}
            horizons.append(missing("fewer than 2 errors, or one turn alone: no curve can be fitted", METHOD, at))
            continue
        outside = _outside(fitted, counted)
        horizons += [_horizon(fitted, level, first, outside) for level in LEVELS]
        curves += _curve(fitted, first, counted)
    return line.mark({"parametric_horizon": horizons, "parametric_survival": curves})


def charts(estimates: Estimates) -> list[Chart]:
    """Return the fitted curves over the Kaplan-Meier curve."""
    fitted = series_along(estimates, "parametric_survival", by="family")
    counted = [Series("Kaplan-Meier", line.places, line.points) for line in series_along(estimates, "survival")]
    if not fitted:
        return []
    points = estimates.get("parametric_horizon")
    notes = dict.fromkeys(
        f"{point.at['family']}: {point.at['fit']}"
        for point in (points if isinstance(points, list) else ())
        if "fit" in point.at
    )
    alt_text = f"counted and fitted share of episodes free of error; {'; '.join(notes)}."
    axis = "share of episodes free of error, if none ended otherwise"
    series = (*counted, *fitted)
    chart = Chart("parametric_survival", "Survival, fitted", alt_text, "turn", axis, "line", series, rank=73)
    return [with_assumption(chart, estimates, "parametric_survival")]


def _horizon(fitted: SurvivalFit, level: float, first: FirstEvents, outside: list[int]) -> Estimate:
    interval = fitted.horizon(level)
    fit = _fit_words(fitted.p_fit)
    at: dict[str, Json] = {"family": fitted.family, "level": level, "p_fit": fitted.p_fit, "fit": fit}
    at["parts_at"] = ", ".join(map(str, outside)) or "nowhere"
    note = [fit]
    if outside:
        note.append(f"leaves the Kaplan-Meier interval at turn {at['parts_at']}")
    farthest = FARTHEST * first.longest
    estimate: float | None = interval.estimate
    if interval.estimate > farthest:
        note.append(f"beyond {farthest:.0f} turns, {FARTHEST:.0f} times the longest episode: no figure")
        estimate = None
    elif interval.estimate > first.longest:
        note.append(f"extrapolated beyond the longest episode of {first.longest} turns")
    high = None if math.isinf(interval.high) or interval.high > farthest else interval.high
    low = min(interval.low, farthest)
    method = f"{METHOD}; {FAMILIES[fitted.family]}"
    return Estimate(estimate, low, high, first.n_episodes, first.n_turns, method, "; ".join(note), at)


def _fit_words(p_fit: float | None) -> str:
    if p_fit is None:
        return "too few errors to test the fit"
    return f"does not fit (p = {p_fit:.2g})" if p_fit < MISFIT else f"no misfit seen (p = {p_fit:.2g})"


def _outside(fitted: SurvivalFit, counted: Curve) -> list[int]:
    places = turns_shown(counted.at_risk)
    share = fitted.share(np.array(places) + 1.0)
    return [
        place + 1
        for place, value in zip(places, share, strict=True)
        if not counted.low[place] - 1e-9 <= value <= counted.high[place] + 1e-9
    ]


def _curve(fitted: SurvivalFit, first: FirstEvents, counted: Curve) -> list[Estimate]:
    turns = np.array(turns_shown(counted.at_risk)) + 1.0
    share, (low, high) = fitted.share(turns), fitted.band(turns)
    method = f"fitted share of episodes free of error; {FAMILIES[fitted.family]}"
    return [
        Estimate(
            float(share[place]),
            float(low[place]),
            float(high[place]),
            first.n_episodes,
            first.n_turns,
            method,
            at={"family": fitted.family, "turn": int(turn)},
        )
        for place, turn in enumerate(turns)
    ]
