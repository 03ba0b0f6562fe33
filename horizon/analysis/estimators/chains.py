"""Whole chains of correct turns against what single turns, each without a history, would give on the same states.

At each turn both rates count the states that the chain reached without an error, so that a state which an earlier
error made harder counts for neither.
"""

from collections.abc import Mapping

import numpy as np

from horizon.analysis.chart import Chart, series_along, single_of
from horizon.analysis.stats.intervals import Floats, Floor, jackknife, missing
from horizon.analysis.turn_table import Flags, Ints, Sample, Side, TurnTable, same_states
from horizon.core.estimator import Estimate, Estimates

FEWEST_AT_RISK = 10
"""Episodes without an error before its last turn that a length needs."""
LENGTHS = (2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200)
"""The lengths of which a list of figures is made, in turns."""
METHOD = (
    "product over the turns of the share of correct replies, on the states reached without an error; jackknife over "
    "episodes, Student's t"
)
GAP_METHOD = (
    "product of the single accuracies (fresh) minus success of the chain (natural), on the states that the chain "
    "reached without an error; jackknife over episodes, Student's t; assumes that episodes which end early would have "
    "continued as the others"
)
TOO_FEW = f"fewer than {FEWEST_AT_RISK} episodes reached a second turn of natural and fresh without an error"
NOT_EVERY_TURN = "fresh was not posed at turn 2, and a chain needs every turn: play with probe_every=1"
_SIDES: tuple[Side, ...] = ("model", "environment")
NO_EFFECT: Mapping[str, float] = {"chain_gap": 0.0, "chain_gap_by_length": 0.0}


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `chain_gap` at the greatest length that the data allow, `chain_gap_by_length`, and `chains`.

    `chains` holds the success of chains and the product of single accuracies (`at`: `length`, `of`), in 0..1. A gap
    above 0 means that a history without an error costs whole chains. A chain ends before the first turn at which fresh
    was posed in no episode, as under probe_every=2; if it was posed in some (probe_turns), these represent the others.
    """
    absent = next((name for name in ("natural", "fresh") if name not in table.samples), None)
    if absent is not None:
        empty = missing(f"condition {absent} was not played: add --condition {absent}", GAP_METHOD)
        return {"chain_gap": empty, "chain_gap_by_length": [], "chains": []}
    if any(len(table.values(side)) > 1 for side in _SIDES):
        # A chain is played by one model in one task.
        empty = missing("several models or tasks were played: each has its own chains", GAP_METHOD)
        return {"chain_gap": empty, "chain_gap_by_length": [], "chains": []}
    # An error breaks the chain whether or not fresh was posed at its turn.
    natural, fresh = same_states([_keep_reached(table.samples["natural"]), table.samples["fresh"]])
    links, at_risk = np.unique(natural.turn, return_counts=True)
    too_few = np.flatnonzero((at_risk < FEWEST_AT_RISK) | (links != np.arange(1, len(links) + 1)))
    n_links = int(too_few[0]) if len(too_few) else len(links)
    if n_links < 2:
        is_gap = len(links) > 1 and links[1] > 2
        note = NOT_EVERY_TURN if is_gap else TOO_FEW
        return {"chain_gap": missing(note, GAP_METHOD), "chain_gap_by_length": [], "chains": []}
    sums = _sums(table, natural, fresh, links[:n_links])
    gaps: list[Estimate] = []
    chains: list[Estimate] = []
    lengths = [length for length in LENGTHS if length < n_links] + [n_links]
    for length in lengths:
        counts = (int((natural.turn == links[0]).sum()), int((natural.turn <= links[length - 1]).sum()))
        own = sums[:, :length].reshape(len(sums), -1)
        at = {"length": int(links[length - 1])}
        gaps.append(jackknife(own, _gap, floor=_floor(length)).as_estimate(*counts, GAP_METHOD, at=at))
        for of, statistic in (("chain", _multiply_natural), ("single turns", _multiply_fresh)):
            figure = jackknife(own, statistic, floor=Floor(0.0, 1.0, _floor(length).pairs))
            chains.append(figure.as_estimate(*counts, METHOD, at={**at, "of": of}))
    return {"chain_gap": gaps[-1], "chain_gap_by_length": gaps, "chains": chains}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the success of chains by their length, beside the product of single accuracies."""
    gap = single_of(estimates, "chain_gap")
    alt_text = f"single turns promise {100 * (gap.estimate or 0.0):+.0f} points." if gap else "see the tables."
    chart = Chart(
        "chains",
        "Whole chains of correct turns",
        alt_text,
        "turns in a row",
        "share without an error",
        "line",
        series_along(estimates, "chains", axis="length", by="of"),
        rank=75,
    )
    return [chart]


def _keep_reached(natural: Sample) -> Sample:
    """Return the states up to and including each episode's first error under natural."""
    errors = natural.is_error.astype(np.int64)
    before: Ints = np.cumsum(errors) - errors
    starts = np.searchsorted(natural.cluster, natural.cluster)
    is_reached: Flags = before == before[starts]
    return natural.take(is_reached)


def _sums(table: TurnTable, natural: Sample, fresh: Sample, links: Ints) -> Floats:
    """Return each instance's states, natural errors and fresh errors at each link; shape (instances, links, 3)."""
    columns = []
    for turn in links:
        here = natural.turn == turn
        cluster = natural.cluster[here]
        values = (np.ones(int(here.sum())), natural.is_error[here].astype(float), fresh.is_error[here].astype(float))
        columns.append(np.column_stack([table.instance_sums(cluster, value) for value in values]))
    return np.stack(columns, axis=1)


def _floor(length: int) -> Floor:
    """Return two made-up episodes that break at their first link: one under natural alone, one under fresh alone."""
    rest = (0.0,) * (3 * (length - 1))
    return Floor(-1.0, 1.0, ((1.0, 1.0, 0.0, *rest), (1.0, 0.0, 1.0, *rest)))


def _products(totals: Floats) -> tuple[Floats, Floats]:
    """Return the two products of shares of correct replies; totals have shape (m, 3 x links)."""
    states, natural, fresh = np.moveaxis(totals.reshape(len(totals), -1, 3), 2, 0)
    return np.prod(1 - natural / states, axis=1), np.prod(1 - fresh / states, axis=1)


def _multiply_natural(totals: Floats) -> Floats:
    return _products(totals)[0]


def _multiply_fresh(totals: Floats) -> Floats:
    return _products(totals)[1]


def _gap(totals: Floats) -> Floats:
    chained, independent = _products(totals)
    return np.asarray(independent - chained)
