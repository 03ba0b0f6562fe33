"""The focus gap: on the same states, how much more often the model errs with its history than without.

The net of two things that are told apart where `foreign` was played: practice with the format (foreign - fresh,
below 0 where it helps) and the loss of focus on its own trajectory (natural - foreign). The parts sum to the gap.
"""

import numpy as np

from horizon.analysis.chart import Chart, named_series, series_along, single_of
from horizon.analysis.stats.bootstrap import episode_sums
from horizon.analysis.stats.intervals import Floats, jackknife, missing, ratio
from horizon.analysis.turn_bins import estimate_bins, estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable, error_differences
from horizon.core.estimator import Estimate, Estimates

METHOD = "paired difference of error rates on the same states, jackknife over episodes, Student's t"
SLOPE_METHOD = "least squares of the paired difference on log2 of the turn, jackknife over episodes, Student's t"


def estimate(table: TurnTable, minuend: str = "natural", subtrahend: str = "fresh", *also: str) -> Estimate:
    """Return the error rate of one condition minus another's, in -1..1, over the states that all named posed."""
    found = _differences(table, minuend, subtrahend, *also)
    if isinstance(found, Estimate):
        return found
    return estimate_mean(table, *found, ratio, METHOD, {"contrast": f"{minuend} - {subtrahend}"})


def by_turn(table: TurnTable, minuend: str = "natural", subtrahend: str = "fresh") -> list[Estimate]:
    """Return the gap in each bin of turns that holds a state of both conditions."""
    found = _differences(table, minuend, subtrahend)
    if isinstance(found, Estimate):
        return []
    return estimate_bins(table, *found, ratio, METHOD, {"contrast": f"{minuend} - {subtrahend}"})


def slope(table: TurnTable, minuend: str = "natural", subtrahend: str = "fresh") -> Estimate:
    """Return by how much the gap grows with each doubling of turns, in points of error rate (1 is 100 points)."""
    at = {"contrast": f"{minuend} - {subtrahend}"}
    found = _differences(table, minuend, subtrahend)
    if isinstance(found, Estimate):
        return found
    sample, differences = found
    if len(np.unique(sample.turn)) < 2:
        return missing("one turn alone has no slope", SLOPE_METHOD, at)
    doublings = np.log2(sample.turn.astype(float))
    columns = (np.ones(sample.n_turns), doublings, doublings**2, differences, doublings * differences)
    sums = np.column_stack([episode_sums(sample.cluster, each, table.n_episodes) for each in columns])
    return jackknife(sums, _slope).as_estimate(sample.n_episodes, sample.n_turns, SLOPE_METHOD, at=at)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `focus_gap` (natural - fresh), `focus_gap_by_turn`, `focus_gap_slope`, and its parts.

    The parts are `practice` (foreign - fresh) and `focus_loss` (natural - foreign), over the states of all three.
    """
    return {
        "focus_gap": estimate(table),
        "focus_gap_by_turn": by_turn(table),
        "focus_gap_slope": slope(table),
        "practice": estimate(table, "foreign", "fresh", "natural"),
        "focus_loss": estimate(table, "natural", "foreign", *(("fresh",) if "fresh" in table.samples else ())),
        "focus_loss_slope": slope(table, "natural", "foreign"),
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the focus gap by turn, and the gap with its two parts."""
    by_turn = series_along(estimates, "focus_gap_by_turn", by="contrast")
    parts = {key.replace("_", " "): single_of(estimates, key) for key in ("focus_gap", "practice", "focus_loss")}
    known = {name: part for name, part in parts.items() if part is not None}
    said = ", ".join(f"{name} {100 * (part.estimate or 0.0):+.0f} points" for name, part in known.items()) + "."
    names = [f"{name} ({part.at['contrast']})" for name, part in known.items()]
    return [
        Chart(
            "focus_gap_by_turn",
            "Focus gap by turn",
            "natural minus fresh on the same states; above 0 the history harms.",
            "turn",
            "natural - fresh",
            "line",
            by_turn,
            rank=60,
        ),
        Chart(
            "causes",
            "Gap and its parts",
            said,
            "",
            "difference of error rates",
            "dot",
            named_series(tuple(known.values()), names),
            rank=80,
        ),
    ]


def _differences(table: TurnTable, minuend: str, subtrahend: str, *also: str) -> tuple[Sample, Floats] | Estimate:
    """Return the states that all conditions posed and the difference of errors at each; or why there is none."""
    at = {"contrast": f"{minuend} - {subtrahend}"}
    named = (minuend, subtrahend, *also)
    for absent in named:
        if absent not in table.samples:
            return missing(f"condition {absent} was not played: add --condition {absent}", METHOD, at)
    one, differences = error_differences(*(table.samples[name] for name in named))
    if not one.n_turns:
        return missing(f"{minuend} and {subtrahend} share no state", METHOD, at)
    return one, differences


def _slope(totals: Floats) -> Floats:
    n, x, xx, y, xy = totals.T
    return np.asarray((n * xy - x * y) / (n * xx - x * x))
