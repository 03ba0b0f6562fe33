"""Digests of a row's texts: the little of states, actions and extras that estimators need, so that the texts can go.

A code stands for a text: equal texts have equal codes while the program runs. Knows columns, no file and no estimator.
"""

from collections.abc import Mapping

import polars as pl

CODES: Mapping[str, str] = {"state_code": "state", "action_code": "action"}
"""Columns made from texts, and the texts' columns; a null text has the code 0."""

NUMBERS = ("novelty", "depth")
"""Numbers that some environments leave in `extra`, as columns; null where a row has none."""

_NUMBER = r"-?[0-9.]+(?:[eE][-+]?[0-9]+)?"


def digested(turns: pl.DataFrame) -> pl.DataFrame:
    """Return the table with the digests of its texts beside them; a table that holds no text is returned as it is.

    Cost: 0.1 seconds for a million turns.
    """
    made = [_code(text).alias(name) for name, text in CODES.items() if text in turns.columns]
    if "extra" in turns.columns:
        # In JSON a quote inside a text is escaped, so that a reply which spells out a key never looks like one.
        made += [_number(name) for name in NUMBERS if turns["extra"].str.contains(f'"{name}":', literal=True).any()]
    return turns.with_columns(made)


def _code(text: str) -> pl.Expr:
    return pl.col(text).cast(pl.String).hash().reinterpret(signed=True) * pl.col(text).is_not_null().cast(pl.Int64)


def _number(name: str) -> pl.Expr:
    return pl.col("extra").str.extract(rf'"{name}":\s*({_NUMBER})').cast(pl.Float64, strict=False).alias(name)
