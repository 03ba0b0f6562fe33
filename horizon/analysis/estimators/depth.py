"""The error rate of puzzles by depth of the solution: the number of solver's moves left, including this one."""

import numpy as np

from horizon.analysis.chart import RATE, Chart, series_along
from horizon.analysis.stats.intervals import share
from horizon.analysis.turn_bins import bin_of, estimate_mean, turn_bins
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates

COLUMNS = ("depth",)
METHOD = "share of a depth's turns, Wilson's interval at the effective number of turns"


def estimate(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the error rate at each depth; large depths share bins, which are the same for all conditions."""
    sample = table.sample(condition)
    if sample is None or np.isnan(sample.value("depth")).all():
        return []
    sample = sample.take(sample.value("depth") >= 1)
    deepest = max(float(np.nanmax(other.value("depth"), initial=1)) for other in table.samples.values())
    bins = turn_bins(int(deepest))
    order = bin_of(sample.value("depth").astype(np.int64), bins)
    points = []
    for index in np.unique(order).tolist():
        part, depths = sample.take(order == index), bins[index]
        at = {
            "condition": condition,
            "depth": depths.centre,
            "first_depth": depths.first,
            "last_depth": depths.last,
        }
        points.append(estimate_mean(table, part, part.is_error.astype(float), share, METHOD, at))
    return points


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_by_depth`, a list over conditions and depths; empty where nothing was a puzzle."""
    return {"error_by_depth": [point for condition in table.conditions for point in estimate(table, condition)]}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the error rate by depth."""
    title, axis = "Error rate by depth of the solution", "solver's moves left"
    alt_text = "error rate against the solver's moves left, including the current one."
    series = series_along(estimates, "error_by_depth", axis="depth")
    return [Chart("error_by_depth", title, alt_text, axis, RATE, "line", series, rank=50)]
