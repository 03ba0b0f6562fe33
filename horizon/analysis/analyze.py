"""Runs to estimates: loads run folders, asks every estimator, and lays the answers out as JSON and CSV.

Estimators are found by the registry; a new file in horizon/analysis/ appears here by itself. Computes no statistic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from horizon.analysis.columns import digested
from horizon.analysis.turn_table import TurnTable, columns_read, load_table
from horizon.core import registry
from horizon.core.errors import ContractError, UsageError
from horizon.core.estimator import Estimate, checked_answers
from horizon.core.parameters import distinguishing_parameters

Estimates = Mapping[str, Estimate | list[Estimate]]
Labels = tuple[str, str, str | None, str | None]
"""Model, environment, parameters and opponent: what tells one group from another."""


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together in one curve: the episodes of one model in one setting, and their estimates."""

    model: str
    environment: str
    parameters: str | None
    opponent: str | None
    table: TurnTable
    estimates: Estimates
    told_apart: str = ""
    """The parameters that tell this group from others of the same environment, as `shift=flip`."""

    @property
    def setting(self) -> str:
        """The environment, the opponent and what else tells the group apart, in words, without the model."""
        against = f" against {self.opponent}" if self.opponent else ""
        return f"{self.environment}{against}{', ' if self.told_apart else ''}{self.told_apart}"

    def labels(self) -> dict[str, str | None]:
        """Return the columns that tell this group from the others."""
        return {
            "model": self.model,
            "environment": self.environment,
            "parameters": self.parameters,
            "opponent": self.opponent,
        }


@dataclass(frozen=True, slots=True)
class Analysis:
    """The runs, every group with its estimates, and the same over all groups together."""

    folders: tuple[Path, ...]
    table: TurnTable
    whole: Estimates
    groups: tuple[Group, ...]

    def between(self) -> dict[str, list[Estimate]]:
        """Return the lists that no group has of its own, since they hold groups against each other."""
        return {
            name: found
            for name, found in self.whole.items()
            if isinstance(found, list) and found and not any(group.estimates.get(name) for group in self.groups)
        }


def load_runs(folders: Sequence[Path]) -> TurnTable:
    """Read run folders into one table.

    Raises:
        UsageError: no folder, or the same run twice.
        StoreError: a folder is not a readable run.
    """
    if not folders:
        raise UsageError("no run folder given: name at least one, as results/play/NAME")
    from horizon.runs import run_folder

    # Diagonal: only runs of some environments have novelty and depth.
    turns = pl.concat([_light(run_folder.read_turns(folder)) for folder in folders], how="diagonal")
    episodes = pl.concat([run_folder.read_episodes(folder) for folder in folders])
    return load_table(turns, episodes)


def estimate_all(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Ask every estimator of the registry about a table; keys as the estimators name them.

    Raises:
        ContractError: an estimator returns something else than estimates, or a key that another one returned.
    """
    found: dict[str, Estimate | list[Estimate]] = {}
    for name in registry.names("estimators"):
        answers = checked_answers(name, registry.load("estimators", name), table)
        if shared := sorted(set(found) & set(answers)):
            raise ContractError(f"estimator {name} returns '{shared[0]}', as another one does: rename its key")
        found.update(answers)
    return found


def analyze_runs(folders: Sequence[Path]) -> Analysis:
    """Load runs and estimate everything, for each group and over all of them."""
    return analyze_table(load_runs(folders), folders)


def analyze_table(table: TurnTable, folders: Sequence[Path] = ()) -> Analysis:
    """Estimate everything in a loaded table, for each group and over all of them."""
    parts = groups_of(table)
    told = _told_apart([labels for labels, _ in parts])
    groups = tuple(Group(*labels, part, estimate_all(part), told[labels[1:]]) for labels, part in parts)
    whole = groups[0].estimates if len(groups) == 1 else estimate_all(table)
    return Analysis(tuple(folders), table, whole, groups)


def analyze(folders: Sequence[Path]) -> dict[str, Any]:
    """Return the one JSON object of `horizon analyze RUN --json`."""
    return describe(analyze_runs(folders))


def describe(found: Analysis) -> dict[str, Any]:
    """Return an analysis as one plain object.

    Estimates over all turns stand at the top under the estimators' names; with several groups (models,
    environments or opponents) each one's own stand in `groups`, and `pooled` is true.
    """
    return {
        "runs": [str(folder) for folder in found.folders],
        "conditions": list(found.table.conditions),
        "episodes": found.table.n_episodes,
        "aborted_episodes": found.table.n_aborted,
        "pooled": len(found.groups) > 1,
        **as_json(found.whole),
        "groups": [{**group.labels(), **as_json(group.estimates)} for group in found.groups],
    }


def as_json(estimates: Estimates) -> dict[str, Any]:
    """Return estimates as plain objects and lists of them; a list of named estimates (`at["name"]`) as one object."""
    return {name: _listed(found) if isinstance(found, list) else found.as_json() for name, found in estimates.items()}


def _listed(estimates: Sequence[Estimate]) -> dict[str, Any] | list[dict[str, Any]]:
    names = [str(estimate.at["name"]) for estimate in estimates if "name" in estimate.at]
    plain = [estimate.as_json() for estimate in estimates]
    is_named = bool(names) and len(set(names)) == len(estimates)
    return dict(zip(names, plain, strict=True)) if is_named else plain


def write_csv(analysis: Analysis, folder: Path) -> list[Path]:
    """Write one CSV for each list of estimates and `estimates.csv` for the single figures; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[dict[str, Any]]] = {"estimates": []}
    for group in analysis.groups:
        for name, found in group.estimates.items():
            if isinstance(found, list):
                rows.setdefault(name, []).extend({**group.labels(), **_flat(each)} for each in found)
            else:
                rows["estimates"].append({"estimator": name, **group.labels(), **_flat(found)})
    for name, listed in analysis.between().items():
        rows[name] = [_flat(each) for each in listed]
    paths = []
    for name, lines in sorted(rows.items()):
        if lines:
            paths.append(folder / f"{name}.csv")
            pl.DataFrame(lines, infer_schema_length=None).write_csv(paths[-1])
    return paths


def _light(turns: pl.DataFrame) -> pl.DataFrame:
    turns = digested(turns)
    return turns.select(name for name in columns_read() if name in turns.columns)


def _told_apart(labels: Sequence[Labels]) -> dict[tuple[str, str | None, str | None], str]:
    """Return for each environment, parameters and opponent the parameters that others of the environment have not."""
    found = {}
    for _, environment, parameters, opponent in labels:
        texts = [text for _, other, text, _ in labels if other == environment]
        found[environment, parameters, opponent] = distinguishing_parameters(texts, ("opponent",))[parameters]
    return found


def groups_of(table: TurnTable) -> list[tuple[Labels, TurnTable]]:
    """Return the part of each model, environment, parameters and opponent, under these labels."""
    facts = table.episodes
    labels = list(zip(facts.model, facts.environment, facts.parameters, facts.opponent, strict=True))
    different = sorted(set(labels), key=lambda label: tuple(each or "" for each in label))
    return [(each, table.choose(np.array([label == each for label in labels]))) for each in different]


def _flat(estimate: Estimate) -> dict[str, Any]:
    plain = {"note": None, **estimate.as_json()}
    return {name: value for name, value in plain.items() if not isinstance(value, list | dict)}
