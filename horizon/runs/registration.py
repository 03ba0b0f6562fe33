"""A plan that is frozen before it is played: its runs, claims and analysis version under one hash, and what was kept.

A registration is a JSON file. It does not affect playing; runs are compared with it afterwards, by their
manifests. Knows no scenario file and no estimator.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.hashing import json_digest
from horizon.core.records import Json
from horizon.core.version import __version__
from horizon.runs.manifest import first_difference, run_id_of
from horizon.runs.provenance import source_digest
from horizon.runs.run_data import RunData

_HASH = "hash"


def register(name: str, planned: Sequence[Mapping[str, Json]], estimators: Sequence[str]) -> dict[str, Json]:
    """Return the registration of planned runs, each with `name`, `plan` and, where it has claims, `expected`.

    The hash covers everything in it, so that a registration that is changed later is found out.
    """
    runs: list[Json] = [{**run, "run_id": run_id_of(_plan(run))} for run in planned]
    body: dict[str, Json] = {
        "name": name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "horizon": __version__,
        "sources": source_digest(),
        "estimators": list(estimators),
        "runs": runs,
    }
    return {**body, _HASH: _digest(body)}


def read_registration(path: Path) -> dict[str, Any]:
    """Return a registration from its file.

    Raises:
        UsageError: no such file, no registration, or one that was changed after it was frozen.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is no JSON"
        raise UsageError(f"{path} can't be read as a frozen plan: {reason}; write one with horizon freeze") from None
    if not isinstance(stored, dict) or _HASH not in stored or not isinstance(stored.get("runs"), list):
        raise UsageError(f"{path} is no frozen plan: write one with horizon freeze SCENARIO --out {path}")
    body = {key: value for key, value in stored.items() if key != _HASH}
    if _digest(body) != stored[_HASH]:
        raise UsageError(f"{path} was changed after it was frozen: its hash is {_digest(body)}, not {stored[_HASH]}")
    return stored


def deviations(registration: Mapping[str, Any], runs: Sequence[RunData]) -> list[str]:
    """Return in which points runs differ from their registration; empty where it was kept.

    Checked are: every planned run is there with exactly its plan, with all its episodes; its claims and Horizon's code
    are as they were; and no run is there that was not planned.
    """
    lines = []
    by_id = {run_id_of(run.manifest["plan"]): run for run in runs}
    for planned in registration["runs"]:
        run = by_id.pop(planned["run_id"], None)
        if run is None:
            lines.append(f"{planned['name']} is not among these runs{_nearest(planned, runs)}")
            continue
        lines += [f"{planned['name']}: {line}" for line in _of_one(registration, planned, run)]
    lines += [f"{run.name} was not planned" for run in by_id.values()]
    return lines


def verdict_lines(registration: Mapping[str, Any], runs: Sequence[RunData]) -> list[str]:
    """Return a report's lines on a registration: kept, or each deviation."""
    head = f"Plan '{registration['name']}', frozen {registration['created']} with hash {registration[_HASH]}: "
    points = deviations(registration, runs)
    if not points:
        return [head + f"kept. All {len(registration['runs'])} planned runs were played as planned and analysed."]
    return [head + f"not kept in {len(points)} points.", *points]


def _of_one(registration: Mapping[str, Any], planned: Mapping[str, Any], run: RunData) -> list[str]:
    plan, lines = planned["plan"], []
    n_planned = int(plan["episodes"]) * max(1, len(plan["opponents"]))
    n_aborted = sum(outcome == "aborted" for outcome in run.episodes["outcome"])
    if run.episodes.height != n_planned:
        lines.append(f"{run.episodes.height} of {n_planned} planned episodes are there")
    if n_aborted:
        lines.append(f"{n_aborted} episodes were aborted by the infrastructure and are in no figure")
    if run.manifest.get("expected") != planned.get("expected"):
        lines.append("its claims were changed")
    if run.manifest.get("sources") != registration["sources"]:
        lines.append(f"played with other code (Horizon {run.manifest.get('horizon')}) than was frozen")
    return lines


def _nearest(planned: Mapping[str, Any], runs: Sequence[RunData]) -> str:
    """Return how the run that is most like a planned one differs from it; nothing where none is of its task."""
    differing = []
    for run in runs:
        plan = run.manifest["plan"]
        if plan.get("environment") == planned["plan"]["environment"]:
            names = {name for name in {*plan, *planned["plan"]} if plan.get(name) != planned["plan"].get(name)}
            difference = first_difference(planned["plan"], plan)
            if difference is not None:
                differing.append(
                    (len(names), f": {run.name} has {difference[0]}={difference[2]}, not {difference[1]}")
                )
    return min(differing)[1] if differing else ""


def _plan(run: Mapping[str, Any]) -> Mapping[str, Json]:
    return run["plan"]  # type: ignore[no-any-return]


def _digest(body: Mapping[str, Any]) -> str:
    return json_digest(body, 16)
