"""The types of a manifest's values, checked when it is read: a run folder may be damaged, or somebody else's."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from horizon.core.errors import StoreError

_DEEPEST = 60


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _are_tables(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(part, Mapping) for part in value.values())


def _is_simple_table(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(part, bool | int | float | str) for part in value.values())


_TEXT = ("a text", _is_text)
_TABLE = ("an object", _is_table)
_LIST = ("a list", _is_list)
_WHOLE = ("a whole number", _is_whole)
_TEXTS = ("a list of texts", _are_texts)
_SHAPES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "plan": _TABLE,
    "plan.environment": _TEXT,
    "plan.parameters": ("an object of plain values", _is_simple_table),
    "plan.model": _TEXT,
    "plan.opponents": _TEXTS,
    "plan.conditions": _TEXTS,
    "plan.episodes": _WHOLE,
    "plan.turns": _WHOLE,
    "plan.seed": _WHOLE,
    "plan.judge_engine": _TEXT,
    "created": _TEXT,
    "model": _TABLE,
    "opponents": ("an object of objects", _are_tables),
    "judge": _TABLE,
    "files": _TABLE,
    "git": _TABLE,
    "packages": _TABLE,
    "machine": _TABLE,
    "resumed": _LIST,
    "shard": _TABLE,
    "shard.number": _WHOLE,
    "shard.of": _WHOLE,
    "expected": _TABLE,
    "stopped_early": _TABLE,
    "stopped_early.episodes": _WHOLE,
    "stopped_early.of": _WHOLE,
    "stopped_by_cost": _TABLE,
    "prices": ("an object of objects", _are_tables),
    "unrecorded_usage": ("an object of plain values", _is_simple_table),
    "gate": _TABLE,
    "gate.verdict": _TEXT,
    "imported": _TABLE,
    "imported.from": _TEXTS,
    "written": _TABLE,
    "graded": _TABLE,
    "merged": _LIST,
}
"""Keys that may be missing, or null in JSON, and what they hold otherwise."""

_NEEDED = ("shard", "stopped_early", "gate")
"""Objects that have all of their keys, where they are there."""

_NEVER_NULL = ("plan.parameters", "plan.opponents", "plan.conditions")
"""Keys that are left out or hold something: what they hold is iterated over."""


def check_shapes(manifest: Mapping[str, Any], path: Path) -> None:
    """Check the types of what is read from a manifest.

    Raises:
        StoreError: a value of another type, with its key.
    """
    if _is_deeper(manifest, _DEEPEST):
        raise StoreError(f"{path} is damaged: its values are nested more than {_DEEPEST} deep")
    for name, (wanted, holds) in _SHAPES.items():
        outer, _, inner = name.partition(".")
        value = manifest.get(outer)
        if inner:
            value = value.get(inner) if isinstance(value, Mapping) else None
        within = manifest.get(outer)
        is_needed = (
            bool(inner)
            and isinstance(within, Mapping)
            and (outer in _NEEDED or (name in _NEVER_NULL and inner in within))
        )
        if (value is not None or is_needed) and not holds(value):
            raise StoreError(f"{path} is damaged: '{name}' is {value!r:.60}, and must be {wanted}")


def _is_deeper(value: object, most: int) -> bool:
    level: list[object] = [value]
    for _ in range(most):
        inner: list[object] = []
        for part in level:
            if isinstance(part, Mapping):
                inner += part.values()
            elif isinstance(part, list):
                inner += part
        level = inner
        if not level:
            return False
    return True
