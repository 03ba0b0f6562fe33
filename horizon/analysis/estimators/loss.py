"""The mean loss per turn, overall and in bins of turns: how bad replies are, where the error rate only counts them."""

import numpy as np

from horizon.analysis.stats.intervals import Floats, Floor, Interval, missing, ratio
from horizon.analysis.turn_bins import estimate_bins, estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate

METHOD = "mean loss over graded turns, jackknife over episodes, Student's t with Hall's lean"
_RANGE = Floor(0.0, 1.0)


def estimate(table: TurnTable, condition: str = "natural") -> Estimate:
    """Return the mean loss of a condition's graded turns, in 0..1."""
    at = {"condition": condition}
    graded = _graded_turns(table, condition)
    if graded is None or not graded.n_turns:
        return missing(f"no turn of condition {condition} was graded with a loss", METHOD, at)
    return estimate_mean(table, graded, graded.loss, _within, METHOD, at)


def by_turn(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the mean loss of each bin over its graded turns, in 0..1; none where nothing was graded."""
    graded = _graded_turns(table, condition)
    if graded is None:
        return []
    return estimate_bins(table, graded, graded.loss, _within, METHOD, {"condition": condition})


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `mean_loss` (natural), `mean_loss_by_condition`, and `loss_by_turn` over conditions and bins."""
    return {
        "mean_loss": estimate(table),
        "mean_loss_by_condition": [estimate(table, condition) for condition in table.conditions],
        "loss_by_turn": [point for condition in table.conditions for point in by_turn(table, condition)],
    }


def _within(sums: Floats, counts: Floats) -> Interval:
    """Return the ratio with its interval cut to 0..1, the range of a loss."""
    return ratio(sums, counts, is_skewed=True, floor=_RANGE)


def _graded_turns(table: TurnTable, condition: str) -> Sample | None:
    sample = table.sample(condition)
    return None if sample is None else sample.take(~np.isnan(sample.loss))
