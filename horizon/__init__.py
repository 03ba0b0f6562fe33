"""Horizon measures how a model's error rate changes as a task gets longer, and why.

    import horizon

    run = horizon.play("hanoi:disks=4", model="smollm2", episodes=8, turns=20)
    run.analyze().focus_gap

Every name is imported when it is first used, so that `import horizon` costs nothing.
"""

import importlib
import sys
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from horizon.core.version import __version__

if TYPE_CHECKING:
    from horizon.analysis.analysis import Analysis
    from horizon.api.catalog import environments, load_model, make_environment, models
    from horizon.api.comparing import compare, power
    from horizon.api.frames import analyze
    from horizon.api.playing import play
    from horizon.api.run import Run, load
    from horizon.core.environment import Environment
    from horizon.core.errors import HorizonError
    from horizon.core.estimator import Estimate
    from horizon.core.model import Model
    from horizon.core.records import Turn
    from horizon.testing.contract_checks import check_environment, check_model

__all__ = [
    "Analysis",
    "Environment",
    "Estimate",
    "HorizonError",
    "Model",
    "Run",
    "Turn",
    "__version__",
    "analyze",
    "check_environment",
    "check_model",
    "compare",
    "environments",
    "load",
    "load_model",
    "make_environment",
    "models",
    "play",
    "power",
]

_PLACES = {
    "analysis.analysis": ("Analysis",),
    "api.catalog": ("environments", "load_model", "make_environment", "models"),
    "api.comparing": ("compare", "power"),
    "api.frames": ("analyze",),
    "api.playing": ("play",),
    "api.run": ("Run", "load"),
    "core.environment": ("Environment",),
    "core.errors": ("HorizonError",),
    "core.estimator": ("Estimate",),
    "core.model": ("Model",),
    "core.records": ("Turn",),
    "testing.contract_checks": ("check_environment", "check_model"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}
_ROOMS = ("environments", "models", "play")
"""Public functions whose names are rooms too: there the package itself is made callable."""


class _Root(ModuleType):
    """The package itself; makes the rooms of `_ROOMS` callable as they are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ROOMS and isinstance(value, ModuleType):
            from horizon.core.callable_package import make_callable

            make_callable(value, partial(_function, name))
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Root


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module 'horizon' has no attribute '{name}'")
    if name in _ROOMS:
        return importlib.import_module(f"horizon.{name}")
    value = _function(name)
    globals()[name] = value
    return value


def _function(name: str) -> Any:
    return getattr(importlib.import_module(f"horizon.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, without those that were imported for them."""
    return sorted(__all__)
