"""What a judged turn costs: money, time and tokens, its earlier attempts included, by condition.

Money needs prices (`horizon.runs.prices`). Turns whose counts are unknown are left out, counted and named; replies
that another condition shares cost nothing of their own and are left out too.
"""

import numpy as np

from horizon.analysis.stats.intervals import Floor, Interval, missing, ratio
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Floats, TurnTable
from horizon.core.estimator import Estimate
from horizon.runs.usage import COLUMNS as COLUMNS

COST = "mean cost per judged turn, attempts included, at the given prices"
SECONDS = "mean seconds per judged turn, attempts included; of a batch, the batch's share; on the run's own machine"
TOKENS = "mean input and output tokens per judged turn, attempts included"
INTERVAL = "ratio of sums, jackknife over episodes"
_FLOOR = Floor(0.0, float("inf"))
KINDS = {
    "cost_per_turn": ("cost", COST),
    "seconds_per_turn": ("seconds", SECONDS),
    "tokens_per_turn": ("tokens", TOKENS),
}
"""The single estimates, with the noun and the method of each."""


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `cost_per_turn`, `seconds_per_turn`, `tokens_per_turn` of natural turns (or the first condition), and
    `spending_by_condition`: each of them, and input and output tokens apart, under every condition (`at["of"]`).
    """
    main = "natural" if table.sample("natural") is not None else next(iter(table.conditions), "natural")
    singles: dict[str, Estimate | list[Estimate]] = {key: _estimate(table, main, key) for key in KINDS}
    listed = [_estimate(table, condition, key) for condition in table.conditions for key in _ALL]
    return {**singles, "spending_by_condition": [figure for figure in listed if figure.estimate is not None]}


_ALL = {**KINDS, "input_tokens": ("input tokens", TOKENS), "output_tokens": ("output tokens", TOKENS)}


def _estimate(table: TurnTable, condition: str, key: str) -> Estimate:
    noun, words = _ALL[key]
    method, at = f"{words}; {INTERVAL}", {"condition": condition, "of": noun}
    sample = table.sample(condition)
    if sample is None:
        return missing("no turn was played", method)
    values = _values({name: sample.value(name) for name in COLUMNS}, key)
    own = sample.value("spent_requests") > 0
    known = own & ~np.isnan(values)
    n_own, n_known = int(own.sum()), int(known.sum())
    if not n_known:
        has_tokens = bool((own & ~np.isnan(sample.value("spent_input"))).any())
        why = "no prices are given" if key == "cost_per_turn" and has_tokens else "the model reports no such counts"
        return missing(why, method)
    note = f"of the {n_known} of {n_own} turns whose counts are known" if n_known < n_own else None
    return estimate_mean(table, sample.take(known), values[known], _positive, method, at, note=note)


def _values(columns: dict[str, Floats], key: str) -> Floats:
    """Return the figure of each turn; NaN where unknown."""
    if key == "cost_per_turn":
        return columns["spent_cost"]
    if key == "seconds_per_turn":
        return columns["spent_ms"] / 1000
    if key == "tokens_per_turn":
        return columns["spent_input"] + columns["spent_output"]
    return columns["spent_input" if key == "input_tokens" else "spent_output"]


def _positive(sums: Floats, counts: Floats) -> Interval:
    return ratio(sums, counts, is_skewed=True, floor=_FLOOR)
