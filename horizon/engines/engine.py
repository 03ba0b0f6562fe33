"""The known engines, how to find their programs, and a running engine that is restarted when it crashes or hangs.

Blocking, not thread-safe. Knows positions as texts (`position_text`) and scores as records; no environment, no judge.
"""

import os
import shutil
import tomllib
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import chess

from horizon.core.errors import EngineFailure, UsageError
from horizon.core.paths import shipped_folder
from horizon.core.records import Scores
from horizon.core.registry import nearest
from horizon.engines.position_text import board_of_position
from horizon.engines.process import EngineKilled, EngineProcess

FOLDER = shipped_folder("engines")
_GAMES = "/usr/games"
FAILURES_IN_A_ROW = 3

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Level:
    """A playing strength: moves are scored at `nodes` (0: not at all) and drawn by a softmax over their losses."""

    nodes: int
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Description:
    """The content of an engine's TOML file.

    `executables` are programs of the Debian package; `library` is a glob pattern below the folder of a Python package
    for engines that are shipped as a shared library.
    """

    name: str
    summary: str
    executables: tuple[str, ...]
    library: str | None
    package: str
    environment_variable: str
    options: Mapping[str, int | str]
    levels: tuple[Level, ...]


def engine_names() -> tuple[str, ...]:
    """Return the names of the engines that have a TOML file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@lru_cache(maxsize=32)
def describe_engine(name: str) -> Description:
    """Return the description of an engine.

    Raises:
        UsageError: no such engine, with the nearest names.
    """
    if name not in engine_names():
        raise UsageError(f"unknown engine '{name}': {nearest(name, engine_names())}")
    table: dict[str, Any] = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Description(
        name,
        table["summary"],
        tuple(table.get("executables", ())),
        table.get("library"),
        table["package"],
        table["environment_variable"],
        dict(table["options"]),
        tuple(Level(**level) for level in table["levels"]),
    )


def find_engine(name: str) -> Path:
    """Return an engine's program: from its environment variable, else on PATH, in /usr/games or in a Python package.

    Raises:
        UsageError: no such engine is described.
        EngineFailure: its program is missing; the message names the package and the variable to set.
    """
    known = describe_engine(name)
    given = os.environ.get(known.environment_variable)
    how = f"pip install {known.package}" if known.library else f"Debian: apt-get install {known.package}"
    fix = f"install it ({how}) or set {known.environment_variable}"
    if given:
        if os.access(given, os.X_OK) and Path(given).is_file():
            return Path(given)
        raise EngineFailure(
            f"{known.environment_variable}={given} is not an executable file: correct it, or unset it and {fix}"
        )
    for executable in known.executables:
        program = shutil.which(executable, path=f"{os.environ.get('PATH', '')}:{_GAMES}")
        if program:
            return Path(program)
    package = find_spec(known.package) if known.library else None
    for folder in (package.submodule_search_locations or ()) if package is not None else ():
        for library in Path(folder).glob(known.library or ""):
            return library
    raise EngineFailure(f"{name} is missing: {fix}")


@dataclass(slots=True)
class Engine:
    """An engine whose process is restarted when it fails; open until `close`.

    `options` are UCI options in addition to the described ones; `path` replaces the described program.
    """

    name: str
    options: Mapping[str, int | str] = field(default_factory=dict)
    version: str = ""
    _process: EngineProcess | None = None
    path: Path | None = None

    def __post_init__(self) -> None:
        """Start the engine once, so that a missing engine is reported before play starts."""
        if self.path is None:
            self.path = find_engine(self.name)
        for attempt in range(1, FAILURES_IN_A_ROW + 1):
            try:
                self.version = self._running().version
                return
            except EngineKilled:
                if attempt == FAILURES_IN_A_ROW:
                    raise

    def score(self, position: str, nodes: int, lines: int | None = None) -> Scores:
        """Return the scores of all legal moves of a position, best first; empty at the end of a game.

        `lines` limits the scores to the best moves: with fewer lines the same nodes search deeper. Deterministic:
        fresh hash, one thread, fixed nodes. A process that fails is restarted and the search repeated.

        Raises:
            UsageError: the text is not a position.
            EngineFailure: three failures in a row, or a score of an illegal move; the message names the position.
        """
        board = board_of_position(position)
        legal = {move.uci() for move in board.legal_moves}
        if not legal:
            return Scores({}, 0.0)
        n_lines = len(legal) if lines is None else max(1, min(lines, len(legal)))

        def ask(process: EngineProcess) -> Scores:
            scores = process.score(position, nodes, n_lines)
            moves = {_legal_move(board, legal, move): score for move, score in scores.actions.items()}
            illegal = next((move for move in scores.actions if _legal_move(board, legal, move) is None), None)
            if illegal is not None:
                raise EngineFailure(
                    f"{self.version} scored {illegal:.20}, which is illegal in '{position}': does it play another "
                    "variant?"
                )
            return Scores({move: score for move, score in moves.items() if move is not None}, scores.engine_ms)

        return self._retry(position, ask)

    def best(self, position: str, nodes: int) -> str:
        """Return the move that the engine itself plays at these nodes, in UCI notation, with its own options.

        Raises:
            UsageError: the text is not a position.
            EngineFailure: three failures in a row, no move or an illegal one; the message names the position.
        """
        board = board_of_position(position)
        legal = {move.uci() for move in board.legal_moves}

        def ask(process: EngineProcess) -> str:
            text = process.best(position, nodes)
            move = _legal_move(board, legal, text)
            if move is None:
                raise EngineFailure(f"{self.version} answered with {text:.20}, which is illegal in '{position}'")
            return move

        return self._retry(position, ask)

    @property
    def variants(self) -> frozenset[str]:
        """The variants that the engine plays, by their names in `position_text`, with orthodox chess and Chess960.

        Raises:
            EngineFailure: the engine does not start.
        """
        return self._running().variants

    def _retry(self, position: str, ask: Callable[[EngineProcess], A]) -> A:
        for attempt in range(1, FAILURES_IN_A_ROW + 1):
            try:
                return ask(self._running())
            except EngineFailure as failure:
                self.close()
                if attempt == FAILURES_IN_A_ROW:
                    raise EngineFailure(
                        f"{self.name} failed {attempt} times in a row at position '{position}': {failure}; "
                        f"try it by hand: {self.path}"
                    ) from None
        raise AssertionError("unreachable")

    def _running(self) -> EngineProcess:
        if self._process is None:
            if self.path is None:
                raise EngineFailure(f"{self.name} has no program: create it with a path")
            options = (
                {**describe_engine(self.name).options, **self.options}
                if self.name in engine_names()
                else dict(self.options)
            )
            self._process = EngineProcess(self.path, options)
        return self._process

    def close(self) -> None:
        """End the process; may be called twice. The next search starts a new one."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _legal_move(board: chess.Board, legal: Set[str], text: str) -> str | None:
    """Return the legal move that an engine's text names, whatever its case and its way of castling; else None."""
    if text in legal:
        return text
    try:
        move = board.parse_uci(text.lower()).uci()
    except ValueError:
        return None
    return move if move in legal else None
