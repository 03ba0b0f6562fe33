"""A run finished: both tables written from its journal, and what they are kept in its manifest."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from horizon.core.errors import StoreError
from horizon.core.records import Episode, Json, Turn
from horizon.runs import manifest as manifests
from horizon.runs import tables
from horizon.runs.journal import JOURNAL
from horizon.runs.journal_reader import Entry, Key, entries
from horizon.runs.replacing import reason_of
from horizon.runs.row_format import Row, decode, key
from horizon.runs.seals import unseal
from horizon.runs.tables import EPISODES, TURNS, WRITTEN, is_finished


def finish(folder: Path) -> None:
    """Write both tables from the journal, each whole or not at all, sorted by episode, turn and condition.

    Tables that hold the whole journal already stay as they are. Memory: the keys of all rows (about 200 bytes each)
    and one group of rows; the texts stay on disk.

    Raises:
        StoreError: the journal is damaged or the disk refuses; the journal stays as it is.
    """
    path = folder / JOURNAL
    stored = manifests.read(folder)
    if _holds_all(folder, stored):
        return
    if WRITTEN in stored:
        # Removed first: a kill between the tables and the manifest must not make new tables look changed.
        stored = {name: value for name, value in stored.items() if name != WRITTEN}
        manifests.write(folder, stored)
    places: dict[type[Row], dict[Key, tuple[int, int]]] = {Turn: {}, Episode: {}}
    entry: Entry | None = None
    count = 0
    for entry in entries(path):
        count += 1
        places[type(entry.row)].setdefault(key(entry.row), (entry.start, entry.end))
    end = entry.end if entry is not None else 0
    written: dict[str, Json] = {JOURNAL: {"lines": count, "bytes": end}}
    try:
        with path.open("rb") as journal:
            size = os.fstat(journal.fileno()).st_size
            for kind in (Episode, Turn):
                ordered = [places[kind][place] for place in sorted(places[kind])]
                rows = (_row_at(journal, start, end) for start, end in ordered)
                written[tables.NAMES[kind]] = tables.write_table(folder, kind, rows, size)
    except OSError as problem:
        raise StoreError(
            f"{folder} can't be finished: {reason_of(problem)}; what is stored is safe: make room, and give the "
            "command again, horizon play with --resume"
        ) from None
    manifests.write(folder, {**stored, WRITTEN: written})


def _row_at(journal: Any, start: int, end: int) -> Row:
    journal.seek(start)
    return decode(unseal(journal.read(end - start)).body)


def _holds_all(folder: Path, stored: Mapping[str, Any]) -> bool:
    """Return whether the tables are those that were written from the journal as it is now.

    A journal grows only, so that its length decides; who damages it without changing that is found by the checks of
    `entries`, whenever it is read.
    """
    written = stored.get(WRITTEN)
    path = folder / JOURNAL
    if not isinstance(written, Mapping) or not path.exists() or not is_finished(folder):
        return False
    before = written.get(JOURNAL)
    if not isinstance(before, Mapping) or before.get("bytes") != path.stat().st_size:
        return False
    return all(tables.is_unchanged(folder, name, stored) for name in (TURNS, EPISODES))
