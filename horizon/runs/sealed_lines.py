"""A file beside a run that a command extends by one sealed line at a time: JSON objects, in a chain of checksums.

A killed command continues after the last whole line; a torn one is dropped, a damaged, lost or moved one refused.
One process extends a file at a time. Knows no line's content but the model that every line names.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from horizon.core.errors import StoreError, UsageError
from horizon.runs.appending import append_whole
from horizon.runs.replacing import open_unfollowed, reason_of
from horizon.runs.seals import Link, misplacement, seal, start_of, unseal

Entry = dict[str, Any]
Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class HeldLines:
    """What a file holds: its whole lines as data, the place of the last in the chain, and where that ends."""

    entries: tuple[Entry, ...]
    last: Link
    end: int

    @property
    def model(self) -> str:
        """The model that all lines name; empty without a line."""
        return str(self.entries[-1]["model"]) if self.entries else ""


def read_lines(path: Path, chain: str, again: str) -> HeldLines | None:
    """Return what a file holds, up to a torn last line; None where there is none.

    `chain` seeds the checksum of the first line, `again` is what a message advises after a removal.

    Raises
    ------
    StoreError
        A line is damaged, lost or moved, or the file can't be read.
    """
    if not path.exists():
        return None
    entries: list[Entry] = []
    last, end = start_of(chain), 0
    for entry, link, line_end in _entries(path, last, again):
        entries.append(entry)
        last, end = link, line_end
    return HeldLines(tuple(entries), last, end)


def convert_each(path: Path, entries: Sequence[Entry], convert: Callable[[Entry], Held], again: str) -> list[Held]:
    """Return what the lines of a file mean.

    Raises
    ------
    StoreError
        A line is whole, and yet not of this file's kind, as one of another version.
    """
    held: list[Held] = []
    for number, entry in enumerate(entries, 1):
        try:
            held.append(convert(entry))
        except (KeyError, TypeError, ValueError) as problem:
            what = f"{type(problem).__name__}: {problem}"
            raise StoreError(f"{path} is of another version at line {number} ({what}); remove it to {again}") from None
    return held


class SealedLines:
    """The open file: `before` is what it held, `append` writes the rest."""

    def __init__(self, path: Path, chain: str, model: str, again: str) -> None:
        """Open or begin the file.

        Raises
        ------
        UsageError
            It holds lines by another model.
        StoreError
            It is damaged, can't be written, or another process extends it.
        """
        self.path = path
        self._model = model
        self._file = _open_locked(path)
        try:
            # Read under the lock, so that nobody appends in between.
            self.before = read_lines(path, chain, again) or HeldLines((), start_of(chain), 0)
            self._last = self.before.last
            if self.before.entries and self.before.model != model:
                raise UsageError(f"{path} holds lines by {self.before.model}: remove it, or name that model")
            os.ftruncate(self._file, self.before.end)
        except OSError as problem:
            self.close()
            raise StoreError(f"{path} can't be written: {reason_of(problem)}") from None
        except BaseException:
            self.close()
            raise

    def append(self, entry: Entry) -> None:
        """Write one line; when this returns it survives the death of the process.

        Raises
        ------
        StoreError
            The disk is full or gone; no torn part of the line stays in the file.
        """
        line, last = seal(json.dumps({"model": self._model, **entry}).encode() + b"\n", self._last)
        try:
            append_whole(self._file, line)
        except OSError as problem:
            raise StoreError(
                f"{self.path} can't be written: {reason_of(problem)}; what it holds is safe, make room and continue"
            ) from None
        self._last = last

    def close(self) -> None:
        """Release the file; what was appended is on disk."""
        os.close(self._file)


def _open_locked(path: Path) -> int:
    """Return the descriptor of a file that this process alone may extend until it is closed."""
    try:
        file = open_unfollowed(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError as problem:
        raise StoreError(f"{path} can't be written: {reason_of(problem)}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        os.close(file)
        reason = (
            "another process extends it: wait for it" if isinstance(problem, BlockingIOError) else reason_of(problem)
        )
        raise StoreError(f"{path} can't be written: {reason}") from None
    return file


def _entries(path: Path, last: Link, again: str) -> Iterator[tuple[Entry, Link, int]]:
    """Yield every line as data, its place in the chain, and where it ends."""
    end = 0
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as problem:
        raise StoreError(f"{path} can't be read: {reason_of(problem)}") from None
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return
        try:
            sealed = unseal(line)
            reason = "it has no checksum" if sealed.link is None else misplacement(sealed, last)
            entry = json.loads(sealed.body)
        except ValueError as problem:
            reason, entry = str(problem), None
        if reason is not None:
            raise StoreError(f"{path} is damaged at line {number}: {reason}; remove it to {again}")
        assert sealed.link is not None
        last, end = sealed.link, end + len(line)
        yield entry, sealed.link, end
