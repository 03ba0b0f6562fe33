"""Folders that are built once and kept in the cache: whole or not there, whoever builds, reads or is killed.

A folder is built beside its place and renamed; a seal holds the hash of every file in it. Whatever is wrong with the
cache costs time and never a reply: what can't be kept is made again by its caller. Knows no file format.
"""

import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from horizon.core.errors import StoreError
from horizon.core.hashing import file_sha256
from horizon.core.paths import cache_folder

CONVERTED = "converted"
"""The folder of the cache that holds them all."""
_SEAL = "seal.json"
_PART = ".part-"


class NotKept(Exception):
    """A folder can't be kept; the message is the reason."""


def kept_folder(key: str, source: Path, least_bytes: int, build: Callable[[Path], None]) -> Path | None:
    """Return the folder of a key, built now if there is none; None, after a warning, where none can be kept.

    `build` fills an empty folder with what it makes of `source`, at least so many bytes. Processes that want the same
    folder at once wait for the first. Cost: hashing the folder's files.
    """
    try:
        parent = cache_folder() / CONVERTED
        folder = parent / key
        if _is_whole(folder):
            return folder
        parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(parent):
            # Another process may have made it while this one waited.
            if not _is_whole(folder):
                refuse_narrow(parent, least_bytes)
                _fill(folder, source, build)
        return folder
    except (NotKept, OSError, StoreError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
        print(
            f"horizon: {source.name} is converted again at each start, because the conversion can't be kept: "
            f"{reason}; set HORIZON_CACHE to a folder with room",
            file=sys.stderr,
        )
        return None


def refuse_narrow(folder: Path, n_bytes: int) -> None:
    """Refuse to fill more than half of what a disk has left.

    Raises:
        NotKept: it would.
    """
    free = shutil.disk_usage(folder).free
    if 2 * n_bytes > free:
        raise NotKept(f"{n_bytes / 1e9:.2f} GB are needed, and {folder} has {free / 1e9:.2f} GB free")


@contextlib.contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    """Wait for the right to build in a folder; it ends with the process."""
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for left in parent.glob(f"*{_PART}*"):
            # Its builder was killed: a living one would hold the lock.
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


def _fill(folder: Path, source: Path, build: Callable[[Path], None]) -> None:
    """Build a folder that appears whole or not at all."""
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}{_PART}"))
    damaged = folder.with_name(f"{part.name}-damaged")
    try:
        build(part)
        hashes = {path.name: file_sha256(path) for path in sorted(part.iterdir())}
        (part / _SEAL).write_text(json.dumps(hashes), encoding="utf-8")
        n_bytes = sum(path.stat().st_size for path in part.iterdir())
        if folder.exists():
            # Moved first, so that its name never holds a mixture.
            folder.rename(damaged)
        part.rename(folder)
        print(
            f"horizon: {source.name} was converted once; {n_bytes / 1e9:.2f} GB are kept in {folder}", file=sys.stderr
        )
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(damaged, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    """Return whether every file of a folder is as it was written. Cost: hashing them."""
    try:
        hashes = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
        return bool(hashes) and all(file_sha256(folder / name) == value for name, value in hashes.items())
    except (OSError, ValueError, AttributeError, TypeError):
        return False
