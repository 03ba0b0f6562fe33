"""A run made of rows that exist already, as by merging or grading: in a folder beside, renamed when it is whole.

What is slow to make can be continued after a kill: the folder beside keeps its journal.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from horizon.core.errors import StoreError
from horizon.core.records import Json, Turn
from horizon.runs import manifest as manifests
from horizon.runs.finishing import finish
from horizon.runs.journal import JOURNAL, Journal
from horizon.runs.journal_reader import Entry, Key, entries
from horizon.runs.lock import LOCK, Lock
from horizon.runs.replacing import make_folder, open_unfollowed, reason_of
from horizon.runs.row_format import key
from horizon.runs.run_folder import check_new
from horizon.runs.seals import Link
from horizon.runs.tables import WRITTEN, is_finished


class PartialRun(NamedTuple):
    """A run that is being made: its journal, and the rows that an earlier process has written there already.

    Of these the keys, with the error kind of a turn and the outcome of an episode.
    """

    journal: Journal
    written: Mapping[Key, str]


@contextmanager
def building(out: Path, manifest: Mapping[str, Json]) -> Iterator[Journal]:
    """Make a run of rows that exist already: in a folder beside `out` that takes its name when it is finished.

    A process that is killed leaves nothing in `out`; the same call again starts over.

    Raises:
        UsageError: `out` can't be used (see `check_new`).
        StoreError: another process is making the same run, or the disk refuses.
    """
    with _part(out, manifest, is_kept=False) as part:
        yield part.journal


@contextmanager
def continuing(out: Path, manifest: Mapping[str, Json]) -> Iterator[PartialRun]:
    """Make a run as `building` does, and keep what was made when it fails or is killed.

    The same call again, with an equal manifest, continues after the last whole row; with another one, or where what
    was kept is damaged, it starts over.

    Raises:
        UsageError: `out` can't be used (see `check_new`).
        StoreError: another process is making the same run, or the disk refuses.
    """
    with _part(out, manifest, is_kept=True) as part:
        yield part


def part_of(out: Path) -> Path:
    """Return the folder in which a run is made before it takes its name."""
    out = out.resolve()
    return out.with_name(f".{out.name}.building")


@contextmanager
def _part(out: Path, manifest: Mapping[str, Json], *, is_kept: bool) -> Iterator[PartialRun]:
    check_replaceable(out)
    out, folder = out.resolve(), part_of(out)
    if folder.is_symlink():
        raise StoreError(f"{folder} is a link, and nothing is written through links: remove it")
    make_folder(folder)
    lock = Lock(folder)
    is_finished_part = False
    try:
        wanted = {name: value for name, value in manifest.items() if name != WRITTEN}
        last, rows = _kept_rows(folder, wanted) if is_kept else (None, {})
        if last is None:
            _empty(folder)
            manifests.write(folder, wanted)
        journal = Journal(folder, lock, last)
        yield PartialRun(journal, rows)
        finish(folder)
        check_replaceable(out)
        if out.exists():
            _empty(out)
        folder.rename(out)
        is_finished_part = True
        lock.path = out / LOCK
        journal.close()
    except OSError as problem:
        raise StoreError(f"{out} can't be written: {reason_of(problem)}; choose another --out") from None
    finally:
        lock.release()
        if is_finished_part or not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _kept_rows(folder: Path, wanted: Mapping[str, Any]) -> tuple[Link | None, dict[Key, str]]:
    """Return the last line and the rows that a killed process left for the same manifest, or None.

    A torn last line is cut off. Memory: about 200 bytes per row.
    """
    rows: dict[Key, str] = {}
    entry: Entry | None = None
    try:
        stored = manifests.read(folder)
        if _content(stored) != _content(json.loads(json.dumps(wanted))):
            return None, {}
        for entry in entries(folder / JOURNAL):
            rows[key(entry.row)] = entry.row.error if isinstance(entry.row, Turn) else entry.row.outcome
    except StoreError:
        return None, {}
    if entry is None or entry.link is None:
        return None, {}
    file = open_unfollowed(folder / JOURNAL, os.O_WRONLY)
    try:
        os.ftruncate(file, entry.end)
    finally:
        os.close(file)
    return entry.link, rows


def _content(manifest: Mapping[str, Json]) -> dict[str, Json]:
    """Return a manifest without what writing and finishing add to it."""
    return {name: value for name, value in manifest.items() if name not in (WRITTEN, manifests.CHECKSUM)}


def check_replaceable(out: Path) -> None:
    """Check that a run can be made in this folder of rows that exist already.

    What a killed merge of an older version left there may be replaced.

    Raises:
        UsageError: see `check_new`.
    """
    if (out / manifests.MANIFEST).is_file() and not is_finished(out):
        stored = manifests.read(out)
        if "merged" in stored or "graded" in stored:
            return
    check_new(out)


def _empty(folder: Path) -> None:
    """Remove everything in a folder but its lock."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK or not path.is_file():
            path.unlink()
