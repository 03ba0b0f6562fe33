"""The manifest of a run folder: what must be known to trust, repeat or go on with the run.

`plan` holds what decides the turns and must agree when a run is resumed; everything else (machine, packages, git,
identities) is told as it was found. Asks the machine and git, and never fails for want of an answer.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from horizon.core.errors import ContractError, StoreError
from horizon.core.extras import ROW_EXTRAS
from horizon.core.hashing import file_sha256
from horizon.core.paths import shipped_folder
from horizon.core.records import Json
from horizon.core.registry import nearest
from horizon.core.version import __version__
from horizon.runs.row_format import SCHEMA_VERSION, replace_surrogates

MANIFEST = "manifest.json"
IMPORTED = "imported"
"""The key of a run that was not played here: where it is from, and what was left out."""

_DISTRIBUTION = "horizon-testbed"
_GIT_TIMEOUT_S = 10.0
_SOURCES = ("horizon", "engines", "scenarios", "pyproject.toml")
"""What decides a run's behaviour: only changes in here make a checkout dirty, new results do not."""


def make(
    plan: Mapping[str, Json],
    *,
    model_identity: Mapping[str, Json],
    opponent_identities: Mapping[str, Mapping[str, Json]],
    judge_identity: Mapping[str, Json] | None,
    files: Mapping[str, Path] | None = None,
) -> dict[str, Json]:
    """Return the manifest of a run that begins or goes on now; `plan` names the environment with its version.

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
        "files": {name: _digest_of(path) for name, path in (files or {}).items()},
        "horizon": __version__,
        "sources": source_digest(),
        "git": git_revision(Path(__file__).parents[1]),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": package_versions(),
        "machine": machine(),
    }


def git_revision(package: Path) -> dict[str, Json] | None:
    """Return the commit of the checkout that holds this package and whether its sources differ from it, or null.

    Null too when the package only lies inside somebody else's repository, as in a virtual environment.
    """
    # Inside a git hook these variables point to the repository of the hook.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def ask(folder: Path, *words: str) -> str:
        command = ["git", "--no-optional-locks", "-C", str(folder), *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_GIT_TIMEOUT_S, env=surroundings
        ).stdout.strip()

    try:
        ask(package, "ls-files", "--error-unmatch", "__init__.py")
        revision = ask(package, "rev-parse", "HEAD")
        return {"revision": revision, "dirty": bool(ask(package.parent, "status", "--porcelain", "--", *_SOURCES))}
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None


def source_digest() -> str:
    """Return a hash of Horizon's own code and engine files: equal where a run would be played alike.

    Unlike the commit it says so of changed checkouts and of installed packages too. Cost: 10 milliseconds.
    """
    package = Path(__file__).parents[1]
    found = hashlib.blake2b(digest_size=8)
    for folder, pattern in ((package, "**/*.py"), (shipped_folder("engines"), "*.toml")):
        for path in sorted(folder.glob(pattern)):
            found.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()


def package_versions() -> dict[str, Json]:
    """Return the installed version of each package that can change a row: the dependencies and those of `ROW_EXTRAS`.

    None where it is not installed.
    """
    try:
        required = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    names: set[str] = set()
    for line in required:
        extra = re.search(r"""extra == ["']([^"']+)""", line)
        if extra is None or extra[1] in ROW_EXTRAS:
            names.add(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0])
    versions: dict[str, Json] = {}
    for name in sorted(names, key=str.lower):
        versions[name] = None
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def machine() -> dict[str, Json]:
    """Return the operating system, the processor, its cores (all, and those this process may use), and the memory."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory: int | None = None
    with contextlib.suppress(OSError, ValueError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "platform": platform.platform(),
        "processor": _processor() or platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": usable,
        "memory_bytes": memory,
    }


def _digest_of(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as problem:
        raise StoreError(f"{path} can't be read: {problem.strerror}") from None


def _processor() -> str | None:
    try:
        found = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8", "replace"), re.MULTILINE
        )
    except OSError:
        return None
    return found.group(1).strip() if found else None


def write(folder: Path, manifest: Mapping[str, Json]) -> None:
    """Put the manifest into a folder, all of it or nothing.

    Raises:
        ContractError: it holds something that is no JSON, or no plan.
        StoreError: the folder can't be written.
    """
    _plan_of(manifest, ContractError, "this manifest")
    text = json.dumps(plain(manifest), indent=2, ensure_ascii=False) + "\n"
    temporary = folder / f"{MANIFEST}.part"
    try:
        with temporary.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / MANIFEST)
        sync_folder(folder)
    except OSError as problem:
        raise StoreError(f"{folder / MANIFEST} can't be written: {problem.strerror}") from None


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, so that a rename outlives a power cut.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path) -> dict[str, Json]:
    """Return the manifest of a run folder.

    Raises:
        StoreError: there is no such run (with the nearest ones), or its manifest is damaged or of another schema.
    """
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(_no_run(folder)) from None
    except OSError as problem:
        raise StoreError(f"{path} can't be read: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        raise StoreError(
            f"{path} is damaged: {problem}; restore it from a copy, or remove the folder and play the run again"
        ) from None
    version = found.get("schema_version") if isinstance(found, dict) else None
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema_version {version!r:.40}, and this Horizon reads {SCHEMA_VERSION}: "
            "use the version of Horizon that played the run"
        )
    _plan_of(found, StoreError, str(path))
    manifest: dict[str, Json] = found
    return manifest


def _plan_of(manifest: Mapping[str, Json], kind: type[Exception], where: str) -> Mapping[str, Json]:
    plan = manifest.get("plan")
    if not isinstance(plan, Mapping):
        raise kind(f"{where} has no 'plan': it must hold the plan of the run as an object")
    if not isinstance(plan.get("environment"), str):
        raise kind(f"{where} has no 'plan.environment', which names what was played: restore it from a copy")
    return plan


def _no_run(folder: Path) -> str:
    """Return what to say of a folder that is none of ours: what it is, and which runs are near."""
    if folder.is_file():
        return f"{folder} is a file: give the run folder, {folder.parent}"
    near = folder if folder.is_dir() else folder.parent
    try:
        runs = {str(each) for each in near.iterdir() if (each / MANIFEST).is_file()} - {str(folder)}
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
        return {replace_surrogates(name): plain(each, f"{where}.{name}") for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, f"{where}[{index}]") for index, each in enumerate(value)]
    raise ContractError(f"{where} is {value!r:.80}, which is no JSON: make it a text, number, list or mapping of them")


def refuse_other_plan(folder: Path, stored: Mapping[str, Json], given: Mapping[str, Json]) -> None:
    """Check that a run may go on with this manifest.

    Raises:
        StoreError: the plans differ, with the first key that does and both values; or the content of a file they name.
    """
    before, after = _plan_of(stored, StoreError, str(folder)), _plan_of(given, ContractError, "this manifest")
    difference = first_difference(before, plain(after, "plan"))
    if difference is not None:
        name, was, now = difference
        raise StoreError(
            f"{folder} was begun with {name}={was}, not {now}: go on with the settings it was begun with, "
            "or choose another --out"
        )
    # A run begun by an older Horizon, or a plan alone, says nothing of files.
    if "files" in stored and "files" in given:
        changed = first_difference(stored["files"], plain(given["files"], "files"))
        if changed is not None:
            raise StoreError(
                f"{folder} was begun with other content of the file given as {changed[0]}: put that back, or choose "
                "another --out"
            )


def first_difference(stored: Any, given: Json, name: str = "") -> tuple[str, str, str] | None:
    """Return the dotted name of the first part that differs with both its values as short text, or null."""
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


def resumed(stored: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    """Return the stored manifest with one more entry under `resumed`: the time, and what else is new."""
    skipped = ("plan", "schema_version", "resumed")
    new = {name: plain(value, name) for name, value in given.items() if name not in skipped}
    entry = {name: value for name, value in new.items() if name == "created" or stored.get(name) != value}
    history = stored.get("resumed")
    return {**stored, "resumed": [*(history if isinstance(history, list) else []), entry]}
