"""A run resumed: its journal checked, restored from the tables if rows are lost, and opened for more.

Damage that can't be repaired without playing turns again is refused.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from horizon.core.errors import StoreError
from horizon.core.records import Episode, Json, Turn
from horizon.runs import manifest as manifests
from horizon.runs import tables
from horizon.runs.journal import JOURNAL, Journal
from horizon.runs.journal_reader import Entry, Key, entries, first_gap, rewrite
from horizon.runs.lock import Lock
from horizon.runs.replacing import open_unfollowed, reason_of
from horizon.runs.row_format import Row, key
from horizon.runs.seals import Link
from horizon.runs.tables import EPISODES, TURNS, WRITTEN


class Resumed(NamedTuple):
    """A resumed run: its journal, open for more, what was played, and warnings for the person who resumed it."""

    journal: Journal
    turns: list[Turn]
    episodes: list[Episode]
    warnings: list[str]


def resume(
    folder: Path, manifest: Mapping[str, Json], *, run_id: str | None = None, retry_aborted: bool = False
) -> Resumed:
    """Resume a run; a torn last line is cut off, with a warning.

    Tables that hold more than the journal, or a journal of another version, replace the journal before anything is
    played. With `retry_aborted`, episodes that ended by an infrastructure failure are played again. The manifest gets
    an entry on this resumption.

    Raises:
        StoreError: there is no run, another process writes it, it was started with another plan, its rows are not of
            `run_id`, or it is damaged.
    """
    stored = manifests.read(folder)
    manifests.refuse_other_plan(folder, stored, manifest)
    lock = Lock(folder)
    try:
        warnings = _restore_journal(folder, stored)
        rows, last = _read_journal(folder, warnings)
        path = folder / JOURNAL
        first = next(iter(rows.values()), None)
        if first is not None and run_id is not None and first.run_id != run_id:
            raise StoreError(
                f"{path} is of run {first.run_id!r:.40}, and {manifests.MANIFEST} of run {run_id}: "
                "put the two files of one run together"
            )
        gap = first_gap(rows.values())
        if gap is not None:
            raise StoreError(f"{path} is damaged: {gap}; restore it from a copy, or play the run into another --out")
        aborted = {name for name, row in rows.items() if isinstance(row, Episode) and row.outcome == "aborted"}
        resumed = manifests.mark_resumed(stored, manifest)
        if retry_aborted and aborted:
            rows = {name: row for name, row in rows.items() if name not in aborted}
            # In this order, so that a kill in between leaves a run that can be resumed.
            manifests.write(folder, {name: value for name, value in resumed.items() if name != WRITTEN})
            for table in (TURNS, EPISODES):
                (folder / table).unlink(missing_ok=True)
            last = rewrite(folder, rows.values())
        else:
            manifests.write(folder, resumed)
        turns = [row for row in rows.values() if isinstance(row, Turn)]
        episodes = [row for row in rows.values() if isinstance(row, Episode)]
        return Resumed(Journal(folder, lock, last), turns, episodes, warnings)
    except OSError as problem:
        lock.release()
        raise StoreError(f"{folder} can't be resumed: {reason_of(problem)}") from None
    except BaseException:
        lock.release()
        raise


def _restore_journal(folder: Path, stored: Mapping[str, Any]) -> list[str]:
    """Make the journal again from whole tables where it is gone or was cut; return what to report.

    Raises:
        StoreError: rows of a finished run are gone, and no table has them.
    """
    path = folder / JOURNAL
    size = path.stat().st_size if path.exists() else -1
    covered = tables.covered_bytes(folder)
    if covered is not None and covered > size:
        tables.refuse_changed(folder, stored)
        rewrite(folder, _table_rows(folder))
        what = "was gone" if size < 0 else f"had lost {covered - size} bytes"
        return [f"{path} {what}: it was made again from the tables, and nothing is played again"]
    written = stored.get(WRITTEN)
    if size < 0 and covered is None and (written or any((folder / name).exists() for name in (TURNS, EPISODES))):
        missing = next((name for name in (TURNS, EPISODES) if not (folder / name).exists()), TURNS)
        state = "is damaged" if (folder / missing).exists() else "is gone"
        raise StoreError(
            f"{path} is gone and {missing} {state}: restore one of them from a copy, or choose another --out"
        )
    before = written.get(JOURNAL) if isinstance(written, Mapping) else None
    if isinstance(before, Mapping) and isinstance(before.get("bytes"), int) and before["bytes"] > size:
        return [
            f"{path} has lost {before['bytes'] - max(0, size)} of the {before['bytes']} bytes of the finished run, "
            "and the tables are gone: what was lost is played again"
        ]
    return []


def _table_rows(folder: Path) -> Iterator[Row]:
    yield from tables.iterate_table(folder, Turn)
    yield from tables.iterate_table(folder, Episode)


def _read_journal(folder: Path, warnings: list[str]) -> tuple[dict[Key, Row], Link | None]:
    """Return the rows of the journal by key, and its last line's link; cut a torn line off, and seal old journals."""
    path = folder / JOURNAL
    if not path.exists():
        return {}, None
    rows: dict[Key, Row] = {}
    entry: Entry | None = None
    for entry in entries(path):
        rows.setdefault(key(entry.row), entry.row)
    end = entry.end if entry is not None else 0
    size = path.stat().st_size
    if size > end:
        file = open_unfollowed(path, os.O_WRONLY)
        try:
            os.ftruncate(file, end)
        finally:
            os.close(file)
        warnings.append(f"{path}: a torn last line of {size - end} bytes was dropped; that turn is played again")
    if entry is not None and entry.link is None:
        warnings.append(f"{path} is of an older version and had no checksums: they were added, from here on")
        return rows, rewrite(folder, rows.values())
    return rows, entry.link if entry is not None else None
