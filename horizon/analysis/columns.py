"""Digests of a row's texts: codes of states and actions, numbers of `extra`. With them the texts can be dropped.

Equal texts have equal codes within one process. Knows columns, no files; of estimators only the numbers they request.
"""

import re
from collections.abc import Mapping

import polars as pl

from horizon.core import registry
from horizon.core.errors import ContractError
from horizon.core.records import Turn

CODES: Mapping[str, str] = {"state_code": "state", "action_code": "action"}
"""Code columns and the text columns they are made from; an absent text has the code 0."""

DERIVED: Mapping[str, str] = {"reply_code": "reply"}
"""Codes that an estimator's `COLUMNS` may name like a number of `extra`, and their text columns; NaN for no text."""

_CODE_RANGE = 1 << 52
"""Codes read as floats stay below this, so that they are exact."""
_NUMBER = r"-?[0-9.]+(?:[eE][-+]?[0-9]+)?"


def extra_numbers() -> tuple[str, ...]:
    """Return the names of the numbers that estimators read from `extra`: the union of their `COLUMNS`, sorted.

    Raises:
        ContractError: an estimator asks for a name that is a column of every row.
        PluginError: an estimator of another package can't be imported.
    """
    wanted = set()
    for name in registry.names("estimators"):
        own = getattr(registry.load("estimators", name), "COLUMNS", ())
        if taken := sorted({*own} & ({*Turn.__dataclass_fields__, *CODES} - {*DERIVED})):
            raise ContractError(f"estimator {name}: COLUMNS has '{taken[0]}', a column of every row: rename it")
        wanted |= {*own}
    return tuple(sorted(wanted))


def extra_choices() -> dict[str, tuple[str, ...]]:
    """Return the fixed sets of texts that estimators read from `extra`: the union of their `CHOICES`, by name.

    Raises:
        PluginError: an estimator of another package can't be imported.
    """
    choices: dict[str, tuple[str, ...]] = {}
    for name in registry.names("estimators"):
        choices |= getattr(registry.load("estimators", name), "CHOICES", {})
    return choices


def extra_names() -> tuple[str, ...]:
    """Return all names that `Sample.value` accepts: numbers and choices of `extra`, and derived codes."""
    return tuple(sorted({*extra_numbers(), *extra_choices()}))


def add_digests(turns: pl.DataFrame) -> pl.DataFrame:
    """Return the table with the digests of its texts added; a table without texts is returned unchanged.

    Cost: 0.1 seconds for a million turns.
    """
    made = [_code(text).alias(name) for name, text in CODES.items() if text in turns.columns]
    made += [_float_code(text).alias(name) for name, text in DERIVED.items() if text in turns.columns]
    if "extra" in turns.columns:
        # In JSON a quote inside a text is escaped, so a reply that quotes a key is never mistaken for one.
        wanted = [name for name in extra_numbers() if name not in DERIVED]
        held = [name for name in wanted if turns["extra"].str.contains(f'"{name}":', literal=True).any()]
        made += [_number(name) for name in held]
        choices = extra_choices()
        held = [name for name in choices if turns["extra"].str.contains(f'"{name}":', literal=True).any()]
        made += [_choice(name, choices[name]) for name in held]
    return turns.with_columns(made)


def _code(text: str) -> pl.Expr:
    return pl.col(text).cast(pl.String).hash().reinterpret(signed=True) * pl.col(text).is_not_null().cast(pl.Int64)


def _float_code(text: str) -> pl.Expr:
    return (pl.col(text).cast(pl.String).hash() % _CODE_RANGE).cast(pl.Float64)


def _choice(name: str, texts: tuple[str, ...]) -> pl.Expr:
    """Return the index of a choice among its texts, from 1; no value if a row has none or another."""
    text = pl.col("extra").str.extract(rf'"{re.escape(name)}":\s*"([^"\\]*)"')
    places = [float(place) for place in range(1, len(texts) + 1)]
    return text.replace_strict(list(texts), places, default=None, return_dtype=pl.Float64).alias(name)


def _number(name: str) -> pl.Expr:
    return (
        pl.col("extra").str.extract(rf'"{re.escape(name)}":\s*({_NUMBER})').cast(pl.Float64, strict=False).alias(name)
    )
