"""The two Parquet tables of a finished run: written from the journal, read whole or row by row.

The manifest keeps the SHA-256 of both under `written`, so that a changed byte is noticed whenever a table is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from horizon.core.errors import StoreError
from horizon.core.records import Episode, Json, Turn
from horizon.runs.journal import JOURNAL
from horizon.runs.manifest import digest_of, resume_command
from horizon.runs.replacing import replacing
from horizon.runs.row_checks import check_rows
from horizon.runs.row_format import LAYOUTS, SCHEMA_VERSION, Row

TURNS = "turns.parquet"
EPISODES = "episodes.parquet"
NAMES: dict[type[Row], str] = {Turn: TURNS, Episode: EPISODES}

WRITTEN = "written"
"""The manifest's key for what the files of the finished run were when they were written."""

_ROWS_A_GROUP = 2048
"""Rows held in memory at once while writing and while reading row by row."""

_COVERED = b"horizon_journal_bytes"

R = TypeVar("R", Turn, Episode)


def arrow_schema(kind: type[Row]) -> pa.Schema:
    """Return the columns of a table; every value that a record may lack is missing there."""
    layout = LAYOUTS[kind]
    arrow = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    columns = zip(layout.names, layout.types, layout.nullable, strict=True)
    schema = [pa.field(name, arrow[kind], nullable) for name, kind, nullable in columns]
    return pa.schema(schema, metadata={"horizon_schema_version": str(SCHEMA_VERSION)})


def arrow_table(kind: type[Row], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Return the values of rows, in the order of their columns, as a table."""
    schema = arrow_schema(kind)
    if not rows:
        return schema.empty_table()
    # By way of polars: `pa.array` would import pandas, where it is installed, to look for values of its kinds.
    kinds = {pa.string(): pl.String(), pa.int64(): pl.Int64(), pa.float64(): pl.Float64(), pa.bool_(): pl.Boolean()}
    columns = [
        pl.Series(column, dtype=kinds[field.type]).to_arrow().cast(field.type)
        for column, field in zip(zip(*rows, strict=True), schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def write_table(folder: Path, kind: type[Row], rows: Iterator[Row], journal_bytes: int) -> dict[str, Json]:
    """Write one table, whole or not at all; return what the manifest keeps of it: its rows and its SHA-256.

    `journal_bytes` is how much of the journal it holds.

    Raises:
        StoreError: the disk refuses.
    """
    path = folder / NAMES[kind]
    with replacing(path) as file:
        count = _write(file, kind, rows, journal_bytes)
    return {"rows": count, "sha256": digest_of(path)}


def _write(file: BinaryIO, kind: type[Row], rows: Iterator[Row], journal_bytes: int) -> int:
    layout, schema, count = LAYOUTS[kind], arrow_schema(kind), 0
    schema = schema.with_metadata({**schema.metadata, _COVERED: str(journal_bytes)})
    with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
        group: list[tuple[Any, ...]] = []
        for row in rows:
            group.append(layout.values(row))
            count += 1
            if len(group) == _ROWS_A_GROUP:
                writer.write_table(arrow_table(kind, group).cast(schema))
                group = []
        if group:
            writer.write_table(arrow_table(kind, group).cast(schema))
    return count


def covered_bytes(folder: Path) -> int | None:
    """Return how many bytes of the journal the tables hold; None where one of them is missing or is no table."""
    try:
        pq.read_schema(folder / EPISODES)
        metadata = pq.read_schema(folder / TURNS).metadata or {}
        return int(metadata.get(_COVERED, b"-1"))
    except (OSError, ValueError, pa.ArrowException):
        return None


def is_unchanged(folder: Path, name: str, manifest: Mapping[str, Any]) -> bool:
    """Return whether a table is as it was written; True where the manifest, of an older version, has no checksum."""
    return not has_checksum(name, manifest) or digest_of(folder / name) == manifest[WRITTEN][name].get("sha256")


def has_checksum(name: str, manifest: Mapping[str, Any]) -> bool:
    """Return whether the manifest has the checksum of a table as it was written."""
    written = manifest.get(WRITTEN)
    return isinstance(written, Mapping) and isinstance(written.get(name), Mapping)


def is_finished(folder: Path) -> bool:
    """Return whether a folder holds a run whose tables hold all that its journal holds, or held before it was torn."""
    # By size and not by time: copies and clones of a folder keep the first only.
    covered = covered_bytes(folder)
    try:
        return covered is not None and covered >= (folder / JOURNAL).stat().st_size
    except FileNotFoundError:
        return covered is not None
    except OSError:
        return False


def read_table(folder: Path, kind: type[Row], columns: Sequence[str] | None, *, is_ours: bool = False) -> pl.DataFrame:
    """Return a table, all columns or those named; `is_ours`: its checksum was verified.

    Raises:
        StoreError: it is damaged, it has other columns than a run has, or a row has values that none has.
    """
    path = folder / NAMES[kind]
    _check_columns(folder, kind)
    try:
        table = pl.read_parquet(path, columns=list(columns) if columns is not None else list(LAYOUTS[kind].names))
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise StoreError(damage_message(folder, path.name, problem)) from None
    check_rows(path, kind, table, is_ours=is_ours)
    return table


def iterate_table(folder: Path, kind: type[R]) -> Iterator[R]:
    """Yield the rows of a table as records; memory stays flat.

    Raises:
        StoreError: it is damaged, or it has other columns than a run has.
    """
    path = folder / NAMES[kind]
    _check_columns(folder, kind)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(_ROWS_A_GROUP, columns=list(LAYOUTS[kind].names)):
                for row in batch.to_pylist():
                    yield kind(**row)
    except (OSError, pa.ArrowException) as problem:
        raise StoreError(damage_message(folder, path.name, problem)) from None


def _check_columns(folder: Path, kind: type[Row]) -> None:
    """Refuse a table whose columns are not those of a run."""
    path, wanted = folder / NAMES[kind], arrow_schema(kind)
    try:
        stored = pq.read_schema(path)
    except (OSError, pa.ArrowException) as problem:
        raise StoreError(damage_message(folder, path.name, problem)) from None
    for field in wanted:
        at = stored.get_field_index(field.name)
        if at < 0:
            raise StoreError(f"{path} is no table of a run: it has no column '{field.name}'")
        kind_stored = stored.field(at).type
        if kind_stored != field.type and not (field.type == pa.string() and pa.types.is_large_string(kind_stored)):
            raise StoreError(f"{path} is no table of a run: '{field.name}' holds {kind_stored}, not {field.type}")


def damage_message(folder: Path, name: str, problem: object) -> str:
    """Return the message about a damaged table, and what to do."""
    reason = str(problem).partition("\n")[0] if str(problem) else type(problem).__name__
    if (folder / JOURNAL).exists():
        fix = f"remove it, and make it again from the journal with: {resume_command(folder)}"
    else:
        fix = "restore it from a copy"
    return f"{folder / name} is damaged ({reason}): {fix}"


def refuse_changed(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse tables that are not as they were written.

    Raises:
        StoreError: a table was changed or damaged.
    """
    for name in (TURNS, EPISODES):
        if not is_unchanged(folder, name, manifest):
            raise StoreError(damage_message(folder, name, "its checksum is not that of the file that was written"))


def name_changed_row(folder: Path, name: str) -> None:
    """Look into a table that was changed for a row with a value that no run has.

    Raises:
        StoreError: there is one; the message names it.
    """
    for kind, other in NAMES.items():
        if name == other:
            read_table(folder, kind, None)
