"""The turns that a calibration asked, kept as they come: one sealed line each, after a first line on its start.

A killed calibration continues after the last whole line; a torn one is asked again. Knows rows, and not how they are
asked: each belongs to the batch whose seed it is kept under. More turns may be asked for on resume, or fewer.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from horizon.core.errors import StoreError, UsageError
from horizon.core.records import Turn
from horizon.runs.manifest import first_difference, plain
from horizon.runs.plan_limits import LIMITS
from horizon.runs.replacing import make_folder
from horizon.runs.row_format import decode, encode
from horizon.runs.sealed_lines import Entry, SealedLines, convert_each, read_lines

NAME = "calibration.jsonl"
"""Its name in the folder of a run that is calibrated first."""

_AGAIN = "calibrate again"
_FREE = {"conditions", "episodes", "turns", "probe_every", "probe_turns", *LIMITS}
"""Keys of a plan that change none of the turns asked."""


def holds_calibration(path: Path) -> bool:
    """Return whether a file has anything that a calibration wrote, were it a torn line."""
    return path.is_file() and path.stat().st_size > 0


def read_started(path: Path) -> dict[str, Any] | None:
    """Return what the calibration in a file was started with; None where there is none.

    Raises
    ------
    StoreError
        A line is damaged, lost or moved.
    """
    held = read_lines(path, NAME, _AGAIN)
    return _started_in(path, held.entries) if held is not None else None


def check_startable(path: Path, started: Mapping[str, Any], *, resume: bool) -> None:
    """Check that a calibration can be started or resumed in a file, before a model is loaded for it.

    Raises
    ------
    UsageError
        The file holds a calibration and is not to be resumed, or there is nothing to resume.
    StoreError
        It was started with something else, or is damaged.
    """
    if resume and not path.exists():
        raise UsageError(f"nothing to resume in {path}: start it without --resume")
    before = read_started(path)
    if before is not None:
        _refuse_other(path, before, started, resume=resume)


class CalibrationFile:
    """The open file of one calibration: what was asked before, and `append` for the rest."""

    def __init__(self, path: Path, started: Mapping[str, Any], *, resume: bool = False) -> None:
        """Open or begin the file of a calibration that is started with this.

        Raises
        ------
        UsageError, StoreError
            See `check_startable`; or it can't be written, or another process extends it.
        """
        check_startable(path, started, resume=resume)
        make_folder(path.parent)
        self.path = path
        self._lines = SealedLines(path, NAME, str(started["plan"]["model"]), _AGAIN)
        self._turns: dict[int, list[Turn]] = {}
        self._failed: dict[int, int] = {}
        try:
            self._read(started, resume=resume)
        except BaseException:
            self.close()
            raise

    def turns(self, seed: int, count: int) -> list[Turn]:
        """Return the turns of a batch that were asked before, those of its first `count` episodes, in their order."""
        rows = sorted(self._turns.get(seed, []), key=lambda row: row.episode_id)
        return [row for row in rows if int(row.episode_id.rpartition("#")[2]) < count]

    def n_failed(self, seed: int) -> int:
        """Return how many requests of a batch failed before."""
        return self._failed.get(seed, 0)

    def append(self, seed: int, row: Turn) -> None:
        """Write one turn of a batch; when this returns it survives the death of the process.

        Raises
        ------
        ContractError
            The row holds a value that can't be stored.
        StoreError
            The disk is full or gone.
        """
        self._lines.append({"seed": seed, **json.loads(encode(row))})

    def append_failed(self, seed: int, count: int) -> None:
        """Write that so many requests of a batch failed, which then count as asked.

        Raises
        ------
        StoreError
            The disk is full or gone.
        """
        self._lines.append({"seed": seed, "failed": count})

    def close(self) -> None:
        """Release the file; what was appended is on disk."""
        self._lines.close()

    def _read(self, started: Mapping[str, Any], *, resume: bool) -> None:
        # Once more, now that nobody else extends it.
        before = _started_in(self.path, self._lines.before.entries)
        if before is None:
            self._lines.append({"started": plain(started)})
            return
        _refuse_other(self.path, before, started, resume=resume)
        for seed, asked in filter(None, convert_each(self.path, self._lines.before.entries, _read_asked, _AGAIN)):
            if isinstance(asked, Turn):
                self._turns.setdefault(seed, []).append(asked)
            else:
                self._failed[seed] = asked


def _started_in(path: Path, entries: tuple[Entry, ...]) -> dict[str, Any] | None:
    if not entries:
        return None
    started = entries[0].get("started")
    if not isinstance(started, dict) or not isinstance(started.get("plan"), dict):
        raise StoreError(f"{path} is no file of a calibration: give another place")
    return started


def _refuse_other(path: Path, before: Mapping[str, Any], started: Mapping[str, Any], *, resume: bool) -> None:
    """Refuse a file that holds another calibration, or one that is not to be resumed; the difference is named."""
    difference = first_difference(_deciding(before), _deciding(plain(started)))
    if difference is not None:
        name, was, now = difference
        raise StoreError(
            f"{path} was started with {name.removeprefix('plan.')}={was}, not {now}: use the settings it was started "
            "with, or choose another --out"
        )
    if not resume:
        raise UsageError(f"{path} holds a calibration already: continue it with --resume, or choose another --out")


def _deciding(started: Any) -> dict[str, Any]:
    plan = {key: value for key, value in started["plan"].items() if key not in _FREE}
    return {"plan": plan, **{key: started.get(key) for key in ("environment", "knobs")}}


def _read_asked(entry: Entry) -> tuple[int, Turn | int] | None:
    """Return the seed of a batch with one of its turns, or with the number that failed; None for the first line."""
    if "started" in entry:
        return None
    if "failed" in entry:
        return entry["seed"], entry["failed"]
    row = decode(json.dumps({"turn": entry["turn"]}).encode())
    assert isinstance(row, Turn)  # by its tag
    return entry["seed"], row
