"""Names to modules: a package folder's listing is its registry, and other packages add by entry points.

Listing imports nothing; looking a name up imports that one module only. A module of another package that can't be
imported raises a `PluginError` with that package's own traceback.
"""

import difflib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Literal

from horizon.core.errors import PluginError, UsageError
from horizon.core.plugin_faults import own_traceback, package_at_fault

Kind = Literal["environments", "models", "estimators", "importers", "exporters", "trackers"]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the modules of a kind are: a package of Horizon's, and the entry-point groups of other packages."""

    noun: str
    package: str
    groups: tuple[str, ...]


_SOURCES: dict[Kind, _Source] = {
    "environments": _Source("environment", "horizon.environments", ("horizon.environments",)),
    "models": _Source("model", "horizon.models", ("horizon.models",)),
    # The second group is the old name, read for one more release.
    "estimators": _Source("estimator", "horizon.analysis.estimators", ("horizon.estimators", "horizon.analysis")),
    "importers": _Source("import format", "horizon.importers", ("horizon.importers",)),
    "exporters": _Source("export form", "horizon.exporters", ("horizon.exporters",)),
    "trackers": _Source("tracker", "horizon.trackers", ("horizon.trackers",)),
}


def names(kind: Kind) -> tuple[str, ...]:
    """Return the sorted names of one kind, Horizon's own and those of installed packages."""
    return tuple(sorted(_own_names(kind) | {point.name for point in _points(kind)}))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a phrase for an error message: the nearest of the known names, or all of them when none is near."""
    known = sorted(known)
    close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(f"'{match}'" for match in close) + "?"
    return "known: " + ", ".join(known) if known else "none are known"


def load(kind: Kind, name: str) -> ModuleType:
    """Import and return the module behind a name.

    Raises:
        UsageError: no such name; the message gives the nearest ones.
        PluginError: the module is another package's, and raises when it is imported.
    """
    for point in _points(kind):
        if point.name == name:
            return _plugin(point)
    if name not in names(kind):
        raise UsageError(f"unknown {_SOURCES[kind].noun} '{name}': {nearest(name, names(kind))}")
    return importlib.import_module(f"{_SOURCES[kind].package}.{name}")


def plugin_packages() -> dict[str, str]:
    """Return the top-level packages that entry points name, each with the name of its distribution."""
    points = [point for kind in _SOURCES for point in _points(kind)]
    return {point.module.partition(".")[0]: point.dist.name if point.dist else point.module for point in points}


def plugin_fault(problem: Exception) -> PluginError | None:
    """Return an exception that the code of an installed plug-in raised as a `PluginError`; None for any other."""
    packages = plugin_packages()
    package = package_at_fault(problem, packages)
    if package is None:
        return None
    cause = f"{type(problem).__name__}: {problem}".rstrip(": ")
    return PluginError(f"plug-in {packages[package]} failed: {cause}", own_traceback(problem, packages))


def _own_names(kind: Kind) -> set[str]:
    package = importlib.util.find_spec(_SOURCES[kind].package)
    folders = package.submodule_search_locations if package is not None else None
    return {module.name for module in pkgutil.iter_modules(folders or ()) if not module.name.startswith("_")}


def _points(kind: Kind) -> list[EntryPoint]:
    path = tuple(sys.path)
    return [point for group in _SOURCES[kind].groups for point in _installed_points(group, path)]


@lru_cache(maxsize=64)
def _installed_points(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group on a path. Cost: 10 to 20 milliseconds the first time, to read the disk."""
    return tuple(entry_points(group=group))


def _plugin(point: EntryPoint) -> ModuleType:
    where = f"entry point {point.group}:{point.name} ({point.value})"
    try:
        module = point.load()
    except Exception as problem:
        cause = f"{type(problem).__name__}: {problem}"
        trace = own_traceback(problem, plugin_packages())
        raise PluginError(f"{where} can't be loaded: {cause}", trace) from problem
    if not isinstance(module, ModuleType):
        raise UsageError(f"{where} is not a module: point it at one, as {point.module}")
    return module
