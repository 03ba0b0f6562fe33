"""Weights that stay in memory from one run to the next, while somebody asks for that; else each run loads its own.

Only the last model's are kept, so that a suite over several models needs no more memory than the largest. Knows
neither what weights are nor how they are loaded.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class _Kept:
    askers: int = 0
    found: dict[Hashable, Any] = field(default_factory=dict)


_KEPT = _Kept()


@contextmanager
def keeping_weights() -> Iterator[None]:
    """Keep the weights that are loaded inside until the end, or until others are loaded; may be nested."""
    _KEPT.askers += 1
    try:
        yield
    finally:
        _KEPT.askers -= 1
        if not _KEPT.askers:
            _KEPT.found.clear()


def weights(key: Hashable, load: Callable[[], Any]) -> Any:
    """Return what `load` returns, or what it returned last time for an equal key, where weights are kept."""
    if key in _KEPT.found:
        return _KEPT.found[key]
    # Freed before the new ones are loaded: both together might not fit.
    _KEPT.found.clear()
    found = load()
    if _KEPT.askers:
        _KEPT.found[key] = found
    return found
