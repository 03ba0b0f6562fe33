"""Error rates by answering model and by model of the history, from runs with the condition `transplant:RUN`.

Every cell rests on the same states: those that all cells posed, from turn 2, as turn 1 has no history. Knows loaded
runs, no estimator.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from horizon.analysis.stats.intervals import share
from horizon.core.estimator import Estimate
from horizon.runs.manifest import TRANSPLANTS
from horizon.runs.run_data import RunData

METHOD = "share of turns on the states that all cells posed, Wilson's interval at the effective number of turns"
_STATE = ("episode_id", "seed", "turn", "state")


@dataclass(frozen=True, slots=True)
class _Cell:
    """Which model answers, whose transcript is shown, and the turns."""

    answers: str
    history: str
    rows: pl.DataFrame


def whose_history(runs: Sequence[RunData]) -> list[Estimate]:
    """Return an error rate for each answering model and each model whose history is shown, both named in `at`.

    Two runs give three or four cells if at least one of them shows the other's transcripts; otherwise none.
    """
    tables: list[Estimate] = []
    for place, one in enumerate(runs):
        for other in runs[place + 1 :]:
            cells = [*_cells(one, other), *_cells(other, one)]
            if len(cells) > 2:
                tables += _rates(cells)
    return tables


def _cells(answering: RunData, other: RunData) -> Iterator[_Cell]:
    """Yield a run's own turns, and those under transcripts of the other one."""
    turns = answering.turns.filter(pl.col("turn") > 1)
    natural = turns.filter(pl.col("condition") == "natural")
    if natural.is_empty():
        return
    names = _model(answering), _model(other)
    yield _Cell(names[0], names[0], natural)
    ids = set(other.turns["run_id"].unique().to_list())
    for condition, donor in dict(answering.manifest.get(TRANSPLANTS, {})).items():
        rows = turns.filter(pl.col("condition") == condition)
        if ids & set(donor["run_ids"]) and not rows.is_empty():
            yield _Cell(names[0], names[1], rows)


def _rates(cells: Sequence[_Cell]) -> Iterator[Estimate]:
    shared = cells[0].rows.select(_STATE).unique()
    for cell in cells[1:]:
        shared = shared.join(cell.rows.select(_STATE), on=_STATE, how="semi")
    for cell in cells:
        rows = cell.rows.join(shared, on=_STATE, how="semi")
        at = {"answers": cell.answers, "history": cell.history}
        if rows.is_empty():
            yield Estimate(None, None, None, 0, 0, METHOD, "the runs share no state after turn 1", at)
            continue
        episodes = rows.group_by("episode_id").agg((~pl.col("correct")).sum().alias("errors"), pl.len().alias("turns"))
        errors, turns = (episodes[name].to_numpy().astype(np.float64) for name in ("errors", "turns"))
        rate = share(errors, turns)
        yield Estimate(rate.estimate, rate.low, rate.high, len(turns), int(turns.sum()), METHOD, at=at)


def _model(run: RunData) -> str:
    return " and ".join(sorted(run.turns["model"].unique().to_list()))
