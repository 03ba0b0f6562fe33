"""The error rate in bins of context tokens, for each condition: length in tokens instead of turns."""

import numpy as np

from horizon.analysis.chart import RATE, Chart, series_along
from horizon.analysis.stats.intervals import share
from horizon.analysis.turn_bins import bin_of, estimate_mean, turn_bins
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates

METHOD = "share of a bin's turns, Wilson's interval at the effective number of turns"


def estimate(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the error rate in each non-empty bin of context tokens, in 0..1; all conditions share the bins."""
    sample = table.sample(condition)
    counted = None if sample is None else sample.take(~np.isnan(sample.context_tokens))
    if counted is None or not counted.n_turns:
        return []
    most = max(float(np.nanmax(other.context_tokens, initial=1)) for other in table.samples.values())
    bins = turn_bins(max(1, int(np.ceil(most))))
    order = bin_of(np.maximum(counted.context_tokens, 1).astype(np.int64), bins)
    points = []
    for index in np.unique(order).tolist():
        part = counted.take(order == index)
        at = {
            "condition": condition,
            "context_tokens": bins[index].centre,
            "first_token": bins[index].first,
            "last_token": bins[index].last,
        }
        points.append(estimate_mean(table, part, part.is_error.astype(float), share, METHOD, at))
    return points


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_by_tokens`, a list over conditions and bins; empty where tokens were not counted."""
    return {"error_by_tokens": [point for condition in table.conditions for point in estimate(table, condition)]}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the error rate by context tokens."""
    alt_text = "error rate against the tokens of the context that the model was shown."
    series = series_along(estimates, "error_by_tokens", axis="context_tokens")
    return [
        Chart("error_by_tokens", "Error rate by context", alt_text, "context tokens", RATE, "line", series, rank=30)
    ]
