"""The estimator `error_by_stones`: the error rate by the number of stones that are left in a game of Nim."""

import numpy as np

from horizon.analysis.chart import RATE, Chart, series_along
from horizon.analysis.stats.intervals import share
from horizon.analysis.turn_bins import bin_of, estimate_mean, turn_bins
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates

COLUMNS = ("stones",)
"""The number that `Nim.judge` records in the `extra` of every row."""

METHOD = "share of a bin's turns, Wilson's interval at the effective number of turns"


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_by_stones`, a list over conditions and bins of stones; empty where nothing was Nim."""
    points: list[Estimate] = []
    for condition in table.conditions:
        sample = table.samples[condition]
        sample = sample.take(sample.value("stones") >= 1)
        if not sample.n_turns:
            continue
        stones = sample.value("stones").astype(np.int64)
        bins = turn_bins(int(stones.max()))
        order = bin_of(stones, bins)
        for index in np.unique(order).tolist():
            part = sample.take(order == index)
            at = {"condition": condition, "stones": bins[index].centre}
            points.append(estimate_mean(table, part, part.is_error.astype(float), share, METHOD, at))
    return {"error_by_stones": points}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the error rate by stones left, right after the smoothed curve of the error rate by turn."""
    series = series_along(estimates, "error_by_stones", axis="stones")
    alt_text = "error rate against the stones left in all heaps."
    title = "Error rate by stones left"
    return [Chart("error_by_stones", title, alt_text, "stones left", RATE, "line", series, rank=25)]
