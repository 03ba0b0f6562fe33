"""The run folder: begun, resumed, finished and read again.

While playing it holds `manifest.json` and the journal `turns.jsonl`; finishing adds `turns.parquet` and
`episodes.parquet`, both in one order whatever the order of play. Knows rows and files, no model and no estimator.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from horizon.core.errors import StoreError, UsageError
from horizon.core.records import Episode, Json, Turn
from horizon.runs import manifest as manifests
from horizon.runs.journal import JOURNAL, LOCK, Entry, Journal, Lock, entries
from horizon.runs.row_format import LAYOUTS, SCHEMA_VERSION, Row, decode, key

TURNS = "turns.parquet"
EPISODES = "episodes.parquet"
_ROWS = {JOURNAL, TURNS, EPISODES}
_OURS = {*_ROWS, LOCK, manifests.MANIFEST, f"{manifests.MANIFEST}.part"}
_ROWS_A_GROUP = 2048
"""Rows held in memory at once while finishing and while reading row by row."""

_IDENTITY = ("plan", "model", "opponents", "judge", "files", "shard", "graded", "sources")
"""Parts of a manifest in which two folders of one run agree."""

_COVERED = b"horizon_journal_bytes"

R = TypeVar("R", Turn, Episode)


def check_new(folder: Path) -> None:
    """Check that a new run can be begun in this folder, before anything slow is done for it.

    Raises:
        UsageError: it is a file, holds a run already, or holds something else; the message says what to do.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and a run needs a folder: choose another --out")
    found = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    if manifests.MANIFEST in found:
        raise UsageError(f"{folder} holds a run already: go on with it by --resume, or choose another --out")
    left = sorted(each for each in found & _ROWS if (folder / each).stat().st_size)
    if left:
        # Its rows would be taken for the new run's.
        raise UsageError(
            f"{folder} holds what a run played ({left[-1]}) without its {manifests.MANIFEST}: restore that from a "
            "copy, remove the folder, or choose another --out"
        )
    strangers = sorted(found - _OURS)
    if strangers:
        raise UsageError(f"{folder} holds something else ({strangers[0]}): choose another --out")


def is_left_over(folder: Path, exports: Iterable[str] = ()) -> bool:
    """Return whether a folder holds the rest of a run without its manifest, and nothing else.

    `exports` are the files that the run's environment makes beside the tables.
    """
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return bool(present & _ROWS) and manifests.MANIFEST not in present and present <= {*_OURS, *exports}


def create(folder: Path, manifest: Mapping[str, Json]) -> Journal:
    """Begin a run: make the folder, lock it, write its manifest, open its journal.

    Raises:
        UsageError: the folder can't be used (see `check_new`).
        StoreError: another process is beginning a run there, or the disk refuses.
    """
    check_new(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StoreError(f"{folder} can't be made: {problem.strerror}; choose another --out") from None
    lock = Lock(folder)
    try:
        # Again, now that nobody else can begin one in between.
        check_new(folder)
        manifests.write(folder, manifest)
        return Journal(folder, lock)
    except BaseException:
        lock.release()
        raise


def resume(folder: Path, manifest: Mapping[str, Json]) -> tuple[Journal, list[Turn], list[Episode], list[str]]:
    """Take a run up again: its journal, open for more, what was played, and warnings for the person.

    A torn last line is cut off, with a warning. The manifest gets an entry on this resumption.

    Raises:
        StoreError: there is no run, another process writes it, it was begun with another plan, or it is damaged.
    """
    stored = manifests.read(folder)
    manifests.refuse_other_plan(folder, stored, manifest)
    lock = Lock(folder)
    try:
        rows: dict[tuple[str, int, str], Row] = {}
        end = 0
        warnings: list[str] = []
        path = folder / JOURNAL
        for entry in entries(path) if path.exists() else ():
            rows.setdefault(key(entry.row), entry.row)
            end = entry.end
        size = path.stat().st_size if path.exists() else 0
        if size > end:
            os.truncate(path, end)
            warnings.append(f"{path}: a torn last line of {size - end} bytes was dropped; that turn is played again")
        manifests.write(folder, manifests.resumed(stored, manifest))
        turns = [row for row in rows.values() if isinstance(row, Turn)]
        episodes = [row for row in rows.values() if isinstance(row, Episode)]
        return Journal(folder, lock), turns, episodes, warnings
    except BaseException:
        lock.release()
        raise


def finish(folder: Path) -> None:
    """Write both parquet files from the journal, each whole or not at all, sorted by episode, turn and condition.

    Memory: the keys of all rows (about 200 bytes each) and one group of rows; the texts stay on disk.

    Raises:
        StoreError: the journal is damaged or the disk refuses; the journal stays as it is.
    """
    path = folder / JOURNAL
    places: dict[type[Row], dict[tuple[str, int, str], tuple[int, int]]] = {Turn: {}, Episode: {}}
    for entry in entries(path):
        places[type(entry.row)].setdefault(key(entry.row), (entry.start, entry.end))
    try:
        with path.open("rb") as journal:
            for kind, name in ((Episode, EPISODES), (Turn, TURNS)):
                ordered = [places[kind][each] for each in sorted(places[kind])]
                rows = (_at(journal, start, end) for start, end in ordered)
                _write_parquet(folder / name, kind, rows, path.stat().st_size)
        manifests.sync_folder(folder)
    except OSError as problem:
        raise StoreError(
            f"{folder} can't be finished: {problem.strerror}; what was played is safe, go on with --resume"
        ) from None


def is_finished(folder: Path) -> bool:
    """Tell whether a folder holds a run whose tables hold all that its journal holds, or held before it was torn."""
    # By size and not by time: copies and clones of a folder keep the first only.
    try:
        told = pq.read_schema(folder / TURNS).metadata or {}
        journal = folder / JOURNAL
        return not journal.exists() or int(told.get(_COVERED, b"-1")) >= journal.stat().st_size
    except (OSError, ValueError, pa.ArrowException):
        return False


def read_manifest(folder: Path) -> dict[str, Json]:
    """Return a run's manifest.

    Raises:
        StoreError: the folder is no run, or its manifest is damaged.
    """
    return manifests.read(folder)


def runs_in(*folders: Path) -> list[Path]:
    """Return each folder itself if it is a run, else the runs right inside it, as a suite leaves them.

    Raises:
        StoreError: there are none in one; the message names the nearest.
    """
    return [run for folder in folders for run in _runs_in(folder)]


def _runs_in(folder: Path) -> list[Path]:
    is_run = (folder / manifests.MANIFEST).is_file()
    inside = () if is_run or not folder.is_dir() else sorted(folder.iterdir())
    runs = [path for path in inside if (path / manifests.MANIFEST).is_file()]
    if not runs:
        manifests.read(folder)
    return distinct_runs(runs) or [folder]


def distinct_runs(folders: Sequence[Path]) -> list[Path]:
    """Return the folders without those that hold the same run as another one; of these the longest stays.

    Scenarios that differ only in what they expect make the same run. Runs whose model is not reproducible are never
    the same.

    Raises:
        StoreError: a folder is not a readable run.
    """
    same: dict[str, list[Path]] = {}
    for folder in folders:
        manifest: Any = manifests.read(folder)
        is_reproducible = (manifest.get("model") or {}).get("reproducible") is not False
        name = json.dumps([manifest.get(part) for part in _IDENTITY], sort_keys=True)
        same.setdefault(name if is_reproducible else str(folder), []).append(folder)
    kept = {
        max(group, key=lambda folder: len(read_episodes(folder))) if len(group) > 1 else group[0]
        for group in same.values()
    }
    return [folder for folder in folders if folder in kept]


def read_turns(folder: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return the turns of a run as a table, all columns or those named; of an unfinished run, what was played.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _read(folder, Turn, TURNS, columns)


def read_episodes(folder: Path) -> pl.DataFrame:
    """Return the episodes of a run that have ended as a table.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _read(folder, Episode, EPISODES, None)


def iterate_turns(folder: Path) -> Iterator[Turn]:
    """Yield the turns of a run as records, sorted if it is finished, else as played; memory stays flat.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _iterate(folder, Turn, TURNS)


def iterate_episodes(folder: Path) -> Iterator[Episode]:
    """Yield the ended episodes of a run as records.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _iterate(folder, Episode, EPISODES)


def arrow_schema(kind: type[Row]) -> pa.Schema:
    """Return the columns of a parquet file; every null that a record may hold is null there."""
    layout = LAYOUTS[kind]
    arrow = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    columns = zip(layout.names, layout.types, layout.nullable, strict=True)
    schema = [pa.field(name, arrow[kind], nullable) for name, kind, nullable in columns]
    return pa.schema(schema, metadata={"horizon_schema_version": str(SCHEMA_VERSION)})


def _at(journal: Any, start: int, end: int) -> Row:
    journal.seek(start)
    return decode(journal.read(end - start))


def _write_parquet(path: Path, kind: type[Row], rows: Iterator[Row], journal_bytes: int) -> None:
    layout, schema = LAYOUTS[kind], arrow_schema(kind)
    schema = schema.with_metadata({**schema.metadata, _COVERED: str(journal_bytes)})
    part = path.with_suffix(".parquet.part")
    try:
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            group: list[tuple[Any, ...]] = []
            for row in rows:
                group.append(layout.values(row))
                if len(group) == _ROWS_A_GROUP:
                    writer.write_table(_table(group, schema))
                    group = []
            if group:
                writer.write_table(_table(group, schema))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _table(group: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*group, strict=True), schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def _read(folder: Path, kind: type[Row], name: str, columns: Sequence[str] | None) -> pl.DataFrame:
    manifests.read(folder)
    path = folder / name
    if path.exists() and (is_finished(folder) or not (folder / JOURNAL).exists()):
        try:
            return pl.read_parquet(path, columns=list(columns) if columns is not None else None)
        except (OSError, pl.exceptions.PolarsError) as problem:
            raise StoreError(_damaged(path, problem)) from None
    layout = LAYOUTS[kind]
    rows = [layout.values(each.row) for each in _played(folder) if isinstance(each.row, kind)]
    schema = arrow_schema(kind)
    table = pl.from_arrow(_table(rows, schema) if rows else schema.empty_table())
    assert isinstance(table, pl.DataFrame)  # a table's type by construction, not a user's input
    return table if columns is None else table.select(columns)


def _iterate(folder: Path, kind: type[R], name: str) -> Iterator[R]:
    manifests.read(folder)
    path = folder / name
    if not path.exists() or not (is_finished(folder) or not (folder / JOURNAL).exists()):
        yield from (each.row for each in _played(folder) if isinstance(each.row, kind))
        return
    layout = LAYOUTS[kind]
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS_A_GROUP, columns=list(layout.names)):
                for row in batch.to_pylist():
                    yield kind(**row)
    except (OSError, pa.ArrowException) as problem:
        raise StoreError(_damaged(path, problem)) from None


def _played(folder: Path) -> Iterator[Entry]:
    return entries(folder / JOURNAL) if (folder / JOURNAL).exists() else iter(())


def _damaged(path: Path, problem: Exception) -> str:
    fix = f"remove it, and make it anew with: horizon play --resume --out {path.parent}"
    return f"{path} is damaged ({str(problem).partition(chr(10))[0]}): {fix}"
