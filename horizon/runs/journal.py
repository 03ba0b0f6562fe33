"""The journal of a run while it is played: append-only lines that survive `kill -9`.

A line counts once its newline is in the file; each is sealed (see `seals`), so that damage is found when it is read.
"""

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from horizon.core.errors import StoreError
from horizon.runs.appending import append_whole
from horizon.runs.lock import Lock
from horizon.runs.replacing import open_unfollowed, reason_of
from horizon.runs.row_format import Row, encode
from horizon.runs.seals import Link, seal, start_of

JOURNAL = "turns.jsonl"

SYNC_EVERY_S = 2.0
"""A killed process loses nothing; a machine that loses power loses at most this much play."""


class Journal:
    """The open journal of one run; append-only, for one thread."""

    def __init__(self, folder: Path, lock: Lock, last: Link | None = None) -> None:
        """Open or begin the journal of a folder after the line `last`; `lock` is released by `close`.

        Raises:
            StoreError: the file can't be written.
        """
        self.folder = folder
        self._lock = lock
        self._last = last
        self._file = -1
        try:
            self._file = open_unfollowed(folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        except OSError as problem:
            raise StoreError(f"{folder / JOURNAL} can't be written: {reason_of(problem)}") from None
        self._synced_at = time.monotonic()

    def append(self, record: Row) -> None:
        """Write one row; when this returns it survives the death of the process.

        Surrogates in texts become U+FFFD (see `row_format.encode`). Cost: about 13 microseconds for 1.5 kB, and an
        fsync at most every 2 seconds.

        Raises:
            ContractError: the row holds a value that can't be stored; nothing was written.
            StoreError: the disk is full or gone, or the journal is closed; no torn part of the row stays in the file.
        """
        line, link = seal(encode(record), self._last or start_of(record.run_id))
        if self._file < 0:
            raise StoreError(f"the journal of {self.folder} is closed: nothing more can be written to it")
        try:
            append_whole(self._file, line)
            self._last = link
            now = time.monotonic()
            if now - self._synced_at >= SYNC_EVERY_S:
                os.fsync(self._file)
                self._synced_at = time.monotonic()
        except OSError as problem:
            raise StoreError(
                f"{self.folder / JOURNAL} can't be written: {reason_of(problem)}; "
                "what is stored is safe: make room, and give the command again, horizon play with --resume"
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
            raise StoreError(f"{self.folder / JOURNAL} can't be brought to disk: {reason_of(problem)}") from None
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
