"""A package that can be called: `horizon.play` is the room with the turn loop and the public function of that name.

The import system sets every subpackage as an attribute of its parent, so that a function of the same name would be
replaced by the package at the first `import horizon.play.session`. A callable package is both, whatever came first.
"""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

_OPENER = "_function_behind"


class CallablePackage(ModuleType):
    """A package whose call is a function's; the function is imported at the first call."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that shares the package's name."""
        return self.__dict__[_OPENER]()(*args, **kwargs)

    @property
    def __signature__(self) -> inspect.Signature:
        """The signature of the function, for help in notebooks."""
        return inspect.signature(self.__dict__[_OPENER]())


def make_callable(package: ModuleType, opener: Callable[[], Callable[..., Any]]) -> None:
    """Make a package callable; `opener` imports and returns the function."""
    package.__dict__[_OPENER] = opener
    package.__class__ = CallablePackage
