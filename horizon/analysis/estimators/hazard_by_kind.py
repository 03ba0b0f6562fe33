"""The hazard of a first error by turn, of any kind and of each: among episodes still free of error, who errs now?

In bins of turns, with bands that hold the whole curve at once. Other endings (solved, lost) have a hazard too.
Natural turns only.
"""

from dataclasses import replace

import numpy as np

from horizon.analysis.chart import Chart, Series, series_along
from horizon.analysis.first_events import FirstEvents, first_events
from horizon.analysis.stats.intervals import LEVEL, quantile, ratio
from horizon.analysis.stats.shares import modified_wilson
from horizon.analysis.turn_bins import bin_of, turn_bins
from horizon.analysis.turn_table import Flags, Floats, TurnTable
from horizon.core.estimator import Estimate, Estimates

METHOD = (
    "first events of this kind per turn of episodes without an event yet, Wilson's interval; `band` bounds hold the "
    "whole curve with 95 % (Sidak); assumes that cut-off episodes (turn limit) are like the others"
)
ANY = "any error"


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `hazard_by_kind`, a list over events and bins of turns; `at` holds `band_low` and `band_high`."""
    sample = table.sample("natural")
    if sample is None or not sample.n_turns:
        return {"hazard_by_kind": []}
    first = first_events(table, sample)
    events = {ANY: first.has_erred}
    for place, label in enumerate(first.labels, 1):
        if place > first.n_error_kinds or first.n_error_kinds > 1:
            events[label.replace("_", " ")] = first.event == place
    return {"hazard_by_kind": [point for event, has in events.items() for point in _hazards(first, event, has)]}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the hazards with their simultaneous bands."""
    said = "chance per turn that an episode without an event yet has this one; the bands hold whole curves."
    series = tuple(_banded(line) for line in series_along(estimates, "hazard_by_kind", by="event"))
    return [Chart("hazard_by_kind", "Hazard by kind", said, "turn", "hazard per turn", "line", series, rank=71)]


def _banded(series: Series) -> Series:
    points = tuple(
        replace(point, low=float(str(point.at["band_low"])), high=float(str(point.at["band_high"])))
        for point in series.points
    )
    return Series(series.name, series.places, points)


def _hazards(first: FirstEvents, event: str, has: Flags) -> list[Estimate]:
    """Return the hazard of one event in each bin of turns in which an episode is at risk.

    An episode errs first once, so that the events of a bin are no more alike than independent turns: only episodes
    of one instance are. Where instances are shared the effective number of turns allows for that. Hazards of
    different bins are uncorrelated, so that m bands of level 0.95^(1/m) hold together with 95 %.

    Source: Andersen, Borgan, Gill & Keiding (1993), Statistical models based on counting processes, section IV.1
    (orthogonal increments); Sidak (1967), JASA 62, 626-633.
    """
    bins = turn_bins(int(first.last.max()))
    _, cluster = np.unique(first.instance, return_inverse=True)
    n_clusters = int(cluster.max()) + 1
    is_shared = n_clusters < first.n_episodes
    order = bin_of(first.last, bins)
    together = LEVEL ** (1 / len(bins))
    points = []
    for index, turns in enumerate(bins):
        at_risk = np.clip(first.last - turns.first + 1, 0, turns.last - turns.first + 1).astype(float)
        errs = (has & (order == index)).astype(float)
        sums, totals = (np.bincount(cluster, each, n_clusters).astype(float) for each in (errs, at_risk))
        rate, effective, n_equal = _rate(sums, totals, is_shared)
        low, high = modified_wilson(rate, effective, quantile(n_equal))
        band_low, band_high = modified_wilson(rate, effective, quantile(n_equal, together))
        at = {"event": event, **turns.at(), "band_low": float(band_low), "band_high": float(band_high)}
        n_episodes, n_turns = int((at_risk > 0).sum()), int(at_risk.sum())
        points.append(Estimate(rate, float(low), float(high), n_episodes, n_turns, METHOD, at=at))
    return points


def _rate(errors: Floats, turns: Floats, is_shared: bool) -> tuple[float, float, float | None]:
    """Return the rate, the effective number of turns, and the clusters for Student's quantile (None: normal)."""
    rate, n_turns = float(errors.sum() / turns.sum()), float(turns.sum())
    if not is_shared or rate in (0.0, 1.0):
        return rate, n_turns, None
    error = ratio(errors, turns).error
    independent = rate * (1 - rate) / n_turns
    effect = max(1.0, error**2 / independent) if error > 0 else 1.0
    return rate, n_turns / effect, float((turns > 0).sum())
