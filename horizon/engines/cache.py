"""On-disk cache of engine scores, shared by runs and processes: position, engine and nodes in, move scores out.

Scores can always be recomputed, so the cache never fails: a damaged file is renamed with a warning, and a row whose
checksum does not fit is scored again. Knows no engine.
"""

import contextlib
import os
import sqlite3
import struct
import sys
from pathlib import Path
from zlib import crc32

from horizon.core.paths import cache_folder
from horizon.core.records import Score, Scores
from horizon.engines.win_probability import make_score

_TABLE = (
    "CREATE TABLE IF NOT EXISTS scores (engine TEXT, nodes INTEGER, position TEXT, moves BLOB, "
    "PRIMARY KEY (engine, nodes, position)) WITHOUT ROWID"
)
_MATE_FLAG = 1 << 30
_COMMIT_EVERY = 64
_SEALED_REST = (8 + 4) % 9
"""Bytes of a row beyond its moves of nine bytes each: milliseconds and checksum."""


class ScoresCache:
    """The cache of one engine at fixed nodes. Not thread-safe. `engine` identifies version and options."""

    def __init__(self, path: Path, engine: str, nodes: int) -> None:
        """Open or create the file; rename a damaged one, and work without a cache if the file can't be written."""
        self._engine, self._nodes = engine, nodes
        self._unsaved = 0
        try:
            self._data: sqlite3.Connection | None = _open(path)
        except sqlite3.DatabaseError as problem:
            self._data = _replace_damaged(path, problem)
        except OSError as problem:
            _warn(f"{path} can't be used ({problem.strerror}): positions are scored again")
            self._data = None

    def get(self, position: str) -> Scores | None:
        """Return the scores of a position, or None if they are not cached."""
        if self._data is None:
            return None
        try:
            row = self._data.execute(
                "SELECT moves FROM scores WHERE engine = ? AND nodes = ? AND position = ?",
                (self._engine, self._nodes, position),
            ).fetchone()
            return _decode(self._unseal(position, row[0])) if row is not None else None
        except (sqlite3.Error, struct.error, ValueError):
            # Rows that were changed, and those of older versions without a checksum, are scored again.
            return None

    def put(self, position: str, scores: Scores) -> None:
        """Store the scores of a position."""
        if self._data is None:
            return
        try:
            moves = _encode(scores)
            row = (self._engine, self._nodes, position, moves + struct.pack("<I", self._checksum(position, moves)))
            self._data.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", row)
            self._unsaved += 1
            if self._unsaved >= _COMMIT_EVERY:
                self.flush()
        except sqlite3.Error as problem:
            _warn(f"scores can't be cached ({problem}): positions are scored again next time")
            self._data = None

    def _checksum(self, position: str, moves: bytes) -> int:
        """Return the checksum of a row: of its moves and of what they belong to."""
        return crc32(moves, crc32(f"{self._engine}|{self._nodes}|{position}".encode()))

    def _unseal(self, position: str, blob: object) -> bytes:
        """Return a row's moves.

        Raises:
            ValueError: the row was changed, or has no checksum.
        """
        if not isinstance(blob, bytes) or len(blob) % 9 != _SEALED_REST:
            raise ValueError("no checksum")
        moves, stored = blob[:-4], blob[-4:]
        if struct.pack("<I", self._checksum(position, moves)) != stored:
            raise ValueError("the checksum does not fit")
        return moves

    def flush(self) -> None:
        """Write pending scores to disk."""
        if self._data is not None and self._unsaved:
            with contextlib.suppress(sqlite3.Error):
                self._data.commit()
            self._unsaved = 0

    def close(self) -> None:
        """Flush and close; may be called twice."""
        self.flush()
        if self._data is not None:
            self._data.close()
            self._data = None


def cache_path() -> Path:
    """Return the path of the score cache.

    Raises:
        StoreError: there is no cache folder (see `paths.cache_folder`).
    """
    return cache_folder() / "scores.sqlite"


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
    try:
        data.execute("PRAGMA journal_mode = WAL")
        data.execute("PRAGMA synchronous = NORMAL")
        data.execute(_TABLE)
        data.commit()
    except sqlite3.Error:
        data.close()
        raise
    return data


def _replace_damaged(path: Path, problem: sqlite3.DatabaseError) -> sqlite3.Connection | None:
    if isinstance(problem, sqlite3.OperationalError):
        _warn(f"{path} can't be used ({problem}): positions are scored again")
        return None
    aside = path.with_suffix(f".damaged-{os.getpid()}")
    _warn(f"{path} is damaged ({problem}): renamed to {aside.name}, positions are scored again")
    try:
        path.replace(aside)
        return _open(path)
    except (OSError, sqlite3.Error):
        return None


def _warn(text: str) -> None:
    print(f"horizon: {text}", file=sys.stderr)


def _encode(scores: Scores) -> bytes:
    """Pack as float64 milliseconds, then per move its five-byte text and a 32-bit score, best first."""
    parts = [struct.pack("<d", scores.engine_ms or 0.0)]
    for move, score in scores.actions.items():
        value = score.mate + (_MATE_FLAG if score.mate >= 0 else -_MATE_FLAG) if score.mate is not None else None
        parts.append(move.encode().ljust(5) + struct.pack("<i", score.centipawns if value is None else value))
    return b"".join(parts)


def _decode(blob: bytes) -> Scores:
    (engine_ms,) = struct.unpack_from("<d", blob)
    actions: dict[str, Score] = {}
    for start in range(8, len(blob), 9):
        (value,) = struct.unpack_from("<i", blob, start + 5)
        is_mate = abs(value) >= _MATE_FLAG // 2
        mate = value - _MATE_FLAG if value > 0 else value + _MATE_FLAG
        actions[blob[start : start + 5].decode().strip()] = make_score(mate=mate) if is_mate else make_score(value)
    return Scores(actions, engine_ms)
