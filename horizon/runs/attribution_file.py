"""Maps of responsible turns, kept beside a run: one sealed line for each error, appended as it is computed.

A killed `horizon attribute` continues after the last whole line; a torn one is computed again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.errors import StoreError, UsageError
from horizon.runs.replacing import open_unfollowed, reason_of
from horizon.runs.seals import Link, misplacement, seal, start_of, unseal

NAME = "attribution-{edit}.jsonl"


@dataclass(frozen=True, slots=True)
class TurnEffect:
    """What editing one earlier turn does to the log-likelihood of the right reply, in nats; `erred`: it was wrong."""

    turn: int
    erred: bool
    effect: float


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """One wrong turn, the log-likelihood of its right reply as played, and the effect of every edited earlier turn.

    `read_tokens` were read for the edited histories; `rescored_tokens` are those of the turns from each edited one to
    the scored reply, which no cache can hold.
    """

    episode_id: str
    turn: int
    log_likelihood: float
    effects: tuple[TurnEffect, ...]
    read_tokens: int
    rescored_tokens: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """All maps of one run by one edit, and the model that scored."""

    model: str
    edit: str
    maps: tuple[ErrorMap, ...]


def read_attribution(folder: Path, edit: str) -> Attribution | None:
    """Return what a run's file of an edit holds, up to a torn last line; None where there is none.

    Raises
    ------
    StoreError
        A line is damaged, lost or moved.
    """
    path = folder / NAME.format(edit=edit)
    return _read(path, edit)[0] if path.exists() else None


def _read(path: Path, edit: str) -> tuple[Attribution, Link, int]:
    """Return what a file holds, the place of its last whole line in the chain, and where that ends."""
    maps: list[ErrorMap] = []
    model, last, end = "", start_of(edit), 0
    for entry, link, line_end in _entries(path, edit):
        last, end = link, line_end
        model = str(entry["model"])
        effects = tuple(TurnEffect(int(turn), bool(erred), float(effect)) for turn, erred, effect in entry["effects"])
        maps.append(
            ErrorMap(
                str(entry["episode"]),
                int(entry["turn"]),
                float(entry["log_likelihood"]),
                effects,
                int(entry["read_tokens"]),
                int(entry["rescored_tokens"]),
            )
        )
    return Attribution(model, edit, tuple(maps)), last, end


class AttributionFile:
    """The open file of one edit: what is done already, and `append` for the rest."""

    def __init__(self, folder: Path, edit: str, model: str) -> None:
        """Open or begin the file.

        Raises
        ------
        UsageError
            It holds maps by another model.
        StoreError
            It is damaged, or can't be written.
        """
        self.path = folder / NAME.format(edit=edit)
        self._model = model
        self.maps: list[ErrorMap] = []
        self._last, end = start_of(edit), 0
        if self.path.exists():
            before, self._last, end = _read(self.path, edit)
            self.maps = list(before.maps)
            if self.maps and before.model != model:
                raise UsageError(f"{self.path} holds maps by {before.model}: remove it, or name that model")
        try:
            self._file = open_unfollowed(self.path, os.O_WRONLY | os.O_CREAT)
            os.ftruncate(self._file, end)
            os.lseek(self._file, 0, os.SEEK_END)
        except OSError as problem:
            raise StoreError(f"{self.path} can't be written: {reason_of(problem)}") from None

    def append(self, error: ErrorMap) -> None:
        """Write one map; when this returns it survives the death of the process.

        Raises
        ------
        StoreError
            The disk is full or gone.
        """
        entry = {
            "model": self._model,
            "episode": error.episode_id,
            "turn": error.turn,
            "log_likelihood": error.log_likelihood,
            "effects": [[effect.turn, effect.erred, effect.effect] for effect in error.effects],
            "read_tokens": error.read_tokens,
            "rescored_tokens": error.rescored_tokens,
        }
        line, self._last = seal(json.dumps(entry).encode() + b"\n", self._last)
        try:
            os.write(self._file, line)
        except OSError as problem:
            raise StoreError(f"{self.path} can't be written: {reason_of(problem)}") from None
        self.maps.append(error)

    def close(self) -> None:
        """Release the file; what was appended is on disk."""
        os.close(self._file)


def _entries(path: Path, edit: str) -> Iterator[tuple[dict[str, Any], Link, int]]:
    """Yield every line as data, its place in the chain, and where it ends."""
    last, end = start_of(edit), 0
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
            raise StoreError(f"{path} is damaged at line {number}: {reason}; remove it to map the errors again")
        assert sealed.link is not None
        last, end = sealed.link, end + len(line)
        yield entry, sealed.link, end
