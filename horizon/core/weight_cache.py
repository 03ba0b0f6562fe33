"""In-memory cache of model weights between runs; outside `keeping_weights` every run loads its own.

Only the last model's weights are cached, so that a suite over several models needs no more memory than the largest.
Knows neither what weights are nor how they are loaded.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class _Kept:
    askers: int = 0
    loaded: dict[Hashable, Any] = field(default_factory=dict)


_KEPT = _Kept()


@contextmanager
def keeping_weights() -> Iterator[None]:
    """Cache the weights that are loaded inside the block until its end, or until others are loaded; may be nested."""
    _KEPT.askers += 1
    try:
        yield
    finally:
        _KEPT.askers -= 1
        if not _KEPT.askers:
            _KEPT.loaded.clear()


def weights(key: Hashable, load: Callable[[], Any]) -> Any:
    """Return the result of `load`; inside `keeping_weights`, the cached result of an earlier call with this key."""
    if key in _KEPT.loaded:
        return _KEPT.loaded[key]
    # Freed before the new weights are loaded: both together might not fit into memory.
    _KEPT.loaded.clear()
    loaded = load()
    if _KEPT.askers:
        _KEPT.loaded[key] = loaded
    return loaded
