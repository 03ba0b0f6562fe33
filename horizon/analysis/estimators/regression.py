"""All causes at once, in one table: a logistic regression of errors on turns, errors and tokens shown, within states.

Turns are those shown: 1 without a history. Only pairs of one state under two conditions count, so the difficulty of a
state, recorded or not, cancels. The contrasts answer the same question without assuming the form of a curve.
"""

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from horizon.analysis.state_pairs import METHOD as PAIRS_METHOD
from horizon.analysis.state_pairs import discordant_pairs
from horizon.analysis.stats.intervals import Floats, missing
from horizon.analysis.stats.logistic import LogisticFit, fit
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate
from horizon.core.records import Json

METHOD = (
    f"odds ratio of an error per unit, {PAIRS_METHOD}; assumes that log odds are linear in turns, errors and tokens "
    "shown, and that healed and padded histories differ in nothing else"
)
ASSOCIATION = (
    "odds ratio of an error per unit, Firth's logistic over the turns of one condition, jackknife over instances; "
    "association between states: says nothing of what the history does"
)
CONDITIONS = ("natural", "fresh", "healed", "padded")
"""Conditions that differ in turns, errors and tokens alone; `corrupted:p` joins them. `foreign` and others differ in
what the history is about."""
TERMS = ("turn shown", "error shown", "1,000 tokens")
HARDER = "harder state"
_FEWEST_EPISODES = 3
_WITHOUT_HISTORY = ("fresh", "padded")
NO_EFFECT: Mapping[str, float] = {"regression": 1.0}


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `regression`, an odds ratio per term: a turn shown, an error shown, 1,000 tokens, harder states by 0.1.

    A term that does not vary within states, or that the others determine, is left out with the reason. "Harder state"
    is the random mover's loss, if every turn has one. It is the same under every condition, so it can only be an
    association between states, as its `method` states.
    """
    names = [name for name in table.conditions if name in CONDITIONS or name.startswith("corrupted:")]
    samples = [(name, table.samples[name]) for name in names]
    if not samples:
        return {"regression": [missing("no condition of the regression was played", METHOD)]}
    at: dict[str, Json] = {"conditions": "+".join(names)}
    return {
        "regression": [*_within_states(table, samples, at), _between_states(table, *samples[min(1, len(samples) - 1)])]
    }


def _within_states(table: TurnTable, samples: list[tuple[str, Sample]], at: dict[str, Json]) -> list[Estimate]:
    if len(samples) < 2:
        note = "one condition alone has no pairs of one state: add --condition fresh and --condition healed"
        return [missing(note, METHOD, {"term": term, **at}) for term in TERMS]
    pairs = discordant_pairs(samples, list(combinations(range(len(samples)), 2)), _columns)
    kept, left_out = _independent(pairs.differences)
    n_episodes = len(np.unique(pairs.cluster))
    fitted = None
    if n_episodes >= _FEWEST_EPISODES and kept:
        fitted = fit(pairs.differences[:, kept], pairs.is_first.astype(float), table.instance[pairs.cluster])
    rows = [
        _row(fitted, place, n_episodes, pairs.n_pairs, METHOD, TERMS[at_column], at)
        for place, at_column in enumerate(kept)
    ]
    return [*rows, *(missing(why, METHOD, {"term": TERMS[column], **at}) for column, why in left_out.items())]


def _between_states(table: TurnTable, name: str, sample: Sample) -> Estimate:
    """Return the odds ratio of states that are harder by 0.1 of the random mover's loss, under one condition."""
    at: dict[str, Json] = {"conditions": name}
    if np.isnan(sample.random_loss).any():
        return missing("not known for every turn", ASSOCIATION, {"term": HARDER, **at})
    fitted = None
    if sample.n_episodes >= _FEWEST_EPISODES and 0 < sample.is_error.sum() < sample.n_turns:
        design = np.column_stack([sample.random_loss * 10, np.ones(sample.n_turns)])
        fitted = fit(design, sample.is_error.astype(float), table.instance[sample.cluster])
    return _row(fitted, 0, sample.n_episodes, sample.n_turns, ASSOCIATION, HARDER, at)


def _row(
    fitted: LogisticFit | None, place: int, n_episodes: int, n_turns: int, method: str, term: str, at: dict[str, Json]
) -> Estimate:
    interval = None if fitted is None else fitted.odds_ratio(place)
    if interval is None or not math.isfinite(interval.error):
        return missing("too few episodes or errors for a regression", method, {"term": term, **at})
    return interval.as_estimate(n_episodes, n_turns, method, at={"term": term, **at})


def _columns(name: str, sample: Sample) -> Floats:
    """Return the turns, errors and tokens shown, shape (turns, 3) in the order of `TERMS`."""
    turns = np.zeros(sample.n_turns) if name in _WITHOUT_HISTORY else sample.turn - 1.0
    return np.column_stack([turns, sample.prior_errors.astype(float), sample.context_tokens / 1000])


def _independent(differences: Floats) -> tuple[list[int], dict[int, str]]:
    """Return the columns that can be estimated together, and the reason for each one left out."""
    kept: list[int] = []
    left_out: dict[int, str] = {}
    for place, column in enumerate(differences.T):
        if np.isnan(column).any():
            left_out[place] = "not known for every turn"
        elif not column.any():
            left_out[place] = "the same under every condition of a state"
        elif _is_determined(column, differences[:, kept]):
            left_out[place] = "can't be separated from the terms above: play padded and healed too"
        else:
            kept.append(place)
    return kept, left_out


def _is_determined(column: Floats, others: Floats) -> bool:
    """Return whether a column is nearly a linear combination of the others (residual below 1/1000 of its square)."""
    residual = column - others @ (np.linalg.pinv(others.T @ others) @ (others.T @ column))
    return bool(residual @ residual < 1e-3 * (column @ column))
