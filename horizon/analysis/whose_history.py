"""Error rates by answering model and by model of the history, from runs with the condition `transplant:RUN`.

Every cell rests on the same states: those that all cells posed, from turn 2, as turn 1 has no history. Knows loaded
runs, no estimator.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from horizon.analysis.run_plans import differences, plan_text
from horizon.analysis.stats.intervals import share
from horizon.core.estimator import Estimate
from horizon.runs.manifest import TRANSPLANTS
from horizon.runs.run_data import RunData

METHOD = "share of turns on the states that all cells posed, Wilson's interval at the effective number of turns"
_STATE = ("episode_id", "seed", "turn", "state")


@dataclass(frozen=True, slots=True)
class _Cell:
    """Which run's model answers, whose transcript is shown (both by their places among the runs), and the turns."""

    answers: int
    history: int
    rows: pl.DataFrame


def whose_history(runs: Sequence[RunData]) -> list[Estimate]:
    """Return an error rate for each answering model and each model whose history is shown, both named in `at`.

    Two runs give three or four cells if at least one of them shows the other's transcripts; otherwise none. Models of
    one name are distinguished by their settings, their engine or their run.
    """
    tables = []
    for one, other in combinations(range(len(runs)), 2):
        cells = [*_cells(runs, one, other), *_cells(runs, other, one)]
        if len(cells) > 2:
            tables.append(cells)
    places = sorted({cell.answers for cells in tables for cell in cells})
    labels = dict(zip(places, _labels([runs[place] for place in places]), strict=True))
    return [rate for cells in tables for rate in _rates(cells, labels)]


def _cells(runs: Sequence[RunData], answering: int, other: int) -> Iterator[_Cell]:
    """Yield a run's own turns, and those under transcripts of the other one."""
    run = runs[answering]
    turns = run.turns.filter(pl.col("turn") > 1)
    natural = turns.filter(pl.col("condition") == "natural")
    if natural.is_empty():
        return
    yield _Cell(answering, answering, natural)
    ids = set(runs[other].turns["run_id"].unique().to_list())
    for condition, donor in dict(run.manifest.get(TRANSPLANTS, {})).items():
        rows = turns.filter(pl.col("condition") == condition)
        if ids & set(donor["run_ids"]) and not rows.is_empty():
            yield _Cell(answering, other, rows)


def _rates(cells: Sequence[_Cell], labels: Mapping[int, str]) -> Iterator[Estimate]:
    shared = cells[0].rows.select(_STATE).unique()
    for cell in cells[1:]:
        shared = shared.join(cell.rows.select(_STATE), on=_STATE, how="semi")
    for cell in cells:
        rows = cell.rows.join(shared, on=_STATE, how="semi")
        at = {"answers": labels[cell.answers], "history": labels[cell.history]}
        if rows.is_empty():
            yield Estimate(None, None, None, 0, 0, METHOD, "the runs share no state after turn 1", at)
            continue
        episodes = rows.group_by("episode_id").agg((~pl.col("correct")).sum().alias("errors"), pl.len().alias("turns"))
        errors, turns = (episodes[name].to_numpy().astype(np.float64) for name in ("errors", "turns"))
        rate = share(errors, turns)
        yield Estimate(rate.estimate, rate.low, rate.high, len(turns), int(turns.sum()), METHOD, at=at)


def _labels(runs: Sequence[RunData]) -> list[str]:
    """Return the name of each run's model; where several have one, with what distinguishes them."""
    names = [" and ".join(sorted(run.turns["model"].unique().to_list())) for run in runs]
    labels = list(names)
    for name in set(names):
        same = [place for place, other in enumerate(names) if other == name]
        if len(same) > 1:
            for place, mark in zip(same, _marks([runs[place] for place in same]), strict=True):
                labels[place] = f"{name} ({mark})"
    return labels


def _marks(runs: Sequence[RunData]) -> list[str]:
    """Return what distinguishes runs of one model: settings of their plans, a part of its identity, or their names."""
    plans = [_settings(run) for run in runs]
    by_plan = differences(plans)
    if len({by_plan[plan] for plan in plans}) == len(runs):
        return [by_plan[plan] for plan in plans]
    identities: list[Mapping[str, Any]] = [run.manifest.get("model") or {} for run in runs]
    for key in identities[0]:
        values = [json.dumps(identity.get(key), sort_keys=True) for identity in identities]
        if len(set(values)) == len(runs) and max(map(len, values)) <= _LONGEST:
            return [f"{key}={value}" for value in values]
    return [run.name for run in runs]


_LONGEST = 40
"""Characters of a part of a model's identity that can be read in a label."""


def _settings(run: RunData) -> str | None:
    """Return the settings that a run's replies depend on, without its conditions, as JSON."""
    plan = {key: value for key, value in dict(run.manifest.get("plan") or {}).items() if key != "conditions"}
    text = plan_text(plan)
    parameters = {f"parameters.{key}": value for key, value in dict(plan.get("parameters") or {}).items()}
    return None if text is None else json.dumps({**json.loads(text), **parameters}, sort_keys=True)
