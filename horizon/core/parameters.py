"""Named settings such as `chess:notation=uci,color=black`: parsed, checked and described in one place.

An environment or model is a frozen dataclass whose fields are made by `parameter`. Knows nothing of either.
"""

import json
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar

from horizon.core.errors import UsageError
from horizon.core.records import Json
from horizon.core.registry import nearest

T = TypeVar("T")
Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a user: its type's name, default, inclusive range or choices, and one line of help.

    An `added` one came after runs had been recorded: at its default it is in no plan, so that theirs stay as they are.
    """

    name: str
    type: str
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    added: bool = False


def parameter(
    default: Any,
    help: str,  # noqa: A002 - the name that users of argparse and typer know
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    added: bool = False,
) -> Any:
    """Declare a dataclass field that users set by name; `low` and `high` are inclusive; `added` as in `Parameter`."""
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "added": added}
    return field(default=default, metadata=metadata)


MAIN = ""
"""The key of a value that is written without one, as in `reasoning_gym:chain_sum`; `main_parameter` names it."""


def split_name(text: str) -> tuple[str, dict[str, str]]:
    """Split `name:key=value,key=value` into the name and its settings; a first value without a key is under `MAIN`.

    Raises:
        UsageError: a later setting without `=`, without a key, or given twice.
    """
    name, _, rest = text.strip().partition(":")
    first, _, others = rest.partition(",")
    if first.strip() and "=" not in first:
        return name, {MAIN: first.strip(), **settings(others, text)}
    return name, settings(rest, text)


def join_name(name: str, settings: Mapping[str, Json]) -> str:
    """Return `name:key=value,key=value`, which `split_name` splits again; the name alone where nothing is set."""
    pairs = ",".join(f"{key}={value}" for key, value in settings.items())
    return f"{name}:{pairs}" if pairs else name


def settings(text: str, whole: str | None = None) -> dict[str, str]:
    """Parse `key=value,key=value`; `whole` is the text that an error message quotes.

    Raises:
        UsageError: a setting without `=`, without a key, or given twice.
    """
    pairs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"'{part}' in '{whole or text}' is not a setting: write it as key=value")
        if key.strip() in pairs:
            raise UsageError(f"'{key.strip()}' is set twice in '{whole or text}': keep one of them")
        pairs[key.strip()] = value.strip()
    return pairs


def describe(kind: type[Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a dataclass, in the order of its fields."""
    hints = typing.get_type_hints(kind)
    return tuple(_describe_field(entry, hints[entry.name]) for entry in fields(kind) if "help" in entry.metadata)


def build(kind: type[T], given: Mapping[str, Value], what: str) -> T:
    """Make the dataclass from settings, each checked for type, range and choices; `what` names it in messages.

    Raises:
        UsageError: an unknown key (with the nearest ones), or a value of the wrong type or out of range.
    """
    return kind(**check_values(kind, given, what))


def check_values(kind: type[Any], given: Mapping[str, Value], what: str) -> dict[str, Value]:
    """Return settings as their parameters' types, each checked by itself.

    Raises:
        UsageError: an unknown key (with the nearest ones), or a value of the wrong type or out of range.
    """
    known = {entry.name: entry for entry in describe(kind)}
    checked: dict[str, Value] = {}
    for key, value in given.items():
        if key == MAIN:
            if not hasattr(kind, "main_parameter"):
                written = f"{what.rpartition(' ')[2]}:{value}"
                raise UsageError(f"'{value}' in '{written}' is not a setting: write it as key=value")
            key = str(kind.main_parameter)
        if key in checked:
            raise UsageError(f"'{key}' is set twice for {what}: keep one of them")
        if key not in known:
            raise UsageError(f"{what} has no parameter '{key}': {nearest(key, known)}")
        checked[key] = _check(known[key], value, what)
    return checked


def values(instance: Any) -> dict[str, Json]:
    """Return the parameters of a built dataclass, defaults filled in, but for those that were added later."""
    pairs = ((entry, getattr(instance, entry.name)) for entry in describe(type(instance)))
    return {entry.name: value for entry, value in pairs if not entry.added or value != entry.default}


def _describe_field(entry: Field[Any], hint: Any) -> Parameter:
    if entry.default is MISSING:
        raise TypeError(f"parameter {entry.name} needs a default")
    names = {bool: "bool", int: "int", float: "float", str: "str"}
    return Parameter(entry.name, names[hint], entry.default, **entry.metadata)


def _check(known: Parameter, value: Value, what: str) -> Value:
    wrong = f"{what}: {known.name}={value} "
    result: Value
    if known.type == "bool":
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if str(value).lower() not in words:
            raise UsageError(wrong + "is neither true nor false")
        result = words[str(value).lower()]
    elif known.type == "int":
        try:
            result = int(str(value))
        except ValueError:
            raise UsageError(wrong + "is not a whole number") from None
    elif known.type == "float":
        try:
            result = float(str(value))
        except ValueError:
            raise UsageError(wrong + "is not a number") from None
    else:
        result = str(value)
        if known.choices and result not in known.choices:
            raise UsageError(wrong + f"is not one of its choices: {nearest(result, known.choices)}")
    if isinstance(result, int | float) and not isinstance(result, bool):
        low, high = known.low, known.high
        if result != result or (low is not None and result < low) or (high is not None and result > high):
            bounds = " to ".join(str(bound) for bound in (low, high) if bound is not None)
            raise UsageError(wrong + f"is out of range: {'at least ' if high is None else ''}{bounds}")
    return result


def distinguishing_parameters(texts: Iterable[str | None], leave_out: Sequence[str] = ()) -> dict[str | None, str]:
    """Return, for each JSON text of parameters, the settings that differ between them, as `shift=flip`."""
    parsed: dict[str | None, dict[str, Json]] = {text: json.loads(text) if text else {} for text in texts}
    names = sorted({name for settings in parsed.values() for name in settings if name not in leave_out})
    differing = [name for name in names if len({str(settings.get(name)) for settings in parsed.values()}) > 1]
    return {
        text: " ".join(f"{name}={known[name]}" for name in differing if name in known)
        for text, known in parsed.items()
    }
