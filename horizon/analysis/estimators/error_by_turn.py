"""The error rate in bins of turns, for each condition, with the counts behind it.

If probes posed only some of the states, the natural curve on those states is given as well.
"""

from horizon.analysis.chart import RATE, Chart, points_of, series_along, single_of
from horizon.analysis.stats.intervals import share
from horizon.analysis.turn_bins import estimate_bins
from horizon.analysis.turn_table import TurnTable, same_states
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import ERROR_KINDS

METHOD = "share of a bin's turns, Wilson's interval at the effective number of turns; wider than 95 % for few errors"


PROBED = "natural, probed states"


def estimate(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the error rate in each non-empty bin of turns, in 0..1; the bins cover the longest episode."""
    sample = table.sample(condition)
    if sample is None:
        return []
    errors = sample.is_error.astype(float)
    return estimate_bins(table, sample, errors, share, METHOD, {"condition": condition})


def natural_where_probed(table: TurnTable) -> list[Estimate]:
    """Return the natural curve on the states that all probes posed; empty if those are all states, or none."""
    natural = table.sample("natural")
    probes = [table.samples[name] for name in table.conditions if name != "natural"]
    if natural is None or not probes:
        return []
    own = same_states([natural, *probes])[0]
    if own.n_turns in (0, natural.n_turns):
        return []
    errors = own.is_error.astype(float)
    return estimate_bins(table, own, errors, share, METHOD, {"condition": PROBED})


def kinds(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the share of each kind of error in each bin of turns, for the kinds that occur."""
    sample = table.sample(condition)
    points: list[Estimate] = []
    for index, kind in enumerate(ERROR_KINDS if sample is not None else ()):
        assert sample is not None  # without a sample there are no kinds
        if kind != "none" and (sample.kind == index).any():
            chosen = (sample.kind == index).astype(float)
            points += estimate_bins(table, sample, chosen, share, METHOD, {"condition": condition, "kind": kind})
    return points


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_by_turn`, a list over conditions and bins, `natural_where_probed` (the natural curve of the probed
    states, where those are not all) and `error_kinds_by_turn` of natural turns.
    """
    return {
        "natural_where_probed": natural_where_probed(table),
        "error_by_turn": [point for condition in table.conditions for point in estimate(table, condition)],
        "error_kinds_by_turn": kinds(table),
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the error rate by turn, and the kinds of error by turn."""
    alt_text = "share of turns with each kind of error, along the turns."
    by_kind = series_along(estimates, "error_kinds_by_turn", by="kind")
    curve = series_along(estimates, "error_by_turn")
    # The reference for the probes goes first: of many curves only the first two show their bands.
    curve = (*curve[:1], *series_along(estimates, "natural_where_probed"), *curve[1:])
    return [
        Chart("error_by_turn", "Error rate by turn", _alt_text(estimates), "turn", RATE, "line", curve, rank=10),
        Chart(
            "error_kinds_by_turn",
            "Error kinds by turn, natural",
            alt_text,
            "turn",
            "share of turns",
            "line",
            by_kind,
            rank=120,
        ),
    ]


def _alt_text(estimates: Estimates) -> str:
    rate = single_of(estimates, "error_rate")
    if rate is None:
        return "see the tables."
    curve = [point for point in points_of(estimates, "error_by_turn") if point.at.get("condition") == "natural"]
    ends = f", from {curve[0].estimate:.0%} at the start to {curve[-1].estimate:.0%} at the end" if curve else ""
    return f"{rate.estimate:.0%} of turns are in error{ends}."
