"""The focus gap of every model and task, shrunk towards the mean: a cell with few episodes borrows from the others.

A cell of eight episodes is too noisy by itself. The hierarchical model also splits the spread between cells into that
between models, that between tasks, and the rest. Knows estimates by group, no file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from horizon.analysis.stats.distributions import normal_quantile
from horizon.analysis.stats.hierarchy import Posterior, fit_hierarchy
from horizon.core.estimator import Estimate

MIN_CELLS = 3
"""Fewer cells do not determine the spread between cells."""
METHOD = (
    "hierarchical normal model with effects of model, task and cell, each cell with the width of its own interval, "
    "at least that of the mean square; "
    "posterior mean and central 95 % interval, integrated on a grid"
)
ASSUMES = "cells differ by normal effects of model, task and cell only: none is an outlier of another kind"


@dataclass(frozen=True, slots=True)
class Cell:
    """One model in one task (environment, parameters and opponent), with the difference that is pooled."""

    model: str
    task: str
    figure: Estimate


def pool(cells: Sequence[Cell]) -> dict[str, list[Estimate]]:
    """Return `pooled_focus_gap` (the mean of all cells, then each cell) and `pooled_spread`, by `between`.

    Differences of error rates in -1..1; spreads are standard deviations. Both lists are empty for fewer than
    `MIN_CELLS` cells with an interval.
    """
    usable = [cell for cell in cells if _error(cell.figure) is not None]
    if len(usable) < MIN_CELLS:
        return {"pooled_focus_gap": [], "pooled_spread": []}
    named = {"model": [cell.model for cell in usable], "task": [cell.task for cell in usable]}
    sides = {
        side: np.unique(names, return_inverse=True)[1].astype(np.int64)
        for side, names in named.items()
        if 1 < len(set(names)) < len(usable)
    }
    figures = [cell.figure for cell in usable]
    values = np.array([figure.estimate for figure in figures], dtype=float)
    errors = np.array([_error(figure) for figure in figures], dtype=float)
    # Near a rate of 0 or 1 a small gap has a narrow interval and would dominate the mean.
    errors = np.maximum(errors, np.sqrt((errors**2).mean()))
    fit = fit_hierarchy(values, errors, sides)
    counts = (sum(figure.n_episodes for figure in figures), sum(figure.n_turns for figure in figures))
    shrunk = [
        _estimate(posterior, cell.figure.n_episodes, cell.figure.n_turns, model=cell.model, task=cell.task)
        for posterior, cell in zip(fit.cells, usable, strict=True)
    ]
    return {
        "pooled_focus_gap": [_estimate(fit.whole, *counts, model="all", task="all"), *shrunk],
        "pooled_spread": [_estimate(spread, *counts, between=side) for side, spread in fit.spreads.items()],
    }


def _error(figure: Estimate) -> float | None:
    """Return the standard error of a normal figure with the same 95 % interval; None without a width."""
    if figure.estimate is None or figure.low is None or figure.high is None or figure.high <= figure.low:
        return None
    return (figure.high - figure.low) / 2 / normal_quantile(0.975)


def _estimate(posterior: Posterior, n_episodes: int, n_turns: int, **at: str) -> Estimate:
    low, high = max(posterior.low, -1.0), min(posterior.high, 1.0)
    return Estimate(posterior.mean, low, high, n_episodes, n_turns, METHOD, at={**at, "assumes": ASSUMES})
