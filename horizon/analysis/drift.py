"""Drift of the right reply's log-likelihood along turns: natural - fresh, by turn and per doubling of the turn.

From the turns that `horizon drift` scored, pure. Knows no run and no model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from horizon.analysis.banded_means import banded_means
from horizon.analysis.stats.intervals import missing, ratio
from horizon.analysis.turn_bins import turn_bins
from horizon.core.estimator import Estimate
from horizon.runs.drift_file import ScoredTurn

METHOD = (
    "mean log-likelihood of the right reply (nats) over the scored turns; jackknife over instances, Student's t; "
    "bands hold for all turns together (Bonferroni)"
)
SLOPE_METHOD = (
    "change of natural - fresh (nats) per doubling of the turn, least squares within episodes, jackknife over "
    "instances, Student's t"
)
ALL, UNERRED = "all turns", "before the first error"
"""Which turns count: all scored ones, or those at which the episode has not erred yet, nor errs."""
_ENDS = "episodes end with their first error, which is a turn of low likelihood: see the turns before it"
_MOST_BINS = 8


@dataclass(frozen=True, slots=True)
class DriftEstimates:
    """The estimates of one selection of turns, named in every `at["turns"]`.

    `natural`, `fresh` and `difference` (natural - fresh, on the same states) are by turn, with `band_low` and
    `band_high` in `at`; `slope` is that of the difference. `n_impossible` turns were left out: a reply that is
    impossible, with or without the history, has no finite difference.
    """

    natural: list[Estimate]
    fresh: list[Estimate]
    difference: list[Estimate]
    slope: Estimate
    n_impossible: int


def drift(scored: Sequence[ScoredTurn], selection: str = ALL, *, ends_at_errors: bool = False) -> DriftEstimates:
    """Return how the log-likelihood of the right reply changes along turns.

    The difference cancels whatever makes a state hard by itself; its slope is taken within episodes, so that it
    cancels also by how much an episode's history harms throughout. It compares turns from 2 on: turn 1 has no history.
    Where episodes end with an error (`ends_at_errors`: on_error=stop) all turns have no slope, since the last of each
    episode is one of low likelihood.

    Assumes that the reference answer in the reply's usual form represents all right replies: a history that shows
    another form changes its likelihood, too. Before the first error a turn counts if it and all before it are
    correct. If nothing drifts, such turns of an episode are alike, so that a slope is no effect of the selection;
    if the likelihood falls, its slope is too small, since the turns at which it fell most are errors, and episodes
    that fall leave. Where neighbouring turns are much alike, an error comes after a fall even if nothing drifts: with
    a correlation of 0.9 the slope before it was wholly below 0 in 12 % of simulated studies. Where the slopes of
    episodes differ, with a mean of 0, those that rise stay: a slope above 0 is that of episodes that have not erred.
    """
    chosen = [row for row in scored if selection == ALL or (row.is_correct and not row.erred_before)]
    known = [row for row in chosen if math.isfinite(row.natural) and math.isfinite(row.fresh)]
    n_impossible = len(chosen) - len(known)
    at = {"turns": selection}
    if not known:
        nothing = missing("no scored turn", SLOPE_METHOD, at)
        return DriftEstimates([], [], [], nothing, n_impossible)
    turn = np.array([row.turn for row in known])
    natural = np.array([row.natural for row in known])
    fresh = np.array([row.fresh for row in known])
    instances = [row.seed for row in known]
    bins = turn_bins(max(row.turn for row in scored), _MOST_BINS)
    natural_curve, fresh_curve, difference = (
        [
            mean.as_estimate(METHOD, {**at, **mean.turns.at(), **mean.band()})
            for mean in banded_means(turn, values, instances, bins)
        ]
        for values in (natural, fresh, natural - fresh)
    )
    slope = missing(_ENDS, SLOPE_METHOD, at) if ends_at_errors and selection == ALL else _slope(known, selection)
    return DriftEstimates(natural_curve, fresh_curve, difference, slope, n_impossible)


def _slope(known: Sequence[ScoredTurn], selection: str) -> Estimate:
    """Return the slope of natural - fresh on the binary logarithm of the turn, within episodes."""
    by_episode: dict[tuple[int, str], list[ScoredTurn]] = {}
    for row in known:
        by_episode.setdefault((row.seed, row.episode_id), []).append(row)
    codes = {seed: code for code, seed in enumerate(sorted({seed for seed, _ in by_episode}))}
    # Sums by instance of x*y and x*x, both less their means in the episode: shape (instances,).
    products, squares = np.zeros(len(codes)), np.zeros(len(codes))
    for (seed, _), rows in by_episode.items():
        doublings = np.log2([row.turn for row in rows])
        doublings = doublings - doublings.mean()
        differences = np.array([row.natural - row.fresh for row in rows])
        products[codes[seed]] += float(doublings @ differences)
        squares[codes[seed]] += float(doublings @ doublings)
    at = {"turns": selection}
    if not squares.any():
        return missing("no episode has two scored turns", SLOPE_METHOD, at)
    n_compared = sum(len(rows) for rows in by_episode.values() if len(rows) > 1)
    return ratio(products, squares).as_estimate(int((squares > 0).sum()), n_compared, SLOPE_METHOD, at=at)
