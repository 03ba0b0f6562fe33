"""The run folder: started, resumed, finished and read again.

While playing it holds `manifest.json` and the journal `turns.jsonl`; finishing adds `turns.parquet` and
`episodes.parquet`, both in one order whatever the order of play. Knows rows and files, no model and no estimator.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl

from horizon.core.errors import StoreError, UsageError
from horizon.core.records import Episode, Json, Turn
from horizon.runs import calibration_file, tables
from horizon.runs import manifest as manifests
from horizon.runs.finishing import finish as finish
from horizon.runs.journal import JOURNAL, Journal
from horizon.runs.journal_reader import Entry, distinct_entries
from horizon.runs.lock import LOCK, Lock
from horizon.runs.manifest import CALIBRATION
from horizon.runs.replacing import is_part, make_folder
from horizon.runs.resuming import resume as resume
from horizon.runs.row_checks import check_rows
from horizon.runs.row_format import LAYOUTS, Row
from horizon.runs.tables import EPISODES, TURNS, WRITTEN, arrow_table
from horizon.runs.tables import is_finished as is_finished

_ROWS = {JOURNAL, TURNS, EPISODES}
_CALIBRATION = calibration_file.NAME
_OURS = {*_ROWS, LOCK, manifests.MANIFEST, _CALIBRATION}

R = TypeVar("R", Turn, Episode)


def check_new(folder: Path, *, is_calibrated: bool = False) -> None:
    """Check that a new run can be started in this folder, before anything slow is done for it.

    A calibration is accepted there only as the run's own, where it `is_calibrated`.

    Raises:
        UsageError: it is a file, holds a run already, or holds something else; the message gives the fix.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and a run needs a folder: choose another --out")
    names = {child.name for child in folder.iterdir()} if folder.is_dir() else set()
    if manifests.MANIFEST in names:
        raise UsageError(
            f"{folder} holds a run already: choose another --out, or continue one of horizon play with --resume"
        )
    left = sorted(name for name in names & _ROWS if (folder / name).stat().st_size)
    if left:
        # Its rows would be taken for the new run's.
        raise UsageError(
            f"{folder} holds what a run played ({left[-1]}) without its {manifests.MANIFEST}: restore that from a "
            "copy, remove the folder, or choose another --out"
        )
    if holds_calibration(folder) and not is_calibrated:
        raise UsageError(
            f"{folder} holds a calibration ({_CALIBRATION}) whose run was not started: continue it with "
            "horizon play --resume, or choose another --out"
        )
    others = sorted(name for name in names - _OURS if not is_part(name))
    if others:
        raise UsageError(f"{folder} holds something else ({others[0]}): choose another --out")


def holds_calibration(folder: Path) -> bool:
    """Return whether a folder holds the calibration of a run that was not started yet."""
    return calibration_file.holds_calibration(folder / _CALIBRATION) and not (folder / manifests.MANIFEST).exists()


def is_left_over(folder: Path, exports: Iterable[str] = ()) -> bool:
    """Return whether a folder holds the rest of a run without its manifest, and nothing else.

    `exports` are the files that the run's environment makes beside the tables.
    """
    present = {path.name for path in folder.iterdir() if not is_part(path.name)} if folder.is_dir() else set()
    return (
        bool(present & {*_ROWS, _CALIBRATION}) and manifests.MANIFEST not in present and present <= {*_OURS, *exports}
    )


def create(folder: Path, manifest: Mapping[str, Json]) -> Journal:
    """Start a run: make the folder, lock it, write its manifest, open its journal.

    Raises:
        UsageError: the folder can't be used (see `check_new`).
        StoreError: another process is starting a run there, or the disk refuses.
    """
    is_calibrated = CALIBRATION in manifest
    check_new(folder, is_calibrated=is_calibrated)
    make_folder(folder)
    lock = Lock(folder)
    try:
        # Again, now that nobody else can start one in between.
        check_new(folder, is_calibrated=is_calibrated)
        manifests.write(folder, {name: value for name, value in manifest.items() if name != WRITTEN})
        return Journal(folder, lock)
    except BaseException:
        lock.release()
        raise


def read_manifest(folder: Path) -> dict[str, Json]:
    """Return a run's manifest.

    Raises:
        StoreError: the folder is no run, or its manifest is damaged.
    """
    return manifests.read(folder)


def read_turns(folder: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return the turns of a run as a table, all columns or those named; of an unfinished run, what was played.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _read(folder, Turn, columns)


def read_episodes(folder: Path) -> pl.DataFrame:
    """Return the episodes of a run that have ended as a table.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _read(folder, Episode, None)


def count_turns(folder: Path) -> int | None:
    """Return how many turns a finished run has; None where that is not known without reading it."""
    written = manifests.read(folder).get(WRITTEN)
    table = written.get(TURNS) if isinstance(written, dict) else None
    rows = table.get("rows") if isinstance(table, dict) else None
    return rows if isinstance(rows, int) else None


def iterate_turns(folder: Path) -> Iterator[Turn]:
    """Yield the turns of a run as records, sorted if it is finished, else as played; memory stays flat.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _iterate(folder, Turn)


def iterate_episodes(folder: Path) -> Iterator[Episode]:
    """Yield the ended episodes of a run as records.

    Raises:
        StoreError: the folder is no readable run.
    """
    return _iterate(folder, Episode)


def _read(folder: Path, kind: type[Row], columns: Sequence[str] | None) -> pl.DataFrame:
    if _is_in_tables(folder, tables.NAMES[kind]):
        is_ours = tables.has_checksum(tables.NAMES[kind], manifests.read(folder))
        return tables.read_table(folder, kind, columns, is_ours=is_ours)
    layout = LAYOUTS[kind]
    rows = [layout.values(entry.row) for entry in _counts_played(folder) if isinstance(entry.row, kind)]
    table = pl.from_arrow(arrow_table(kind, rows))
    assert isinstance(table, pl.DataFrame)  # a table's type by construction, not a user's input
    check_rows(folder / JOURNAL, kind, table, is_ours=True)
    return table if columns is None else table.select(columns)


def _iterate(folder: Path, kind: type[R]) -> Iterator[R]:
    if _is_in_tables(folder, tables.NAMES[kind]):
        yield from tables.iterate_table(folder, kind)
    else:
        yield from (entry.row for entry in _counts_played(folder) if isinstance(entry.row, kind))


def _is_in_tables(folder: Path, name: str) -> bool:
    """Return whether the rows of a run are to be read from this table, and not from the journal.

    Raises:
        StoreError: the folder is no run, the table was changed, or both table and journal are gone.
    """
    manifest = manifests.read(folder)
    if is_finished(folder):
        if not tables.is_unchanged(folder, name, manifest):
            tables.name_changed_row(folder, name)
            raise StoreError(
                tables.damage_message(folder, name, "its checksum is not that of the file that was written")
            )
        return True
    if not (folder / JOURNAL).exists() and (WRITTEN in manifest or (folder / name).exists()):
        problem = "no table of a run" if (folder / name).exists() else "it is gone"
        raise StoreError(tables.damage_message(folder, name, problem))
    return False


def _counts_played(folder: Path) -> Iterator[Entry]:
    return distinct_entries(folder / JOURNAL) if (folder / JOURNAL).exists() else iter(())
