"""Two sets of episodes on the same instances: sums per episode, and their paired difference.

Every figure compared here is a ratio of two sums over turns (errors / turns, loss / random loss), so one jackknife
over instances serves all of them. Knows turn tables, no estimator and no run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from horizon.analysis.stats.bootstrap import episode_sums
from horizon.analysis.stats.intervals import Floats, Floor, Spread, equal_episodes, spread
from horizon.analysis.turn_table import Sample, TurnTable, error_differences

FEWEST_PAIRS = 3
"""Shared instances required for a difference."""

K = TypeVar("K")

ERRORS = Floor(-1.0, 1.0, ((1.0, 1.0, 1.0, 0.0, 1.0, 1.0), (0.0, 1.0, 1.0, 1.0, 1.0, 1.0)))
"""For a difference of two error rates: one pair of turns that only the first got wrong, one that only the second."""
GAPS = Floor(-2.0, 2.0, ERRORS.pairs)
"""For a difference of two focus gaps, each in -1..1."""
LOSSES = Floor(-1.0, 1.0)
"""For a difference of two mean losses, each in 0..1."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A difference of two figures over shared instances, its spread, and its counts.

    `n_left_out` counts instances without a partner.
    """

    first: float
    second: float
    spread: Spread
    n_pairs: int
    n_turns: int
    n_left_out: int


def paired_difference(
    first: Mapping[K, Floats], second: Mapping[K, Floats], floor: Floor | None = None
) -> Paired | None:
    """Return the difference of two ratios over the instances that both have; None with fewer than 3 of them.

    Each value is an instance's numerator, denominator and turns, shape (3,); `floor` is the range of the difference.
    """
    # Sorted, so that rounding does not depend on the order of play.
    shared = sorted(first.keys() & second.keys(), key=str)
    if len(shared) < FEWEST_PAIRS:
        return None
    pairs = np.array([[*first[key], *second[key]] for key in shared])
    totals = pairs.sum(axis=0)
    left_out = len(first) + len(second) - 2 * len(shared)
    one, other = float(totals[0] / totals[1]), float(totals[3] / totals[4])
    difference = spread(pairs, _difference, floor, equal_episodes(pairs[:, 2] + pairs[:, 5]))
    return Paired(one, other, difference, len(shared), int(totals[2] + totals[5]), left_out)


def by_instance(sums: Floats, keys: Sequence[K]) -> dict[K, Floats]:
    """Return the sums of each instance with any turn; `sums` has shape (episodes, 3), `keys` the instance of each."""
    by_key: dict[K, Floats] = {}
    for key, own in zip(keys, sums, strict=True):
        if own[1]:
            by_key[key] = by_key.get(key, np.zeros(3)) + own
    return by_key


def error_sums(table: TurnTable, condition: str = "natural", first: int = 1, last: int | None = None) -> Floats:
    """Return each episode's errors, its turns from `first` to `last`, and its turns again; shape (episodes, 3)."""
    sample = table.sample(condition)
    if sample is None:
        return np.zeros((table.n_episodes, 3))
    inside = (sample.turn >= first) & (sample.turn <= (last or np.inf))
    part = sample.take(inside)
    return _sums(table, part, part.is_error.astype(float))


def gap_sums(table: TurnTable) -> Floats:
    """Return natural minus fresh errors, the states that both posed, and the states again; shape (episodes, 3)."""
    natural, fresh = table.sample("natural"), table.sample("fresh")
    if natural is None or fresh is None:
        return np.zeros((table.n_episodes, 3))
    return _sums(table, *error_differences(natural, fresh))


def loss_sums(table: TurnTable, condition: str = "natural", *, is_relative: bool = False) -> Floats:
    """Return loss, turns (if relative: random loss) and turns, over graded turns; shape (episodes, 3)."""
    sample = table.sample(condition)
    if sample is None:
        return np.zeros((table.n_episodes, 3))
    graded = sample.take(~np.isnan(sample.loss + sample.random_loss if is_relative else sample.loss))
    return _sums(table, graded, graded.loss, graded.random_loss if is_relative else None)


def _sums(table: TurnTable, sample: Sample, values: Floats, weights: Floats | None = None) -> Floats:
    ones = np.ones(sample.n_turns)
    columns = (values, ones if weights is None else weights, ones)
    return np.column_stack([episode_sums(sample.cluster, column, table.n_episodes) for column in columns])


def _difference(totals: Floats) -> Floats:
    return np.asarray(totals[:, 0] / totals[:, 1] - totals[:, 3] / totals[:, 4])
