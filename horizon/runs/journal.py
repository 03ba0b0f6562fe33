"""The journal of a run while it is played: append-only lines that survive `kill -9`, and the lock on its folder.

A line counts once its newline is in the file. Knows the bytes, not what a run is: manifest and parquet are the
store's business.
"""

import fcntl
import os
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from horizon.core.errors import StoreError
from horizon.runs.row_format import Row, decode, encode

JOURNAL = "turns.jsonl"
LOCK = "run.lock"

SYNC_EVERY_S = 2.0
"""A killed process loses nothing; a machine that loses power loses at most this much play."""


class Lock:
    """The right to write into a run folder; held by one process at a time and gone when that process dies."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: another process holds it (the message names its id), or the folder can't be written.
        """
        self.path = folder / LOCK
        self._file = -1
        while self._file < 0:
            try:
                self._file = _locked(self.path)
            except OSError as problem:
                raise StoreError(f"{folder} can't be locked: {problem.strerror}; choose another --out") from None

    def release(self) -> None:
        """Give the lock back and remove its file; may be called twice."""
        if self._file >= 0:
            # Removed while still held: whoever opened the old file meanwhile sees that it's gone, and tries again.
            self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _locked(path: Path) -> int:
    """Return the descriptor of the locked file, or -1 when its last holder removed it in between."""
    # flock, not lockf: a lock of the second kind is lost when any other descriptor of the file is closed.
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file), os.stat(path)):
            raise FileNotFoundError
        os.ftruncate(file, 0)
        os.pwrite(file, b"%d\n" % os.getpid(), 0)
    except BlockingIOError:
        holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
        os.close(file)
        raise StoreError(
            f"{path.parent} is being written by process {holder or '(just started)'}: "
            "wait for it to end, or choose another --out"
        ) from None
    except FileNotFoundError:
        os.close(file)
        return -1
    except BaseException:
        os.close(file)
        raise
    return file


class Journal:
    """The open journal of one run; append-only, for one thread."""

    def __init__(self, folder: Path, lock: Lock) -> None:
        """Open or begin the journal of a folder; `lock` is released by `close`.

        Raises:
            StoreError: the file can't be written.
        """
        self.folder = folder
        self._lock = lock
        self._file = -1
        try:
            self._file = os.open(folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as problem:
            raise StoreError(f"{folder / JOURNAL} can't be written: {problem.strerror}") from None
        self._synced_at = time.monotonic()

    def append(self, record: Row) -> None:
        """Write one row; when this returns it survives the death of the process.

        Surrogates in texts become U+FFFD (see `rows.encode`). Cost: about 12 microseconds for 1.5 kB, and an fsync
        at most every 2 seconds.

        Raises:
            ContractError: the row holds a value that can't be stored; nothing was written.
            StoreError: the disk is full or gone, or the journal is closed; no torn part of the row stays in the file.
        """
        line = encode(record)
        if self._file < 0:
            raise StoreError(f"the journal of {self.folder} is closed: nothing more can be written to it")
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:] if written else line)
            now = time.monotonic()
            if now - self._synced_at >= SYNC_EVERY_S:
                os.fsync(self._file)
                self._synced_at = time.monotonic()
        except OSError as problem:
            if 0 < written < len(line):
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise StoreError(
                f"{self.folder / JOURNAL} can't be written: {problem.strerror}; "
                "what was played is safe, make room and go on with --resume"
            ) from None

    def close(self) -> None:
        """Bring everything to the disk and release the folder; may be called twice.

        Raises:
            StoreError: the disk refused; the folder is released all the same.
        """
        file, self._file = self._file, -1
        try:
            if file >= 0:
                try:
                    os.fsync(file)
                finally:
                    os.close(file)
        except OSError as problem:
            raise StoreError(f"{self.folder / JOURNAL} can't be brought to disk: {problem.strerror}") from None
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Entry:
    """A row read back, and the bytes of the file that hold it: `start` up to, not including, `end`."""

    row: Row
    start: int
    end: int


def entries(path: Path) -> Iterator[Entry]:
    """Yield the rows of a journal in the order they were played, up to a torn last line.

    What lies between the last entry's end and the end of the file was torn. Memory: one line.

    Raises:
        StoreError: the file can't be read, or a line other than the last is damaged; the message names the line.
    """
    try:
        with path.open("rb") as file:
            start = 0
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    row = decode(line)
                except ValueError as problem:
                    if not file.peek(1):
                        # After a power cut the last block can hold anything, a newline too.
                        return
                    raise StoreError(
                        f"{path} is damaged at line {number}: {problem}; to keep what stands before it, "
                        f"run: truncate -s {start} {shlex.quote(str(path))}, and go on with --resume"
                    ) from None
                yield Entry(row, start, start + len(line))
                start += len(line)
    except OSError as problem:
        raise StoreError(f"{path} can't be read: {problem.strerror}") from None
