"""From runs to an `Analysis`: loads the turns and runs every estimator, for each group and over all of them.

The registry lists the estimators, so a new file in `estimators` needs no edit here. Computes no statistics.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.columns import add_digests
from horizon.analysis.multiplicity import correct_groups
from horizon.analysis.pooling import Cell, pool
from horizon.analysis.run_plans import differences, plan_text, plans_of
from horizon.analysis.turn_frame import columns_read
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core import registry
from horizon.core.errors import ContractError, UsageError
from horizon.core.estimator import Estimate, checked_answers
from horizon.core.parameters import distinguishing_parameters
from horizon.runs.prices import prices_in
from horizon.runs.run_data import RunData, read_run
from horizon.runs.usage import with_usage

Labels = tuple[str, str, str | None, str | None]
"""Model, environment, parameters and opponent: what distinguishes one group from another."""


def load_runs(folders: Sequence[Path]) -> TurnTable:
    """Read run folders into one table.

    Raises:
        UsageError: no folder, or the same run twice.
        StoreError: a folder is not a readable run.
    """
    return table_of([read_run(folder) for folder in folders])


def table_of(runs: Sequence[RunData]) -> TurnTable:
    """Return the turns of runs as one table.

    Raises:
        UsageError: no run, or the same run twice.
    """
    if not runs:
        raise UsageError("no run folder given: name at least one, as results/play/NAME")
    # Diagonal: only runs of some environments have novelty and depth.
    turns = pl.concat([_light(run) for run in runs], how="diagonal")
    return load_table(turns, pl.concat([_with_plan(run) for run in runs]))


def analyze_runs(folders: Sequence[Path]) -> Analysis:
    """Read run folders and estimate everything, for each group and over all of them.

    Raises:
        UsageError: no folder, or the same run twice.
        StoreError: a folder is not a readable run.
    """
    return analyze_data([read_run(folder) for folder in folders])


def analyze_data(runs: Sequence[RunData]) -> Analysis:
    """Estimate everything in loaded runs, for each group and over all of them."""
    return analyze_table(table_of(runs), runs)


def analyze_table(table: TurnTable, runs: Sequence[RunData] = ()) -> Analysis:
    """Estimate everything in a table, for each group and over all of them; `runs` are where its turns come from."""
    named = label_groups(table)
    estimates = correct_groups([estimate_all(group.table) for group in named])
    groups = tuple(replace(group, estimates=own) for group, own in zip(named, estimates, strict=True))
    whole = groups[0].estimates if len(groups) == 1 else {**estimate_all(table), **_pool_gaps(groups)}
    return Analysis(tuple(runs), table, whole, groups)


def label_groups(table: TurnTable) -> tuple[Group, ...]:
    """Return the groups of a table with what distinguishes them from each other, and without any estimate."""
    parts = groups_of(table)
    distinctions = _distinctions([labels for labels, _ in parts])
    return tuple(
        Group(*labels, part, {}, distinctions[labels[1:]], differs_in)
        for (labels, part), differs_in in zip(parts, _plan_differences(parts), strict=True)
    )


def _pool_gaps(groups: Sequence[Group]) -> dict[str, list[Estimate]]:
    """Return the focus gaps of all groups pooled; empty if there are too few."""
    gaps = [(group, group.estimates.get("focus_gap")) for group in groups]
    cells = [Cell(group.model, group.setting, gap) for group, gap in gaps if isinstance(gap, Estimate)]
    return {key: values for key, values in pool(cells).items() if values}


def estimate_all(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Run every estimator of the registry on a table; the estimators choose the keys.

    Raises:
        ContractError: an estimator returns something other than estimates, or a key that another one returned.
    """
    estimates: dict[str, Estimate | list[Estimate]] = {}
    for name in registry.names("estimators"):
        answers = checked_answers(name, registry.load("estimators", name), table)
        if shared := sorted(set(estimates) & set(answers)):
            raise ContractError(f"estimator {name} returns '{shared[0]}', as another one does: rename its key")
        estimates.update(answers)
    return estimates


def groups_of(table: TurnTable) -> list[tuple[Labels, TurnTable]]:
    """Return the part of the table for each model, environment, parameters and opponent, with these labels.

    Runs whose plans differ in more than seed, episodes and model are separate parts with equal labels.
    """
    facts = table.episodes
    plans = plans_of(facts.plan, table.n_episodes)
    labels = list(zip(facts.model, facts.environment, facts.parameters, facts.opponent, plans, strict=True))
    code = {
        label: place
        for place, label in enumerate(sorted(set(labels), key=lambda label: tuple(part or "" for part in label)))
    }
    place = np.array([code[label] for label in labels], dtype=np.int64)
    return [(label[:4], _own_aborted(table.choose(place == own), label[:4])) for label, own in code.items()]


def _own_aborted(part: TurnTable, labels: Labels) -> TurnTable:
    """Return a group's table with its own aborted episodes only; those without labels count for every group."""
    own = tuple(label for label in part.aborted if label in (labels, (None,) * len(labels)))
    return replace(part, aborted=own, n_aborted=len(own)) if part.aborted else part


def _plan_differences(parts: Sequence[tuple[Labels, TurnTable]]) -> list[str]:
    """Return in words how the plan of each part differs from those of other parts with the same labels."""
    texts = []
    for labels, part in parts:
        rivals = [plans_of(other.episodes.plan, 1)[0] for own, other in parts if own == labels]
        texts.append(differences(rivals)[plans_of(part.episodes.plan, 1)[0]])
    return texts


def _with_plan(run: RunData) -> pl.DataFrame:
    """Return the run's episodes with its plan; those that have not ended have their opponent and no outcome."""
    opponent = pl.col("parameters").str.json_path_match("$.opponent").alias("opponent")
    played = run.turns.select("run_id", "episode_id", "environment", "parameters", "seed", "model", opponent)
    left = played.unique(maintain_order=True).join(run.episodes, on=("run_id", "episode_id"), how="anti")
    episodes = pl.concat([run.episodes, left], how="diagonal")
    return episodes.with_columns(plan=pl.lit(plan_text(run.manifest.get("plan")), pl.String))


def _light(run: RunData) -> pl.DataFrame:
    turns = with_usage(add_digests(run.turns), prices_in(run.manifest))
    return turns.select(name for name in columns_read() if name in turns.columns)


def _distinctions(labels: Sequence[Labels]) -> dict[tuple[str, str | None, str | None], str]:
    """Return for each environment, parameters and opponent the parameters that others of the environment lack."""
    distinctions = {}
    for _, environment, parameters, opponent in labels:
        texts = [text for _, other, text, _ in labels if other == environment]
        distinctions[environment, parameters, opponent] = distinguishing_parameters(texts, ("opponent",))[parameters]
    return distinctions
