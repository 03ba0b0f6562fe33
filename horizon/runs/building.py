"""A run made of rows that exist already, as by merging or grading: in a folder beside, renamed when it is whole."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from horizon.core.errors import StoreError
from horizon.core.records import Json
from horizon.runs import manifest as manifests
from horizon.runs.finishing import finish
from horizon.runs.journal import Journal
from horizon.runs.lock import LOCK, Lock
from horizon.runs.replacing import make_folder, reason_of
from horizon.runs.run_folder import check_new
from horizon.runs.tables import WRITTEN, is_finished


@contextmanager
def building(out: Path, manifest: Mapping[str, Json]) -> Iterator[Journal]:
    """Make a run of rows that exist already: in a folder beside `out` that takes its name when it is finished.

    A process that is killed leaves nothing in `out`; the same call again starts over.

    Raises:
        UsageError: `out` can't be used (see `check_new`).
        StoreError: another process is making the same run, or the disk refuses.
    """
    check_replaceable(out)
    out = out.resolve()
    part = out.with_name(f".{out.name}.building")
    if part.is_symlink():
        raise StoreError(f"{part} is a link, and nothing is written through links: remove it")
    make_folder(part)
    lock = Lock(part)
    try:
        _empty(part)
        manifests.write(part, {name: value for name, value in manifest.items() if name != WRITTEN})
        journal = Journal(part, lock)
        yield journal
        finish(part)
        check_replaceable(out)
        if out.exists():
            _empty(out)
        part.rename(out)
        lock.path = out / LOCK
        journal.close()
    except OSError as problem:
        raise StoreError(f"{out} can't be written: {reason_of(problem)}; choose another --out") from None
    finally:
        lock.release()
        shutil.rmtree(part, ignore_errors=True)


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
