"""The error rate by novelty: from common positions to those that no engine game and no opening leads to.

Novelty is a heuristic of the position (horizon/domains/chess/novelty.py). Novel positions may also be harder, so the
curve shows an association; a cause needs `fresh` or a shift.
"""

from collections.abc import Mapping

import numpy as np

from horizon.analysis.chart import RATE, Chart, series_along
from horizon.analysis.stats.intervals import Floats, jackknife, share
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

COLUMNS = ("novelty",)
METHOD = "share of a bin's turns, Wilson's interval at the effective number of turns"
SLOPE_METHOD = "least squares of the error on novelty, jackknife over episodes, Student's t"
BINS = 5
NO_EFFECT: Mapping[str, float] = {"novelty_slope": 0.0}


def by_novelty(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the error rate in fifths of the turns by novelty; `novelty` is the mean of a fifth, 0..1.

    All conditions share the edges. Positions of equal novelty stay in one bin, so there may be fewer than five.
    """
    sample = _with_novelty(table, condition)
    if sample is None:
        return []
    pooled = np.concatenate([other.value("novelty") for other in table.samples.values()])
    edges = np.unique(np.nanquantile(pooled, np.arange(1, BINS) / BINS))
    order = np.searchsorted(edges, sample.value("novelty"))
    points = []
    for index in np.unique(order).tolist():
        part = sample.take(order == index)
        at: dict[str, Json] = {
            "condition": condition,
            "novelty": float(part.value("novelty").mean()),
            "first_novelty": float(part.value("novelty").min()),
            "last_novelty": float(part.value("novelty").max()),
        }
        points.append(estimate_mean(table, part, part.is_error.astype(float), share, METHOD, at))
    return points


def slope(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return by how much the error rate rises from novelty 0 to 1 (1 is 100 points); empty if novelty is constant."""
    sample = _with_novelty(table, condition)
    if sample is None or len(np.unique(sample.value("novelty"))) < 2:
        return []
    x, y = sample.value("novelty"), sample.is_error.astype(float)
    columns = (np.ones(sample.n_turns), x, x**2, y, x * y)
    sums = np.column_stack([table.instance_sums(sample.cluster, column) for column in columns])
    interval = jackknife(sums, _slope)
    return [interval.as_estimate(sample.n_episodes, sample.n_turns, SLOPE_METHOD, at={"condition": condition})]


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_by_novelty` and `novelty_slope`, lists over conditions; empty where no novelty was recorded."""
    return {
        "error_by_novelty": [point for condition in table.conditions for point in by_novelty(table, condition)],
        "novelty_slope": [point for condition in table.conditions for point in slope(table, condition)],
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the error rate by novelty."""
    title, axis = "Error rate by novelty", "novelty of the position"
    alt_text = "error rate against the novelty of positions, a heuristic of 0 to 1."
    series = series_along(estimates, "error_by_novelty", axis="novelty")
    return [Chart("error_by_novelty", title, alt_text, axis, RATE, "line", series, rank=40)]


def _with_novelty(table: TurnTable, condition: str) -> Sample | None:
    """Return the turns whose novelty is known, or None if there are none."""
    sample = table.sample(condition)
    if sample is None:
        return None
    is_known = ~np.isnan(sample.value("novelty"))
    return sample.take(is_known) if is_known.any() else None


def _slope(totals: Floats) -> Floats:
    n, x, xx, y, xy = totals.T
    return np.asarray((n * xy - x * y) / (n * xx - x * x))
