"""Which engines there are, where their programs lie, and one of them at work: replaced when it crashes or hangs.

Blocking, for one thread. Knows positions as texts (`position_text`) and scores as records; no environment, no judge.
"""

import os
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from horizon.core.errors import EngineFailure, UsageError
from horizon.core.paths import shipped
from horizon.core.records import Scores
from horizon.core.registry import nearest
from horizon.engines.position_text import board_of_position
from horizon.engines.process import EngineProcess

FOLDER = shipped("engines")
_GAMES = "/usr/games"
FAILURES_IN_A_ROW = 3

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Level:
    """A rung of the ladder: all moves scored at these nodes (0: none are), chosen by a softmax over their losses."""

    nodes: int
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Description:
    """What an engine's TOML file says.

    `executables` are programs of the Debian package; `library` is where in a Python package (a pattern below its
    folder) the engine lies as a shared library, for those that come so.
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
    """Return the names of the engines that are described."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@lru_cache(maxsize=32)
def describe_engine(name: str) -> Description:
    """Return what is known of an engine by name.

    Raises:
        UsageError: no such engine, with the nearest names.
    """
    if name not in engine_names():
        raise UsageError(f"unknown engine '{name}': {nearest(name, engine_names())}")
    found: dict[str, Any] = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Description(
        name,
        found["summary"],
        tuple(found.get("executables", ())),
        found.get("library"),
        found["package"],
        found["environment_variable"],
        dict(found["options"]),
        tuple(Level(**each) for each in found["levels"]),
    )


def find_engine(name: str) -> Path:
    """Return an engine's program: from its environment variable, else on PATH, in /usr/games or in a Python package.

    Raises:
        UsageError: no such engine is described.
        EngineFailure: its program is not there; the message says what to install or set.
    """
    known = describe_engine(name)
    given = os.environ.get(known.environment_variable)
    how = f"pip install {known.package}" if known.library else f"Debian: apt-get install {known.package}"
    fix = f"install it ({how}) or set {known.environment_variable}"
    if given:
        if os.access(given, os.X_OK) and Path(given).is_file():
            return Path(given)
        raise EngineFailure(f"{known.environment_variable}={given} is no program: correct it, or unset it and {fix}")
    for executable in known.executables:
        found = shutil.which(executable, path=f"{os.environ.get('PATH', '')}:{_GAMES}")
        if found:
            return Path(found)
    package = find_spec(known.package) if known.library else None
    for folder in (package.submodule_search_locations or ()) if package is not None else ():
        for library in Path(folder).glob(known.library or ""):
            return library
    raise EngineFailure(f"{name} is missing: {fix}")


@dataclass(slots=True)
class Engine:
    """An engine that is replaced when its process fails; open until `close`.

    `options` are UCI options besides the described ones; `path` another program than the described one.
    """

    name: str
    options: Mapping[str, int | str] = field(default_factory=dict)
    version: str = ""
    _process: EngineProcess | None = None
    path: Path | None = None

    def __post_init__(self) -> None:
        """Start the engine once, so that a missing one is told before anything is played."""
        if self.path is None:
            self.path = find_engine(self.name)
        self.version = self._running().version

    def score(self, position: str, nodes: int, lines: int | None = None) -> Scores:
        """Return the scores of all legal moves of a position, best first; empty at the end of a game.

        `lines` is how many moves get one, the best ones: with few of them the same nodes look deeper.
        The same every time: fresh hash, one thread, fixed nodes. A process that fails is replaced and asked again.

        Raises:
            UsageError: the text is no position.
            EngineFailure: three failures in a row, or a move scored that the rules forbid; the message names the
                position.
        """
        legal = {move.uci() for move in board_of_position(position).legal_moves}
        if not legal:
            return Scores({}, 0.0)
        n_lines = len(legal) if lines is None else max(1, min(lines, len(legal)))
        scores = self._retried(position, lambda process: process.score(position, nodes, n_lines))
        illegal = next((move for move in scores.actions if move not in legal), None)
        if illegal is not None:
            raise EngineFailure(
                f"{self.version} scored {illegal}, which is illegal in '{position}': other rules there?"
            )
        return scores

    def best(self, position: str, nodes: int) -> str:
        """Return the move that the engine itself plays at these nodes, in UCI notation, with its options in force.

        Raises:
            EngineFailure: three failures in a row; the message names the position.
        """
        return self._retried(position, lambda process: process.best(position, nodes))

    @property
    def variants(self) -> frozenset[str]:
        """What the engine plays, in the words of `position_text`; orthodox chess and Chess960 are always among them.

        Raises:
            EngineFailure: it doesn't start.
        """
        return self._running().variants

    def _retried(self, position: str, ask: Callable[[EngineProcess], A]) -> A:
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
                raise EngineFailure(f"{self.name} has no program")
            options = (
                {**describe_engine(self.name).options, **self.options}
                if self.name in engine_names()
                else dict(self.options)
            )
            self._process = EngineProcess(self.path, options)
        return self._process

    def close(self) -> None:
        """End the process; may be called twice, and the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
