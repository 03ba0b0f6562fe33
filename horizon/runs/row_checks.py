"""Rows of tables that somebody else may have made or changed: each value is one that Horizon could have written.

The first row that is not is named. Cost: 0.1 seconds for a million turns of our own, a second for those of others.
"""

import json
from pathlib import Path

import polars as pl

from horizon.core.errors import StoreError
from horizon.core.records import ERROR_KINDS, Episode, Turn
from horizon.runs.row_format import LAYOUTS, Row

_MOST_TURNS = 2**31
_LONGEST_JSON = 1_000_000


def check_rows(path: Path, kind: type[Row], table: pl.DataFrame, *, is_ours: bool = False) -> None:
    """Check the rows of a table of a run; only the columns that it has, and of our own not what `extra` holds.

    Raises:
        StoreError: a value that no run has; the message names row and column.
    """
    layout = LAYOUTS[kind]
    needed = [name for name, nullable in zip(layout.names, layout.nullable, strict=True) if not nullable]
    rules = [(name, pl.col(name).is_not_null(), "it is empty") for name in needed]
    rules += [(name, good.fill_null(True), reason) for name, good, reason in _rules(kind)]
    rules = [(name, good, reason) for name, good, reason in rules if name in table.columns]
    if "correct" not in table.columns or "error" not in table.columns:
        rules = [rule for rule in rules if rule[0] != "correct"]
    held = table.select(good.all().alias(str(place)) for place, (_, good, _) in enumerate(rules)).row(0)
    for (name, good, reason), is_held in zip(rules, held, strict=True):
        if not is_held:
            _refuse(path, kind, table, ~good, name, reason)
    for name in ("parameters",) if is_ours else ("parameters", "extra"):
        if name in table.columns:
            _check_json(path, kind, table, name)


def _rules(kind: type[Row]) -> list[tuple[str, pl.Expr, str]]:
    """Return the column, what holds for each of its values, and what to report where it does not."""
    rules = [("run_id", pl.col("run_id").str.len_bytes().is_between(1, 200), "it is no run id")]
    rules.append(("episode_id", pl.col("episode_id").str.len_bytes().is_between(1, 10_000), "it is no name"))
    if kind is Episode:
        return [*rules, ("turns", pl.col("turns").is_between(0, _MOST_TURNS), "it is no number of turns")]
    for name in ("loss", "random_loss"):
        rules.append((name, pl.col(name).is_between(0, 1), "a loss is from 0 to 1"))
    for name in ("latency_ms", "engine_ms"):
        rules.append((name, pl.col(name).is_between(0, 1e15), "it is no duration"))
    for name in ("prompt_tokens", "context_tokens", "completion_tokens", "prior_errors"):
        rules.append((name, pl.col(name).is_between(0, 2**40), "it is no count"))
    is_right = pl.col("error") == "none"
    return [
        *rules,
        ("turn", pl.col("turn").is_between(1, _MOST_TURNS), "turns count from 1"),
        ("attempts", pl.col("attempts").is_between(0, _MOST_TURNS), "it is no count"),
        ("error", pl.col("error").is_in(ERROR_KINDS), f"the kinds of error are {', '.join(ERROR_KINDS)}"),
        ("condition", pl.col("condition").str.len_bytes().is_between(1, 10_000), "it is no condition"),
        ("correct", pl.col("correct") == is_right, "it contradicts 'error'"),
    ]


def _check_json(path: Path, kind: type[Row], table: pl.DataFrame, name: str) -> None:
    """Check that a column holds JSON objects."""
    # Nearly all texts of a run have a few forms; numbers and plain texts inside them do not change whether it is JSON.
    form = (
        pl.col(name).str.replace_all(r'"[A-Za-z0-9 _.,:;/+*=-]*"', '""').str.replace_all(r"-?[0-9]+(\.[0-9]+)?", "0")
    )
    texts = table.lazy().select(pl.col(name).unique()).select(form.alias("form"), pl.col(name))
    forms = texts.group_by("form").agg(pl.col(name).first()).collect()
    for text in forms[name].to_list():
        reason = _wrong_json(text)
        if reason is not None:
            _refuse(path, kind, table, pl.col(name) == text, name, reason)


def _wrong_json(text: str) -> str | None:
    try:
        value = json.loads(text) if len(text) <= _LONGEST_JSON or text.startswith("{") else None
    except (ValueError, RecursionError) as problem:
        return f"it is no JSON ({str(problem)[:80]})"
    return None if isinstance(value, dict) else "it is no JSON object"


def _refuse(path: Path, kind: type[Row], table: pl.DataFrame, which: pl.Expr, name: str, reason: str) -> None:
    row = table.with_row_index("row_in_file", 1).filter(which).row(0, named=True)
    place = f"episode {row.get('episode_id')!r:.60}"
    if kind is Turn and "turn" in row:
        place = f"turn {row['turn']!r:.20} of {place}"
    raise StoreError(
        f"{path} is no table of a run: '{name}' of row {row['row_in_file']} ({place}) is {row[name]!r:.60}: {reason}"
    )
