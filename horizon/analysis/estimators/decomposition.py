"""Decomposition: the rise in error from early to late turns, split into its causes by the paired conditions.

On the same states natural = fresh + (padded - fresh) + (healed - padded) + (natural - healed): harder states, longer
context, turns as such, own errors. Each is a late minus an early mean; they sum to the whole rise exactly.
"""

from collections.abc import Mapping

import numpy as np

from horizon.analysis.chart import Chart, named_series, points_of
from horizon.analysis.stats.intervals import Floats, Floor, jackknife, missing
from horizon.analysis.turn_table import TurnTable, same_states
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = "late third minus early third of turns, paired on states, jackknife over episodes, Student's t"
CAUSES: tuple[tuple[str, str, str | None], ...] = (
    ("whole rise", "natural", None),
    ("harder states", "fresh", None),
    ("longer context", "padded", "fresh"),
    ("turns as such", "healed", "padded"),
    ("own errors", "natural", "healed"),
)
ASSUMES = {
    "whole rise": "no assumption",
    "harder states": "a state is as hard posed afresh as it is after its history",
    "longer context": "neutral text of equal length costs what the history's length costs",
    "turns as such": "healing an error changes nothing but the error",
    "own errors": "healing an error changes nothing but the error",
}

_RATES = Floor(-1.0, 1.0, ((1.0, 1.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.0, 1.0)))
"""For the rise of a rate: a turn wrong and a turn right in either third, Agresti & Caffo (2000)."""
_PAIRS = Floor(-2.0, 2.0, ((1.0, 1.0, 0.0, 0.0), (-1.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, -1.0, 1.0)))
"""For the rise of a paired difference: a pair won and a pair lost in either third, Bonett & Price (2012)."""
NO_EFFECT: Mapping[str, float] = {"decomposition": 0.0}


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `decomposition`, one estimate a cause in points of error rate (-1..1), with what each assumes."""
    return {"decomposition": [_cause(table, *each) for each in CAUSES]}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the rise in error split into its causes."""
    points = points_of(estimates, "decomposition")
    said = "late minus early error rate, split into its causes."
    series = named_series(points, [str(point.at["cause"]) for point in points])
    axis = "points of error rate, late minus early"
    return [Chart("decomposition", "Where the rise comes from", said, "", axis, "bar", series, rank=90)]


def _cause(table: TurnTable, cause: str, minuend: str, subtrahend: str | None) -> Estimate:
    at: dict[str, Json] = {"cause": cause, "assumes": ASSUMES[cause]}
    # All causes over the states that every condition of the split posed, so that they sum to the rise.
    played = {name for name in ("natural", "fresh", "padded", "healed") if table.sample(name) is not None}
    wanted = {minuend} | ({subtrahend} if subtrahend else set())
    for absent in sorted(wanted - played):
        return missing(f"condition {absent} was not played: add --condition {absent}", METHOD, at)
    names = sorted(played)
    samples = dict(zip(names, same_states([s for n in names if (s := table.sample(n)) is not None]), strict=True))
    one = samples[minuend]
    if not one.n_turns:
        return missing("the conditions share no state", METHOD, at)
    values = one.is_error.astype(float)
    if subtrahend is not None:
        values = values - samples[subtrahend].is_error.astype(float)
    last = int(one.turn.max())
    early, late = one.turn <= last / 3, one.turn > last - last / 3
    if not early.any() or not late.any() or last < 3:
        return missing("fewer than 3 turns: no early and late third", METHOD, at)
    sums = [
        table.instance_sums(one.cluster[part], weights[part])
        for part in (early, late)
        for weights in (values, np.ones(one.n_turns))
    ]
    n_turns = int((early | late).sum())
    # Episodes that end early say nothing of the late third: it rests on fewer of them.
    n_informative = min(one.take(part).n_episodes for part in (early, late))
    found = jackknife(
        np.column_stack(sums), _rise, n_informative=n_informative, floor=_RATES if subtrahend is None else _PAIRS
    )
    return found.as_estimate(one.n_episodes, n_turns, METHOD, at=at)


def _rise(totals: Floats) -> Floats:
    return np.asarray(totals[:, 2] / totals[:, 3] - totals[:, 0] / totals[:, 1])
