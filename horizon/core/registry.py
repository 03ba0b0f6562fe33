"""Names to modules: a package folder's listing is its registry, and other packages add by entry points.

Listing imports nothing; looking a name up imports that one module only.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Literal

from horizon.core.errors import UsageError

Kind = Literal["environments", "models", "estimators"]

# Where each kind's own modules are, and the entry-point groups of other packages (one old name for a release).
_FOLDERS: dict[Kind, str] = {
    "environments": "horizon.environments",
    "models": "horizon.models",
    "estimators": "horizon.analysis.estimators",
}
_GROUPS: dict[Kind, tuple[str, ...]] = {
    "environments": ("horizon.environments",),
    "models": ("horizon.models",),
    "estimators": ("horizon.estimators", "horizon.analysis"),
}
_NOUNS: dict[Kind, str] = {"environments": "environment", "models": "model", "estimators": "estimator"}


def names(kind: Kind) -> tuple[str, ...]:
    """Return the sorted names of one kind, Horizon's own and those of installed packages."""
    folder = importlib.import_module(_FOLDERS[kind])
    own = {module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_")}
    return tuple(sorted(own | {point.name for point in _points(kind)}))


def _points(kind: Kind) -> list[EntryPoint]:
    return [point for group in _GROUPS[kind] for point in entry_points(group=group)]


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
    """
    for point in _points(kind):
        if point.name == name:
            module = point.load()
            if isinstance(module, ModuleType):
                return module
            raise UsageError(f"entry point {point.group}:{name} is not a module: point it at one, as {point.module}")
    if name not in names(kind):
        raise UsageError(f"unknown {_NOUNS[kind]} '{name}': {nearest(name, names(kind))}")
    return importlib.import_module(f"{_FOLDERS[kind]}.{name}")
