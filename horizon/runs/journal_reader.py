"""Journals read back: every line is checked against its seal, and damage is named by its line.

A torn last line is what a kill or a power cut leaves, and is passed over; anything else that does not fit is refused.
Journals of older versions have no seals; of these only the rows themselves can be checked.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from horizon.core.errors import StoreError
from horizon.core.records import Episode
from horizon.runs.journal import JOURNAL
from horizon.runs.manifest import resume_command
from horizon.runs.replacing import reason_of, replacing
from horizon.runs.row_format import Row, decode, encode, key
from horizon.runs.seals import Link, SealedLine, misplacement, seal, start_of, unseal

Key = tuple[str, int, str]


class Entry(NamedTuple):
    """A row and the bytes of the file that hold it: `start` up to, not including, `end`.

    `link` is its place in the chain of seals, None in a journal without seals.
    """

    row: Row
    start: int
    end: int
    link: Link | None


def entries(path: Path) -> Iterator[Entry]:
    """Yield the rows of a journal in the order they were played, up to a torn last line.

    What is between the last entry's end and the end of the file was torn. Memory: one line.

    Raises:
        StoreError: the file can't be read, or a line other than the last is damaged, lost, doubled, moved or of
            another run; the message names the line.
    """
    try:
        with path.open("rb") as file:
            start, before = 0, None
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    # Copying as text may have changed the line ends, and no row.
                    sealed = unseal(line.removesuffix(b"\r\n") + b"\n" if line.endswith(b"\r\n") else line)
                    row = decode(sealed.body)
                except ValueError as problem:
                    if not file.peek(1):
                        # After a power cut the last block can hold anything, a newline too.
                        return
                    raise StoreError(_damage(path, number, start, str(problem))) from None
                reason = _misplacement(sealed, row, before)
                if reason is not None:
                    raise StoreError(_damage(path, number, start, reason))
                before = Entry(row, start, start + len(line), sealed.link)
                yield before
                start += len(line)
    except OSError as problem:
        raise StoreError(f"{path} can't be read: {reason_of(problem)}") from None


def _misplacement(sealed: SealedLine, row: Row, before: Entry | None) -> str | None:
    """Return why a line can't follow the one before it; None where it can."""
    if before is not None and row.run_id != before.row.run_id:
        return f"it is of run {row.run_id!r:.40}, and the lines before it are of {before.row.run_id!r:.40}"
    if before is not None and (sealed.link is None) != (before.link is None):
        return "it has no checksum" if sealed.link is None else "the lines before it have no checksums"
    if sealed.link is None:
        return None
    last = before.link if before is not None else None
    return misplacement(sealed, last or start_of(row.run_id))


def _damage(path: Path, number: int, start: int, reason: str) -> str:
    return (
        f"{path} is damaged at line {number}: {reason}; to keep what is before it, "
        f"run: truncate -s {start} {shlex.quote(str(path))}, and continue with {resume_command(path.parent)}"
    )


def distinct_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal without rows that are there a second time, as a kill of older versions left them.

    Memory: about 200 bytes per row.

    Raises:
        StoreError: the journal can't be read or is damaged.
    """
    seen: set[Key] = set()
    for entry in entries(path):
        name = key(entry.row)
        if name not in seen:
            seen.add(name)
            yield entry


def first_gap(rows: Iterable[Row]) -> str | None:
    """Return which natural turn is missing from an episode, in words; None where no turn is.

    The turns of an episode are 1, 2, ... without a gap, and the row of a finished episode has their number.
    """
    numbers: dict[str, set[int]] = {}
    ended: dict[str, int] = {}
    for row in rows:
        if isinstance(row, Episode):
            ended[row.episode_id] = row.turns
        elif row.condition == "natural":
            numbers.setdefault(row.episode_id, set()).add(row.turn)
    return _gap(numbers, ended)


def _gap(numbers: Mapping[str, set[int]], ended: Mapping[str, int]) -> str | None:
    for name in sorted({*numbers, *ended}):
        turns = numbers.get(name, set())
        last = ended.get(name, max(turns, default=0))
        missing = sorted({*range(1, min(last, len(turns) + 1) + 1)} - turns)
        if missing:
            return f"turn {missing[0]} of episode '{name}' is missing"
        if len(turns) > last:
            return f"episode '{name}' has turn {max(turns)}, and ended after turn {last}"
    return None


def rewrite(folder: Path, rows: Iterable[Row]) -> Link | None:
    """Put rows, sealed, in the place of a folder's journal, whole or not at all; return the last line's link.

    Raises:
        StoreError: the disk refuses; the journal stays as it was.
    """
    last: Link | None = None
    with replacing(folder / JOURNAL) as file:
        for row in rows:
            line, last = seal(encode(row), last or start_of(row.run_id))
            file.write(line)
    return last
