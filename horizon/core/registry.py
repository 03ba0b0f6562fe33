"""Names to modules: a package folder's listing is its registry, and other packages add by entry points.

Listing imports nothing; looking a name up imports that one module only.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from importlib.metadata import entry_points
from types import ModuleType
from typing import Literal

from horizon.core.errors import UsageError

Kind = Literal["environments", "models", "analysis"]


def names(kind: Kind) -> tuple[str, ...]:
    """Return the sorted names of one kind, Horizon's own and those of installed packages."""
    folder = importlib.import_module(f"horizon.{kind}")
    own = {module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_")}
    return tuple(sorted(own | {point.name for point in entry_points(group=f"horizon.{kind}")}))


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
    for point in entry_points(group=f"horizon.{kind}"):
        if point.name == name:
            module = point.load()
            if isinstance(module, ModuleType):
                return module
            raise UsageError(f"entry point horizon.{kind}:{name} is not a module: point it at one, as {point.module}")
    if name not in names(kind):
        what = {"environments": "environment", "models": "model", "analysis": "estimator"}[kind]
        raise UsageError(f"unknown {what} '{name}': {nearest(name, names(kind))}")
    return importlib.import_module(f"horizon.{kind}.{name}")
