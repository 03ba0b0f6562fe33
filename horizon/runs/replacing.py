"""Files written to a temporary file and renamed once complete, so that a full disk or a kill leaves the old one.

Links are never followed for writing: a run folder may come from somebody else, and its names may point anywhere.
Every refusal of the disk is one line.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from horizon.core.errors import StoreError

_SUFFIX = ".part"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that takes the place of `path` at the end, whole and on the disk, or not at all.

    Raises:
        StoreError: the disk refuses; what was at `path` stays.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{_SUFFIX}")
    try:
        _remove_dead_parts(path)
        with open(os.open(part, _NEW, 0o644), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as problem:
        raise StoreError(f"{path} can't be written: {reason_of(problem)}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> Path:
    """Put a text into a file, whole or not at all, and return its path; surrogates become question marks.

    Raises:
        StoreError: the disk refuses; what was at `path` stays.
    """
    with replacing(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return path


def make_subfolder(folder: Path, name: str) -> Path:
    """Make a folder for output inside another one, with its parents, and return it.

    Raises:
        StoreError: it is a link or a file, or the disk refuses.
    """
    path = folder / name
    if path.is_symlink():
        raise StoreError(
            f"{path} is a link, and nothing is written through links: remove it, or choose another folder"
        )
    make_folder(path)
    return path


def make_folder(path: Path) -> None:
    """Make a folder and its parents.

    Raises:
        StoreError: it is a file, or the disk refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StoreError(f"{path} can't be made: {reason_of(problem)}; choose another folder") from None


def open_unfollowed(path: Path, flags: int) -> int:
    """Return the descriptor of a file that is opened for writing unless it is a link.

    Raises:
        OSError: it is a link, or the disk refuses.
    """
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)


def reason_of(problem: OSError) -> str:
    """Return why the disk refused, without the path."""
    if problem.errno == errno.ELOOP:
        return "it is a link, and nothing is written through links: remove it"
    return problem.strerror or str(problem)


def is_part(name: str) -> bool:
    """Return whether a file's name is that of a file not yet whole."""
    return name.endswith(_SUFFIX)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, so that a rename outlives a power cut.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_dead_parts(path: Path) -> None:
    """Remove what killed processes left of this file."""
    start = f".{path.name}."
    with os.scandir(path.parent) as names:
        parts = [name.name for name in names if name.name.startswith(start) and is_part(name.name)]
    for name in parts:
        writer = name[len(start) : -len(_SUFFIX)]
        if writer.isdecimal() and not _is_alive(int(writer)):
            (path.parent / name).unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
