"""`horizon.analyze`: runs, run folders, or anybody's rows in; an `Analysis` out.

Rows of another harness are checked here and completed to the columns that the turn table needs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.api.run import Run, load
from horizon.core.errors import UsageError
from horizon.core.records import ERROR_KINDS
from horizon.core.registry import nearest

REQUIRED = ("episode_id", "turn", "correct")
TEXTS: Mapping[str, str | None] = {"condition": "natural", "model": "model", "environment": "task", "state": None}
"""Columns of text that are used where present, and the value in place of an absent one."""

NUMBERS: Mapping[str, tuple[float, float]] = {
    "loss": (0, 1),
    "random_loss": (0, 1),
    "context_tokens": (0, float("inf")),
    "prior_errors": (0, float("inf")),
}
"""Columns of numbers that are used where present, and the range of each; no value, NaN and None mean unknown."""


def analyze(source: Any) -> Analysis:
    """Return every estimate of a run, of run folders, or of rows that any other harness made.

    Parameters
    ----------
    source
        A `Run`; a run folder or a list of them; or rows: a pandas or polars DataFrame, an Arrow table, or a dict of
        lists, with a row per turn. Columns:

        - `episode_id` (required): text or whole number;
        - `turn` (required): whole number from 1;
        - `correct` (required): true or false, or 1 and 0;
        - `condition`: `natural` (the model saw its own history; the default), `fresh` (the same state, no history),
          `healed`, `padded`, `foreign`, `corrupted:0.3`, ...; rows of equal `episode_id` and `turn` are one state;
        - `seed`: whole number that names the instance, so that models are compared on equal ones; by default equal
          `episode_id`s are equal instances;
        - `model`, `environment`: text; each pair is a group of its own;
        - `state`: text;
        - `loss`, `random_loss`: 0 to 1, that of the action and the mean over all legal actions;
        - `context_tokens`: tokens of the whole input;
        - `error`: none, no_answer, unparsable, illegal, wrong, truncated, refusal or malformed_call;
        - `prior_errors`: errors in the history shown; counted for natural rows by default.

        Other columns are ignored.

    Returns
    -------
    Analysis
        What `horizon analyze` prints, by name.

    Raises
    ------
    UsageError
        A required column is missing, or a value has the wrong type or range; the message has column, row and fix.
    StoreError
        A folder is no readable run.

    Examples
    --------
    >>> import horizon
    >>> rows = {
    ...     "episode_id": ["a", "a", "b", "b", "c", "c", "d", "d"],
    ...     "turn": [1, 2, 1, 2, 1, 2, 1, 2],
    ...     "correct": [True, False, True, True, True, False, True, False],
    ... }
    >>> analysis = horizon.analyze(rows)
    >>> analysis.error_rate.estimate
    0.375
    >>> analysis.error_by_turn.to_polars()["estimate"].to_list()
    [0.0, 0.75]
    """
    if isinstance(source, Run):
        return source.analyze()
    if isinstance(source, str | Path) or _is_folders(source):
        return load(source).analyze()
    return analyze_table(load_table(turns_of(frame_of(source))))


def frame_of(source: Any) -> pl.DataFrame:
    """Return rows of any supported kind as a polars frame.

    Raises:
        UsageError: another kind, or columns of unequal length.
    """
    kind = type(source).__module__.partition(".")[0]
    try:
        if isinstance(source, pl.DataFrame):
            return source
        if isinstance(source, pl.LazyFrame):
            return source.collect()
        if kind == "pandas":
            return _of_pandas(source)
        if isinstance(source, Mapping):
            return pl.DataFrame({str(name): list(values) for name, values in source.items()}, strict=False)
        if hasattr(source, "__arrow_c_stream__"):
            return pl.DataFrame(source)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as problem:
        raise UsageError(f"the rows can't be read as a table: {problem}") from None
    raise UsageError(
        f"{type(source).__name__} is no table of turns: give a pandas or polars DataFrame, an Arrow table, a dict of "
        "lists, a Run or a run folder"
    )


def turns_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that the turn table needs, each checked and of its type.

    Raises:
        UsageError: a missing column, a value of the wrong type or range, or a turn twice.
    """
    for name in REQUIRED:
        if name not in frame.columns:
            raise UsageError(f"the rows have no column '{name}': {nearest(name, frame.columns)}; it is required")
    columns = [_names(frame, "episode_id"), _whole(frame, "turn", 1), _flags(frame)]
    for name, default in TEXTS.items():
        if name in frame.columns:
            columns.append(_names(frame, name) if default is not None else _texts(frame, name))
        elif default is not None:
            columns.append(pl.repeat(default, frame.height, eager=True).alias(name))
    columns += [_numbers(frame, name, *bounds) for name, bounds in NUMBERS.items() if name in frame.columns]
    turns = pl.DataFrame([*columns, _errors(frame, columns[2])])
    # Two models may have played one episode_id: both together identify an episode.
    turns = turns.with_columns(run_id=pl.format("{} {}", "model", "environment"))
    if "seed" in frame.columns:
        turns = turns.with_columns(_whole(frame, "seed", -(2**63)))
    else:
        turns = turns.with_columns(seed=pl.col("episode_id").rank("dense").cast(pl.Int64) - 1)
    _refuse_repeated(turns)
    return turns if "prior_errors" in turns.columns else _with_prior_errors(turns)


def _of_pandas(source: Any) -> pl.DataFrame:
    # Column by column: one of mixed types must be reported by its own name.
    columns = []
    for name in source.columns:
        values = source[name]
        if values.dtype == object or str(values.dtype) == "category":
            columns.append(
                pl.Series(str(name), [None if _is_missing(v) else v for v in values.tolist()], strict=False)
            )
        else:
            columns.append(pl.Series(str(name), pl.from_pandas(values.reset_index(drop=True))))
    return pl.DataFrame(columns)


def _is_missing(value: Any) -> bool:
    return value is None or value != value


def _names(frame: pl.DataFrame, name: str) -> pl.Series:
    """Return a column of texts or whole numbers as texts, none of them missing."""
    column = frame[name]
    if not (column.dtype in (pl.String, pl.Categorical, pl.Enum) or column.dtype.is_integer()):
        raise _wrong_type(column, "text or a whole number")
    _refuse_null(column)
    return column.cast(pl.String)


def _texts(frame: pl.DataFrame, name: str) -> pl.Series:
    column = frame[name]
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        raise _wrong_type(column, "text")
    return column.cast(pl.String)


def _whole(frame: pl.DataFrame, name: str, least: int) -> pl.Series:
    column = frame[name]
    if not column.dtype.is_numeric():
        raise _wrong_type(column, "a whole number")
    _refuse_null(column)
    broken = (
        column.cast(pl.Float64) != column.cast(pl.Float64).floor() if column.dtype.is_float() else column != column
    )
    _refuse(column, broken, "a whole number")
    _refuse(column, column < least, f"a whole number from {least}; turns count from 1" if name == "turn" else "larger")
    return column.cast(pl.Int64)


def _flags(frame: pl.DataFrame) -> pl.Series:
    column = frame["correct"]
    if column.dtype != pl.Boolean and not column.dtype.is_numeric():
        raise _wrong_type(column, "true or false, or 1 and 0")
    _refuse_null(column, "leave out rows that were not judged")
    if column.dtype != pl.Boolean:
        _refuse(column, ~column.is_in([0, 1]), "true or false, or 1 and 0")
    return column.cast(pl.Boolean)


def _numbers(frame: pl.DataFrame, name: str, low: float, high: float) -> pl.Series:
    column = frame[name]
    if not column.dtype.is_numeric() and column.dtype != pl.Null:
        raise _wrong_type(column, "a number")
    column = column.cast(pl.Float64).fill_nan(None)
    bounds = f"a number from {low:g}" + ("" if high == float("inf") else f" to {high:g}")
    _refuse(column, (column < low) | (column > high) | column.is_infinite(), bounds)
    return column.cast(pl.Int64) if name == "prior_errors" else column


def _errors(frame: pl.DataFrame, correct: pl.Series) -> pl.Series:
    """Return the kind of error of each row: `wrong` where it is not given; refuse one that contradicts `correct`."""
    derived = pl.Series("error", ["none" if is_correct else "wrong" for is_correct in correct], dtype=pl.String)
    if "error" not in frame.columns:
        return derived
    given = _texts(frame, "error")
    unknown = given.is_not_null() & ~given.is_in(list(ERROR_KINDS))
    _refuse(given, unknown, f"one of {', '.join(ERROR_KINDS)}")
    _refuse(given, given.is_not_null() & ((given == "none") != correct), "none exactly where 'correct' is true")
    return given.fill_null(derived)


def _refuse_repeated(turns: pl.DataFrame) -> None:
    key = ("run_id", "episode_id", "turn", "condition")
    repeated = turns.filter(turns.select(key).is_duplicated())
    if repeated.height:
        row = repeated.row(0, named=True)
        raise UsageError(
            f"turn {row['turn']} of episode '{row['episode_id']}' is there twice under '{row['condition']}': "
            "give each attempt or sample an episode_id or a condition of its own"
        )


def _with_prior_errors(turns: pl.DataFrame) -> pl.DataFrame:
    """Count the errors in the history of natural rows; other conditions show none, but for `corrupted`."""
    corrupted = [name for name in turns["condition"].unique().to_list() if name.startswith("corrupted")]
    if corrupted:
        raise UsageError(
            f"condition '{min(corrupted)}' needs a column 'prior_errors': the number of errors in the history"
        )
    ordered = turns.sort("run_id", "episode_id", "condition", "turn")
    earlier = (~pl.col("correct")).cast(pl.Int64)
    counted = (earlier.cum_sum() - earlier).over("run_id", "episode_id", "condition")
    return ordered.with_columns(prior_errors=pl.when(pl.col("condition") == "natural").then(counted).otherwise(0))


def _refuse_null(column: pl.Series, fix: str = "fill it in, or leave the row out") -> None:
    missing = (column.is_null() | column.is_nan()) if column.dtype.is_float() else column.is_null()
    if missing.any():
        raise UsageError(f"row {missing.arg_true()[0]} has no value in column '{column.name}': {fix}")


def _refuse(column: pl.Series, is_bad: pl.Series, wanted: str) -> None:
    rows = is_bad.fill_null(False).arg_true()
    if len(rows):
        raise UsageError(f"row {rows[0]} has {column.name}={column[rows[0]]!r:.60}: it must be {wanted}")


def _wrong_type(column: pl.Series, wanted: str) -> UsageError:
    value = next((value for value in column if value is not None), None)
    return UsageError(f"column '{column.name}' holds {value!r:.60} ({column.dtype}): it must hold {wanted}")


def _is_folders(source: Any) -> bool:
    is_list = isinstance(source, Sequence) and not isinstance(source, str)
    return is_list and bool(source) and all(isinstance(path, str | Path) for path in source)
