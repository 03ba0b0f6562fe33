"""Bins of turns with round edges, and the estimates of a mean in each. Knows turn tables, no estimator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from horizon.analysis.stats.intervals import Interval
from horizon.analysis.turn_table import Floats, Sample, TurnTable
from horizon.core.estimator import Estimate
from horizon.core.records import Json

MOST_BINS = 12


@dataclass(frozen=True, slots=True)
class TurnBin:
    """Turns `first` to `last`, both included."""

    first: int
    last: int

    @property
    def centre(self) -> float:
        """The middle of the bin, in turns."""
        return (self.first + self.last) / 2

    def at(self) -> dict[str, Json]:
        """Return the position of an estimate of this bin on the axis of turns."""
        centre = self.centre
        turn = int(centre) if centre == int(centre) else centre
        return {"turn": turn, "first_turn": self.first, "last_turn": self.last}


def turn_bins(last_turn: int, most: int = MOST_BINS) -> tuple[TurnBin, ...]:
    """Return bins of equal width 1, 2, 5, 10, 20, 50, ... that reach the last turn; the last one may be short."""
    width, steps = 1, iter([2, 2.5, 2] * 20)
    while -(-last_turn // width) > most:
        width = int(width * next(steps))
    return tuple(TurnBin(first, min(first + width - 1, last_turn)) for first in range(1, last_turn + 1, width))


def bin_of(turn: NDArray[np.int64], bins: tuple[TurnBin, ...]) -> NDArray[np.int64]:
    """Return the index of the bin that holds each turn."""
    return np.searchsorted(np.array([turns.last for turns in bins]), turn)


def table_bins(table: TurnTable) -> tuple[TurnBin, ...]:
    """Return the bins of the longest episode, the same for every condition."""
    return turn_bins(max((int(sample.turn.max()) for sample in table.samples.values()), default=0))


def estimate_mean(
    table: TurnTable,
    sample: Sample,
    values: Floats,
    interval: Callable[[Floats, Floats], Interval],
    method: str,
    at: Mapping[str, Json],
    *,
    weights: Floats | None = None,
    note: str | None = None,
) -> Estimate:
    """Return the interval of a value per turn, or per unit of weight; `values` and `weights` have shape (turns,).

    `interval` takes the sums of the values and those of the weights, each of shape (episodes,).
    """
    sums = table.instance_sums(sample.cluster, values)
    totals = table.instance_sums(sample.cluster, np.ones(sample.n_turns) if weights is None else weights)
    return interval(sums, totals).as_estimate(sample.n_episodes, sample.n_turns, method, note, at)


def estimate_bins(
    table: TurnTable,
    sample: Sample,
    values: Floats,
    interval: Callable[[Floats, Floats], Interval],
    method: str,
    at: Mapping[str, Json],
    *,
    weights: Floats | None = None,
) -> list[Estimate]:
    """Return `estimate_mean` of each bin of turns that holds a turn."""
    bins = table_bins(table)
    order = bin_of(sample.turn, bins)
    points = []
    for index, turns in enumerate(bins):
        inside = np.flatnonzero(order == index)
        if len(inside):
            where = {**at, **turns.at()}
            own = None if weights is None else weights[inside]
            part = sample.take(inside)
            points.append(estimate_mean(table, part, values[inside], interval, method, where, weights=own))
    return points
