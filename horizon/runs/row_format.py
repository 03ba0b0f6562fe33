"""The two kinds of row as lines of the journal: a record in, one line of JSON out, and back.

A line is `{"turn":{...}}` or `{"episode":{...}}` with the fields of the record in their order. Knows nothing of
files, folders or tables; what can be encoded here can always be stored as Arrow too.
"""

import json
import math
import operator
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, TypeAlias

from horizon.core.errors import ContractError
from horizon.core.records import Episode, Turn

Row: TypeAlias = Turn | Episode
Scalar: TypeAlias = bool | int | float | str | None

SCHEMA_VERSION = 1
"""Counts changes of the columns; written into every manifest and parquet file."""

_INT64 = 2**63
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one kind of row, worked out once from the record's fields.

    `accepted` remembers the tuples of exact types that passed the check, so that a row costs one look-up.
    """

    tag: str
    make: Callable[..., Row]
    names: tuple[str, ...]
    name_set: frozenset[str]
    types: tuple[type, ...]
    nullable: tuple[bool, ...]
    values: Callable[[Row], tuple[Scalar, ...]]
    pick: Callable[[dict[str, Any]], tuple[Scalar, ...]]
    accepted: set[tuple[type, ...]] = field(default_factory=set)


def _layout(tag: str, kind: type[Row]) -> Layout:
    names = tuple(column.name for column in fields(kind))
    hints = typing.get_type_hints(kind)
    options = [typing.get_args(hints[name]) or (hints[name],) for name in names]
    # A Literal's arguments are its values, a union's are its types.
    kinds = [{part if isinstance(part, type) else type(part) for part in option} for option in options]
    return Layout(
        tag=tag,
        make=kind,
        names=names,
        name_set=frozenset(names),
        types=tuple(next(iter(kind - {types.NoneType})) for kind in kinds),
        nullable=tuple(types.NoneType in kind for kind in kinds),
        values=operator.attrgetter(*names),
        pick=operator.itemgetter(*names),
    )


LAYOUTS: dict[type[Row], Layout] = {Turn: _layout("turn", Turn), Episode: _layout("episode", Episode)}
_BY_TAG = {layout.tag: layout for layout in LAYOUTS.values()}

_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoded = json.JSONDecoder(parse_constant=_refuse_constant).decode


def key(row: Row) -> tuple[str, int, str]:
    """Return what a row is known by: episode, turn and condition; two rows of one key are one row written twice."""
    return (row.episode_id, row.turn, row.condition) if isinstance(row, Turn) else (row.episode_id, 0, "")


def encode(row: Row) -> bytes:
    """Return a row as one line of UTF-8 with its newline at the end, and no other newline inside.

    Surrogate code points, which neither UTF-8 nor Arrow can hold, become U+FFFD; every other text comes back as
    it was. Cost: about 9 microseconds for 1.5 kB.

    Raises:
        ContractError: a value of the wrong type, not finite, or beyond 64 bits; the message names row and field.
    """
    layout = LAYOUTS[type(row)]
    values = layout.values(row)
    if tuple(map(type, values)) not in layout.accepted or not -_INT64 <= row.seed < _INT64:
        values = _convert_all(layout, values, row)
    try:
        return f'{{"{layout.tag}":{_encoded(dict(zip(layout.names, values, strict=True)))}}}\n'.encode()
    except ValueError:
        # Either a surrogate, repaired here, or a float that is not finite, which the check below reports.
        values = tuple(replace_surrogates(value) if isinstance(value, str) else value for value in values)
        values = _convert_all(layout, values, row)
        return f'{{"{layout.tag}":{_encoded(dict(zip(layout.names, values, strict=True)))}}}\n'.encode()


def replace_surrogates(text: str) -> str:
    """Return the text with each surrogate code point replaced by U+FFFD, so that it can be UTF-8."""
    return _SURROGATE.sub("\ufffd", text)


def decode(line: bytes) -> Row:
    """Return the row of a line that `encode` wrote.

    Raises:
        ValueError: the line is no such row; the message gives the reason.
    """
    try:
        tagged = _decoded(line.decode())
    except RecursionError:
        raise ValueError("brackets nested too deeply") from None
    tag, columns = next(iter(tagged.items())) if isinstance(tagged, dict) and len(tagged) == 1 else ("", None)
    if tag not in _BY_TAG or not isinstance(columns, dict):
        raise ValueError('neither {"turn":{...}} nor {"episode":{...}}')
    layout = _BY_TAG[tag]
    if columns.keys() != layout.name_set:
        odd = sorted(set(layout.names) ^ set(columns))
        raise ValueError(f"{tag} with missing or unknown fields {', '.join(odd)}")
    values = layout.pick(columns)
    row = layout.make(*values)
    if tuple(map(type, values)) in layout.accepted:
        return row
    try:
        return layout.make(*_convert_all(layout, values, row))
    except ContractError as problem:
        raise ValueError(str(problem)) from None


def _convert_all(layout: Layout, values: tuple[Scalar, ...], row: Row) -> tuple[Scalar, ...]:
    """Return the values in the exact types of their columns (numbers of other libraries converted)."""
    columns = zip(layout.names, layout.types, layout.nullable, values, strict=True)
    checked = tuple(_convert(row, *column) for column in columns)
    if all(type(was) is type(now) for was, now in zip(values, checked, strict=True)):
        layout.accepted.add(tuple(map(type, checked)))
    return checked


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def _convert(row: Row, name: str, kind: type, nullable: bool, value: object) -> Scalar:
    result: Scalar = None
    if value is None and nullable:
        return None
    if kind is str and isinstance(value, str):
        result = str.__str__(value)
    elif isinstance(value, bool):
        result = value if kind is bool else None
    elif kind is int and isinstance(value, Integral) and -_INT64 <= int(value) < _INT64:
        result = int(value)
    elif kind is float and isinstance(value, Real) and _is_finite(value):
        result = float(value)
    if result is None:
        which = f"turn {row.turn} of episode '{row.episode_id}'" if isinstance(row, Turn) else f"'{row.episode_id}'"
        wanted = {str: "text", bool: "true or false", int: "a 64-bit whole number", float: "a finite number"}[kind]
        raise ContractError(f"{which}: {name}={value!r:.80} must be {wanted}{' or None' if nullable else ''}")
    return result
