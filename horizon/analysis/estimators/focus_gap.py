"""The focus gap: on the same states, how much more often the model errs with its history than without.

The gap is the sum of two parts, which `foreign` separates: practice with the format (foreign - fresh, below 0 if it
helps) and the loss of focus on the model's own trajectory (natural - foreign).
"""

from collections.abc import Mapping

import numpy as np

from horizon.analysis.chart import Chart, named_series, series_along, single_of
from horizon.analysis.condition_contrast import contrast, contrast_by_turn, contrast_labels, differences
from horizon.analysis.stats.intervals import Floats, Floor, jackknife, missing
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates

SLOPE_METHOD = "least squares of the paired difference on log2 of the turn, jackknife over episodes, Student's t"
NO_EFFECT: Mapping[str, float] = dict.fromkeys(
    ("focus_gap", "focus_gap_by_turn", "focus_gap_slope", "practice", "focus_loss", "focus_loss_slope"),
    0.0,
)


def estimate(table: TurnTable) -> Estimate:
    """Return the error rate of natural minus fresh, in -1..1, over the states that both posed."""
    return contrast(table, "natural", "fresh")


def slope(table: TurnTable, minuend: str = "natural", subtrahend: str = "fresh") -> Estimate:
    """Return by how much the gap grows with each doubling of turns, in points of error rate (1 is 100 points)."""
    at = contrast_labels(minuend, subtrahend)
    pairs = differences(table, minuend, subtrahend)
    if isinstance(pairs, Estimate):
        return pairs
    sample, gaps = pairs
    if len(np.unique(sample.turn)) < 2:
        return missing("one turn alone has no slope", SLOPE_METHOD, at)
    doublings = np.log2(sample.turn.astype(float))
    columns = (np.ones(sample.n_turns), doublings, doublings**2, gaps, doublings * gaps)
    sums = np.column_stack([table.instance_sums(sample.cluster, column) for column in columns])
    ends = (float(doublings.min()), float(doublings.max()))
    # The steepest possible slope: a gap of -1 at one end and 1 at the other.
    steepest = 2 / (ends[1] - ends[0])
    floor = Floor(-steepest, steepest, tuple((1.0, x, x**2, sign, sign * x) for x in ends for sign in (1.0, -1.0)))
    return jackknife(sums, _slope, floor=floor).as_estimate(sample.n_episodes, sample.n_turns, SLOPE_METHOD, at=at)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `focus_gap` (natural - fresh), `focus_gap_by_turn`, `focus_gap_slope`, and its parts.

    The parts are `practice` (foreign - fresh) and `focus_loss` (natural - foreign), over the states of all three.
    """
    return {
        "focus_gap": estimate(table),
        "focus_gap_by_turn": contrast_by_turn(table, "natural", "fresh"),
        "focus_gap_slope": slope(table),
        "practice": contrast(table, "foreign", "fresh", "natural"),
        "focus_loss": contrast(table, "natural", "foreign", *(("fresh",) if "fresh" in table.samples else ())),
        "focus_loss_slope": slope(table, "natural", "foreign"),
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the focus gap by turn, and the gap with its two parts."""
    by_turn = series_along(estimates, "focus_gap_by_turn", by="contrast")
    parts = {key.replace("_", " "): single_of(estimates, key) for key in ("focus_gap", "practice", "focus_loss")}
    known = {name: part for name, part in parts.items() if part is not None}
    alt_text = ", ".join(f"{name} {100 * (part.estimate or 0.0):+.0f} points" for name, part in known.items()) + "."
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
            alt_text,
            "",
            "difference of error rates",
            "dot",
            named_series(tuple(known.values()), names),
            rank=80,
        ),
    ]


def _slope(totals: Floats) -> Floats:
    n, x, xx, y, xy = totals.T
    return np.asarray((n * xy - x * y) / (n * xx - x * x))
