"""The lock on a run folder: the right to write into it, held by one process and gone when that process dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from horizon.core.errors import StoreError
from horizon.runs.replacing import open_unfollowed, reason_of

LOCK = "run.lock"


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
                self._file = _lock(self.path)
            except OSError as problem:
                raise StoreError(f"{folder} can't be locked: {reason_of(problem)}; choose another folder") from None

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


def _lock(path: Path) -> int:
    """Return the descriptor of the locked file, or -1 when its last holder removed it in between."""
    # flock, not lockf: a lock of the second kind is lost when any other descriptor of the file is closed.
    file = open_unfollowed(path, os.O_RDWR | os.O_CREAT)
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
            "wait for it to end, or choose another folder"
        ) from None
    except FileNotFoundError:
        os.close(file)
        return -1
    except BaseException:
        os.close(file)
        raise
    return file
