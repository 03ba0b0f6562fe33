"""The manifest of a run folder: what must be known to trust, repeat or resume the run.

`plan` holds what decides the turns and must agree when a run is resumed; everything else (machine, packages, git,
identities) is recorded as it was.
"""

import json
import platform
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from horizon.core.errors import ContractError, StoreError
from horizon.core.hashing import file_sha256, json_digest
from horizon.core.records import Json
from horizon.core.registry import nearest
from horizon.core.version import __version__
from horizon.runs.manifest_shapes import check_shapes
from horizon.runs.plan_limits import changed_limits, with_limits_of
from horizon.runs.provenance import git_revision, machine, package_versions, source_digest
from horizon.runs.replacing import reason_of, replace_text
from horizon.runs.row_format import SCHEMA_VERSION, replace_surrogates

MANIFEST = "manifest.json"
CHECKSUM = "checksum"
"""The key of the manifest's own checksum; who changes a manifest by hand may remove it."""

STOPPED = "stopped_early"
"""The key of a run that a gate stopped: after how many episodes, of how many, and with which verdict."""

COST_STOP = "stopped_by_cost"
"""The key of a run that its cost limit stopped: why, what was spent, and how many episodes had ended."""

CALIBRATION = "calibration"
"""The key of the calibration that chose a run's parameters."""

GATE = "gate"
"""The key of what a gate expected of the run and what came of it."""

TRANSPLANTS = "transplants"
"""The key of the runs whose transcripts were shown, by condition: their ids and models."""

HISTORIES = "histories"
"""The plan's key for what changed histories show where the state follows from earlier replies; absent in old runs."""
AS_PLAYED = "as played"

IMPORTED = "imported"
"""The key of a run that was not played here: where it is from, and what was left out."""


ADDED: Mapping[str, Json] = {"thinking": "drop"}
"""Keys of a plan that older runs lack, with the value that was in effect then."""
_MISSING = object()


def make(
    plan: Mapping[str, Json],
    *,
    model_identity: Mapping[str, Json],
    opponent_identities: Mapping[str, Mapping[str, Json]],
    judge_identity: Mapping[str, Json] | None,
    files: Mapping[str, Path] | None = None,
) -> dict[str, Json]:
    """Return the manifest of a run that is started or resumed now; `plan` names the environment with its version.

    `files` are those that the environment reads, by parameter; what they hold is kept as a hash.

    Cost: up to 50 milliseconds, for two questions to git.

    Raises:
        StoreError: one of the files can't be read.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": dict(plan),
        "model": dict(model_identity),
        "opponents": {name: dict(identity) for name, identity in opponent_identities.items()},
        "judge": None if judge_identity is None else dict(judge_identity),
        "files": {name: digest_of(path) for name, path in (files or {}).items()},
        "horizon": __version__,
        "sources": source_digest(),
        "git": git_revision(Path(__file__).parents[1]),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": package_versions(),
        "machine": machine(),
    }


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text.

    Raises:
        StoreError: it can't be read.
    """
    try:
        return file_sha256(path)
    except OSError as problem:
        raise StoreError(f"{path} can't be read: {reason_of(problem)}") from None


def write(folder: Path, manifest: Mapping[str, Json]) -> None:
    """Put the manifest into a folder, all of it or nothing.

    Raises:
        ContractError: it holds something that is no JSON, or no plan.
        StoreError: the folder can't be written.
    """
    _plan_of(manifest, ContractError, "this manifest")
    content = plain({name: value for name, value in manifest.items() if name != CHECKSUM})
    assert isinstance(content, dict)  # a mapping's plain form
    text = json.dumps({**content, CHECKSUM: _checksum(content)}, indent=2, ensure_ascii=False) + "\n"
    replace_text(folder / MANIFEST, text)


def is_as_written(manifest: Mapping[str, Json]) -> bool | None:
    """Return whether a manifest is as Horizon wrote it; None where an older version wrote no checksum."""
    if CHECKSUM not in manifest:
        return None
    return manifest[CHECKSUM] == _checksum({name: value for name, value in manifest.items() if name != CHECKSUM})


def _checksum(manifest: Mapping[str, Json]) -> str:
    return json_digest(manifest, 8)


def run_id_of(plan: Mapping[str, Json]) -> str:
    """Return a run's id: a hash of its plan, so that the same plan twice gives the same rows.

    Keys that were added later count only where they are not at the value that was in effect before.
    """
    return json_digest({key: value for key, value in plan.items() if ADDED.get(key, _MISSING) != value}, 6)


def resume_command(folder: Path, *flags: str) -> str:
    """Return the command that continues the run in a folder, for a shell; with the servers that it was played on."""
    words = ["horizon", "play", "--resume", "--out", str(folder), *flags]
    try:
        model = read(folder).get("model")
    except StoreError:
        model = None
    servers = model.get("servers") if isinstance(model, Mapping) else None
    for server in servers if isinstance(servers, list) else ():
        words += ["--base-url", str(server)]
    return shlex.join(words)


def read(folder: Path) -> dict[str, Json]:
    """Return the manifest of a run folder.

    Raises:
        StoreError: there is no such run (with the nearest ones), or its manifest is damaged or of another schema.
    """
    path = folder / MANIFEST
    try:
        stored = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(_no_run(folder)) from None
    except OSError as problem:
        raise StoreError(f"{path} can't be read: {reason_of(problem)}") from None
    except (ValueError, RecursionError) as problem:
        raise StoreError(
            f"{path} is damaged: {problem}; restore it from a copy, or remove the folder and play the run again"
        ) from None
    version = stored.get("schema_version") if isinstance(stored, dict) else None
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema_version {version!r:.40}, and this Horizon reads {SCHEMA_VERSION}: "
            "use the version of Horizon that played the run"
        )
    check_shapes(stored, path)
    _plan_of(stored, StoreError, str(path))
    manifest: dict[str, Json] = stored
    return manifest


def _plan_of(manifest: Mapping[str, Json], kind: type[Exception], where: str) -> Mapping[str, Json]:
    plan = manifest.get("plan")
    if not isinstance(plan, Mapping):
        raise kind(f"{where} has no 'plan': it must hold the plan of the run as an object")
    if not isinstance(plan.get("environment"), str):
        raise kind(f"{where} has no 'plan.environment', which names what was played: restore it from a copy")
    return plan


def _no_run(folder: Path) -> str:
    """Return the message about a folder that is no run: what it is, and which runs are near."""
    if folder.is_file():
        return f"{folder} is a file: give the run folder, {folder.parent}"
    near = folder if folder.is_dir() else folder.parent
    try:
        runs = {str(child) for child in near.iterdir() if (child / MANIFEST).is_file()} - {str(folder)}
    except OSError:
        runs = set()
    what = f"{folder} is no run folder (it has no {MANIFEST})" if folder.is_dir() else f"there is no folder {folder}"
    if runs:
        return f"{what}: {nearest(str(folder), sorted(runs)[:1000])}"
    return f"{what}: give a folder that 'horizon play --out' made"


def plain(value: Any, where: str = "manifest") -> Json:
    """Return the value as JSON gives it back: mappings as dicts, tuples as lists, texts without surrogates.

    Raises:
        ContractError: something in it is no JSON; the message names where.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and value - value == 0:
        return float(value)
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise ContractError(f"{where} has the key {name!r:.80}, which is no text")
        return {replace_surrogates(name): plain(part, f"{where}.{name}") for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, f"{where}[{index}]") for index, part in enumerate(value)]
    raise ContractError(f"{where} is {value!r:.80}, which is no JSON: make it a text, number, list or mapping of them")


def refuse_other_plan(folder: Path, stored: Mapping[str, Json], given: Mapping[str, Json]) -> None:
    """Check that a run can be resumed with this manifest; its limits of time and attempts may be others.

    Raises:
        StoreError: the plans differ, with the first key that does and both values; or the content of a file or of a
            run that they name.
    """
    before, after = _plan_of(stored, StoreError, str(folder)), _plan_of(given, ContractError, "this manifest")
    difference = first_difference({**ADDED, **before}, plain({**ADDED, **with_limits_of(before, after)}, "plan"))
    if difference is not None:
        name, was, now = difference
        raise StoreError(
            f"{folder} was started with {name}={was}, not {now}: use the settings it was started with, "
            "or choose another --out"
        )
    # A run started by an older Horizon, or a plan alone, has no checksums of files.
    if "files" in stored and "files" in given:
        changed = first_difference(stored["files"], plain(given["files"], "files"))
        if changed is not None:
            raise StoreError(
                f"{folder} was started with other content of the file given as {changed[0]}: put that back, or choose "
                "another --out"
            )
    refuse_other_transcripts(str(folder), stored, given)


def refuse_other_transcripts(name: str, stored: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Check that a run showed the transcripts that are given now (`transplant:RUN`); older runs keep no digest.

    Raises:
        StoreError: a run of that name has other rows.
    """
    before, now = stored.get(TRANSPLANTS) or {}, given.get(TRANSPLANTS) or {}
    for condition in before:
        was, own = ((side.get(condition) or {}).get("transcripts") for side in (before, now))
        if was is not None and own is not None and was != own:
            raise StoreError(
                f"{name} showed other transcripts under {condition}: put that run back as it was, or choose another "
                "--out"
            )


def first_difference(stored: Any, given: Json, name: str = "") -> tuple[str, str, str] | None:
    """Return the dotted name of the first part that differs with both its values as short text, or None."""
    if isinstance(stored, Mapping) and isinstance(given, Mapping):
        for key in [*stored, *(key for key in given if key not in stored)]:
            inner = f"{name}.{key}" if name else key
            if key not in stored or key not in given:
                both = [_short(side[key]) if key in side else "(not set)" for side in (stored, given)]
                return inner, both[0], both[1]
            difference = first_difference(stored[key], given[key], inner)
            if difference is not None:
                return difference
        return None
    # As text, because true and 1 are equal in Python and a different setting.
    same = json.dumps(stored, sort_keys=True) == json.dumps(given, sort_keys=True)
    return None if same else (name, _short(stored), _short(given))


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def mark_resumed(stored: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    """Return the stored manifest with one more entry under `mark_resumed`: the time, and what else is new."""
    skipped = ("plan", "schema_version", "resumed", CHECKSUM)
    new = {name: plain(value, name) for name, value in given.items() if name not in skipped}
    entry = {name: value for name, value in new.items() if name == "created" or stored.get(name) != value}
    entry |= changed_limits(*(_plan_of(side, ContractError, "this manifest") for side in (stored, given)))
    history = stored.get("resumed")
    return {**stored, "resumed": [*(history if isinstance(history, list) else []), entry]}
