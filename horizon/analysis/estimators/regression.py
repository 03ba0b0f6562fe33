"""All causes at once, in one table: a logistic regression of errors on turns, errors shown, tokens and difficulty.

Turns as shown: 1 without a history. Uncertainty from the spread between episodes. For those who want one table; the
paired estimates need no form of the curve and are to be believed first.
"""

import math

import numpy as np

from horizon.analysis.stats.intervals import Floats, missing
from horizon.analysis.stats.logistic import fit
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate

METHOD = "odds ratio of an error per unit, Firth's logistic over the conditions named, jackknife over episodes"
CONDITIONS = ("natural", "fresh", "healed", "padded")
"""Conditions that differ in turns, errors and tokens alone; `corrupted:p` joins them. `foreign` and others differ in
what the history is about."""
_WITHOUT_HISTORY = ("fresh", "padded")


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `regression`, an odds ratio a term: a turn shown, an error shown, 1,000 tokens, harder states by 0.1.

    A term that does not vary, or that the others determine, is left out and said. "Harder states" is the random
    mover's loss, where every turn has one.
    """
    names = [name for name in table.conditions if name in CONDITIONS or name.startswith("corrupted:")]
    samples = [table.samples[name] for name in names]
    if not samples:
        return {"regression": [missing("no condition of the regression was played", METHOD)]}
    cluster = np.concatenate([each.cluster for each in samples])
    outcome = np.concatenate([each.is_error for each in samples]).astype(float)
    kept, left_out = _independent(_terms(names, samples))
    at = {"conditions": "+".join(names)}
    n_episodes, n_turns = len(np.unique(cluster)), len(cluster)
    fitted = None
    if n_episodes >= 3 and 0 < outcome.sum() < n_turns and kept:
        fitted = fit(np.column_stack([np.ones(n_turns), *kept.values()]), outcome, cluster)
    found = []
    for place, term in enumerate(kept, 1):
        interval = None if fitted is None else fitted.odds_ratio(place)
        if interval is None or not math.isfinite(interval.error):
            found.append(missing("too few episodes or errors for a regression", METHOD, {"term": term, **at}))
        else:
            found.append(interval.as_estimate(n_episodes, n_turns, METHOD, at={"term": term, **at}))
    return {"regression": [*found, *(missing(why, METHOD, {"term": term, **at}) for term, why in left_out.items())]}


def _terms(names: list[str], samples: list[Sample]) -> dict[str, Floats]:
    """Return the columns, shape (rows,) each, in the order in which they stay when they can't be told apart."""
    turns = [
        np.zeros(each.n_turns) if name in _WITHOUT_HISTORY else each.turn - 1.0
        for name, each in zip(names, samples, strict=True)
    ]
    return {
        "turn shown": np.concatenate(turns),
        "error shown": np.concatenate([each.prior_errors.astype(float) for each in samples]),
        "1,000 tokens": np.concatenate([each.context_tokens for each in samples]) / 1000,
        "harder state": np.concatenate([each.random_loss for each in samples]) * 10,
    }


def _independent(terms: dict[str, Floats]) -> tuple[dict[str, Floats], dict[str, str]]:
    """Return the terms that can be told apart, and why each other one is left out."""
    kept: dict[str, Floats] = {}
    left_out: dict[str, str] = {}
    for term, column in terms.items():
        if np.isnan(column).any():
            left_out[term] = "not known for every turn"
        elif np.ptp(column) == 0:
            left_out[term] = "the same at every turn"
        elif _is_determined(column, list(kept.values())):
            left_out[term] = "can't be told from the terms above: play padded and healed too"
        else:
            kept[term] = column
    return kept, left_out


def _is_determined(column: Floats, others: list[Floats]) -> bool:
    """Tell whether a column is all but a line in the others: less than a thousandth of its variance is its own."""
    design = np.column_stack([np.ones(len(column)), *others])
    gram = design.T @ design
    residual = column - design @ (np.linalg.pinv(gram) @ (design.T @ column))
    return bool(residual.var() < 1e-3 * column.var())
