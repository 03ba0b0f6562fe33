"""Reduces a claim to the rate of two sums over independent units, so that one test serves every figure.

Error rate, h50, focus gap and skill all become one question: is a rate above or below a bound? Episodes of one
instance against several opponents share their first state, so together they are one unit; turns within a unit are not
assumed independent. Turn table in, sums out; knows no file.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from horizon.analysis.claims import Claim
from horizon.analysis.first_events import first_errors, first_events
from horizon.analysis.stats.bootstrap import episode_sums
from horizon.analysis.stats.confidence_sequences import Floats, Sums
from horizon.analysis.survival_curve import free_of_error, horizon
from horizon.analysis.turn_table import Ints, Sample, TurnTable, error_differences
from horizon.core.errors import ContractError


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one instance can be played and probed, known before playing.

    `turns` are per episode, and `sides` is the number of opponents that the instance is played against.
    """

    turns: int
    probe_every: int = 1
    probe_turns: int | None = None
    sides: int = 1

    def most_turns(self, claim: Claim) -> int:
        """Return how many turns of an instance a claim may be about."""
        first, last = claim.first, min(claim.last or self.turns, self.turns)
        if last < first:
            return 0
        if claim.condition == "natural" and claim.figure != "focus_gap":
            return self.sides * (last - first + 1)
        every = self.probe_every
        probed = (last - 1) // every - (first - 2) // every
        return self.sides * min(probed, self.probe_turns or probed)


@dataclass(frozen=True, slots=True)
class Reduced:
    """A claim as "the rate of these sums is at most (or at least) `bound`".

    `for_low` and `for_high` are the sums behind the lower and the upper bound of the rate; they differ only if some
    episodes ended before their outcome was known. `figure_of` maps a rate to the figure.
    """

    bound: float
    is_at_most: bool
    for_low: Sums
    for_high: Sums
    figure_of: Callable[[float], float]
    estimate: float | None
    n_episodes: int
    n_turns: int


def reduce(claim: Claim, table: TurnTable, limits: Limits) -> Reduced | None:
    """Return a claim as a rate and a bound, or None if no turn it applies to was played."""
    by_figure = {"error_rate": _error_rate, "h50": _h50, "focus_gap": _focus_gap, "skill": _skill}
    reduced = by_figure[claim.figure](claim, table, limits)
    return reduced if reduced is not None and reduced.n_turns else None


def instances(table: TurnTable) -> Ints:
    """Return the code of the instance that each episode plays, in order of play; shape (episodes,)."""
    keys = []
    for run, name in zip(table.episodes.run_id, table.episodes.episode_id, strict=True):
        # Episode ids of runs are OPPONENT#00012. With other ids every episode is its own instance.
        index = name.rpartition("#")[2]
        keys.append((len(index), index, run))
    order = {key: code for code, key in enumerate(sorted(set(keys)))}
    return np.array([order[key] for key in keys], dtype=np.int64)


def _error_rate(claim: Claim, table: TurnTable, limits: Limits) -> Reduced | None:
    sample = _chosen(claim, table.sample(claim.condition))
    if sample is None:
        return None
    sums = _sums(table, sample, sample.is_error.astype(float), np.ones(sample.n_turns), limits.most_turns(claim))
    return Reduced(
        claim.bound,
        claim.direction == "at_most",
        sums,
        sums,
        lambda rate: rate,
        sums.rate,
        sample.n_episodes,
        sample.n_turns,
    )


def _focus_gap(claim: Claim, table: TurnTable, limits: Limits) -> Reduced | None:
    """Differences of errors from -1 to 1 on the same states, moved into 0 to 1."""
    natural, fresh = table.sample("natural"), table.sample("fresh")
    if natural is None or fresh is None:
        return None
    sample, differences = error_differences(natural, fresh)
    sums = _sums(table, sample, (differences + 1) / 2, np.ones(sample.n_turns), limits.most_turns(claim))
    rate = sums.rate
    return Reduced(
        (claim.bound + 1) / 2,
        claim.direction == "at_most",
        sums,
        sums,
        lambda rate: 2 * rate - 1,
        None if rate is None else 2 * rate - 1,
        sample.n_episodes,
        sample.n_turns,
    )


def _skill(claim: Claim, table: TurnTable, limits: Limits) -> Reduced | None:
    """The loss as a rate of the random mover's loss: skill at least s is a rate of at most 1 - s."""
    sample = table.sample("natural")
    if sample is None:
        return None
    graded = sample.take(~(np.isnan(sample.loss) | np.isnan(sample.random_loss)))
    sums = _sums(table, graded, graded.loss, graded.random_loss, limits.most_turns(claim), is_share=False)
    rate = sums.rate
    return Reduced(
        1 - claim.bound,
        claim.direction == "at_least",
        sums,
        sums,
        lambda rate: 1 - rate,
        None if rate is None else 1 - rate,
        graded.n_episodes,
        graded.n_turns,
    )


def _h50(claim: Claim, table: TurnTable, limits: Limits) -> Reduced | None:
    """H50 is at least k where at most half of the episodes err before turn k.

    An episode that ended before turn k without an error might have erred: each bound counts it in the direction that
    makes the bound weaker.
    """
    sample = table.sample("natural")
    if sample is None or not sample.n_turns:
        return None
    last, erred = first_errors(sample.cluster, sample.turn, sample.is_error)
    before = math.ceil(claim.bound) - 1
    for_low, for_high = errors_by(table, sample, last, erred, before, limits)
    estimate = horizon(free_of_error(first_events(table, sample)), 0.5, len(last), int(last.sum()))
    return Reduced(
        0.5,
        claim.direction == "at_least",
        for_low,
        for_high,
        lambda rate: rate,
        estimate.estimate,
        len(last),
        int(last.sum()),
    )


def errors_by(
    table: TurnTable, sample: Sample, last: Ints, erred: Floats, turn: int, limits: Limits
) -> tuple[Sums, Sums]:
    """Return the episodes of each instance that have erred by a turn: those that did, and those that may have."""
    codes = np.unique(sample.cluster)
    surely = (erred > 0) & (last <= turn)
    maybe = surely | ((erred == 0) & (last < turn))
    both = []
    for counted in (surely, maybe):
        value = np.zeros(table.n_episodes)
        value[codes] = counted
        weight = np.zeros(table.n_episodes)
        weight[codes] = 1.0
        both.append(_by_instance(table, value, weight, float(limits.sides)))
    return both[0], both[1]


def _chosen(claim: Claim, sample: Sample | None) -> Sample | None:
    if sample is None:
        return None
    return sample.take((sample.turn >= claim.first) & (sample.turn <= (claim.last or np.iinfo(np.int64).max)))


def _sums(
    table: TurnTable, sample: Sample, value: Floats, weight: Floats, most: float, *, is_share: bool = True
) -> Sums:
    values, weights = (episode_sums(sample.cluster, column, table.n_episodes) for column in (value, weight))
    return _by_instance(table, values, weights, float(most), is_share=is_share)


def _by_instance(table: TurnTable, value: Floats, weight: Floats, most: float, *, is_share: bool = True) -> Sums:
    """Return sums over instances in order of play, from sums over episodes."""
    codes = instances(table)
    sums = [np.bincount(codes, weights=column).astype(np.float64) for column in (value, weight)]
    if len(codes) and sums[1].max() > most + 1e-9:
        raise ContractError(
            f"an instance has {sums[1].max():g} turns, more than its limits allow ({most:g}): give those of the run"
        )
    return Sums(sums[0], sums[1], most, is_share)
