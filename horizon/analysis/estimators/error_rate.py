"""The share of turns that are errors, by condition, and the share of each kind of error.

`error_rate` itself is that of the natural condition, which users experience. A run without it, such as imported
dialogues that start over at every move, has the rate of its only condition. For each probe there is also the natural
rate on the probed states, as other natural turns may be easier or harder.
"""

from horizon.analysis.chart import Chart, Series, points_of
from horizon.analysis.stats.intervals import missing, share
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Flags, Sample, TurnTable, same_states
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import ERROR_KINDS, Json

METHOD = "share of turns, Wilson's interval at the effective number of turns (variance between episodes)"


def estimate(table: TurnTable, condition: str = "natural") -> Estimate:
    """Return the share of a condition's turns that are errors of any kind, in 0..1."""
    sample = table.sample(condition)
    if sample is None:
        return missing(f"condition {condition} was not played", METHOD, {"condition": condition})
    return _share(table, sample, sample.is_error, {"condition": condition})


def natural_on_probed_states(table: TurnTable) -> list[Estimate]:
    """Return the natural error rate on the states that each other condition posed, `at["condition"]` its name."""
    natural = table.sample("natural")
    rates = []
    for condition in table.conditions if natural is not None else ():
        assert natural is not None  # without natural the loop is empty
        if condition != "natural":
            own, _ = same_states([natural, table.samples[condition]])
            if own.n_turns:
                rates.append(_share(table, own, own.is_error, {"condition": condition}))
    return rates


def kinds(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the share of turns that are each kind of error, in the order of `ERROR_KINDS` without `none`."""
    sample = table.sample(condition)
    if sample is None:
        return []
    return [
        _share(table, sample, sample.kind == index, {"condition": condition, "kind": kind})
        for index, kind in enumerate(ERROR_KINDS)
        if kind != "none"
    ]


def main_condition(table: TurnTable) -> str:
    """Return `natural`, or the first condition of a table without natural turns."""
    return "natural" if table.sample("natural") is not None or not table.conditions else table.conditions[0]


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `error_rate` (of `main_condition`), and by condition `error_rate_by_condition`, `error_kinds`, and for
    each probe the natural rate `natural_on_probed_states`.
    """
    return {
        "error_rate": estimate(table, main_condition(table)),
        "error_rate_by_condition": [estimate(table, condition) for condition in table.conditions],
        "natural_on_probed_states": natural_on_probed_states(table),
        "error_kinds": [point for condition in table.conditions for point in kinds(table, condition)],
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the kinds of error by condition."""
    points = points_of(estimates, "error_kinds")
    series = []
    for kind in ERROR_KINDS[1:]:
        own = tuple(point for point in points if point.at["kind"] == kind)
        if any(point.estimate for point in own):
            series.append(Series(kind.replace("_", " "), tuple(str(point.at["condition"]) for point in own), own))
    alt_text = "share of turns with each kind of error."
    title = "Error kinds by condition"
    return [Chart("error_kinds", title, alt_text, "", "share of turns", "stack", tuple(series), rank=110)]


def _share(table: TurnTable, sample: Sample, chosen: Flags, at: dict[str, Json]) -> Estimate:
    return estimate_mean(table, sample, chosen.astype(float), share, METHOD, at)
