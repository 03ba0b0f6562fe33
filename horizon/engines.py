"""One UCI engine process: found, driven at fixed nodes with a fresh hash, and given up when it crashes or hangs.

Blocking, for one thread. Knows positions as texts (`position_text`) and scores as records; no environment, no judge.
"""

import os
import select
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from horizon.errors import EngineFailure, UsageError
from horizon.places import shipped
from horizon.position_text import CHESS960, ORTHODOX, board_of_position, split_position
from horizon.records import Score, Scores
from horizon.registry import nearest
from horizon.win_probability import scored

FOLDER = shipped("engines")
_GAMES = "/usr/games"
HANDSHAKE_S = 20.0
SEARCH_GRACE_S = 10.0
FAILURES_IN_A_ROW = 3
_SLOWEST_NODES_A_SECOND = 2000.0
"""Far below any machine's speed with the deadline's margin; only a hanging engine is slower."""


A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Level:
    """A rung of the ladder: all moves scored at these nodes (0: none are), chosen by a softmax over their losses."""

    nodes: int
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Description:
    """What an engine's TOML file says."""

    name: str
    summary: str
    executables: tuple[str, ...]
    package: str
    environment_variable: str
    options: Mapping[str, int | str]
    levels: tuple[Level, ...]


def names() -> tuple[str, ...]:
    """Return the names of the engines that are described."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@lru_cache(maxsize=32)
def describe(name: str) -> Description:
    """Return what is known of an engine by name.

    Raises:
        UsageError: no such engine, with the nearest names.
    """
    if name not in names():
        raise UsageError(f"unknown engine '{name}': {nearest(name, names())}")
    found: dict[str, Any] = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Description(
        name,
        found["summary"],
        tuple(found["executables"]),
        found["package"],
        found["environment_variable"],
        dict(found["options"]),
        tuple(Level(**each) for each in found["levels"]),
    )


def find(name: str) -> Path:
    """Return an engine's program: from its environment variable, else on PATH, else in /usr/games.

    Raises:
        UsageError: no such engine is described.
        EngineFailure: its program is not there; the message says what to install or set.
    """
    known = describe(name)
    given = os.environ.get(known.environment_variable)
    fix = f"install it (Debian: apt-get install {known.package}) or set {known.environment_variable}"
    if given:
        if os.access(given, os.X_OK) and Path(given).is_file():
            return Path(given)
        raise EngineFailure(f"{known.environment_variable}={given} is no program: correct it, or unset it and {fix}")
    for executable in known.executables:
        found = shutil.which(executable, path=f"{os.environ.get('PATH', '')}:{_GAMES}")
        if found:
            return Path(found)
    raise EngineFailure(f"{name} is missing: {fix}")


@dataclass(slots=True)
class Engine:
    """An engine that is replaced when its process fails; open until `close`.

    `options` are UCI options besides the described ones; `path` another program than the described one.
    """

    name: str
    options: Mapping[str, int | str] = field(default_factory=dict)
    version: str = ""
    _process: "_Process | None" = None
    path: Path | None = None

    def __post_init__(self) -> None:
        """Start the engine once, so that a missing one is told before anything is played."""
        if self.path is None:
            self.path = find(self.name)
        self.version = self._running().version

    def score(self, position: str, nodes: int, lines: int | None = None) -> Scores:
        """Return the scores of all legal moves of a position, best first; empty at the end of a game.

        `lines` is how many moves get one, the best ones: with few of them the same nodes look deeper.
        The same every time: fresh hash, one thread, fixed nodes. A process that fails is replaced and asked again.

        Raises:
            UsageError: the text is no position.
            EngineFailure: three failures in a row; the message names the position.
        """
        n_moves = board_of_position(position).legal_moves.count()
        if not n_moves:
            return Scores({}, 0.0)
        n_lines = n_moves if lines is None else max(1, min(lines, n_moves))
        return self._retried(position, lambda process: process.score(position, nodes, n_lines))

    def best(self, position: str, nodes: int) -> str:
        """Return the move that the engine itself plays at these nodes, in UCI notation, with its options in force.

        Raises:
            EngineFailure: three failures in a row; the message names the position.
        """
        return self._retried(position, lambda process: process.best(position, nodes))

    def _retried(self, position: str, ask: "Callable[[_Process], A]") -> A:
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

    def _running(self) -> "_Process":
        if self._process is None:
            if self.path is None:
                raise EngineFailure(f"{self.name} has no program")
            options = {**describe(self.name).options, **self.options} if self.name in names() else dict(self.options)
            self._process = _Process(self.path, options)
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


class _Process:
    """One running engine. Every failure is an EngineFailure and leaves the process unusable."""

    def __init__(self, path: Path, options: Mapping[str, int | str]) -> None:
        try:
            self._child = subprocess.Popen(
                [str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                # Its own group, so that Ctrl-C reaches us only, and what is judged is written down first.
                start_new_session=True,
            )
        except OSError as problem:
            raise EngineFailure(f"{path} can't be started: {problem.strerror}") from None
        self._kept = b""
        # UCI's own defaults, so that what needs no other one sends none.
        self._options: dict[str, int | str] = {"UCI_Chess960": "false", "UCI_Variant": ORTHODOX}
        self._variants: frozenset[str] = frozenset()
        self.version = path.name
        try:
            self._send("uci")
            for line in self._until("uciok", HANDSHAKE_S):
                if line.startswith("id name "):
                    self.version = line.removeprefix("id name ").strip()
                if line.startswith("option name UCI_Variant "):
                    self._variants = frozenset(line.split(" var ")[1:])
            for name, value in options.items():
                self._send(f"setoption name {name} value {value}")
            self._ready()
        except EngineFailure:
            self.kill()
            raise

    def score(self, position: str, nodes: int, n_lines: int) -> Scores:
        self._set(MultiPV=n_lines)
        lines = self._search(position, nodes, max(nodes, 1))
        found, spent_ms = _last_complete(lines, n_lines)
        if len(found) < n_lines:
            # Too few nodes for one whole iteration: the first depth is worth as much as asked for.
            found, spent_ms = _last_complete(self._search(position, None, max(nodes, 1)), n_lines)
        if len(found) != n_lines:
            raise EngineFailure(f"{len(found)} of {n_lines} moves were scored")
        return Scores(found, spent_ms)

    def best(self, position: str, nodes: int) -> str:
        self._set(MultiPV=1)
        last = self._search(position, nodes, nodes)[-1].split()
        if len(last) < 2 or last[1] == "(none)":
            raise EngineFailure("no move was given")
        return last[1]

    def _search(self, position: str, nodes: int | None, budget: int) -> list[str]:
        variant, fen = split_position(position)
        rules = ORTHODOX if variant == CHESS960 else variant
        if rules != ORTHODOX and rules not in self._variants:
            raise UsageError(f"{self.version} can't play {rules}: name fairy-stockfish as the engine")
        if self._variants:
            self._set(UCI_Variant=rules)
        self._set(UCI_Chess960="true" if variant == CHESS960 else "false")
        self._send("ucinewgame")
        self._ready()
        self._send(f"position fen {fen}")
        self._send("go depth 1" if nodes is None else f"go nodes {nodes}")
        return self._until("bestmove", SEARCH_GRACE_S + budget / _SLOWEST_NODES_A_SECOND)

    def _set(self, **options: int | str) -> None:
        """Set options that are not set so already."""
        for name, value in options.items():
            if self._options.get(name) != value:
                self._send(f"setoption name {name} value {value}")
                self._options[name] = value

    def _ready(self) -> None:
        self._send("isready")
        self._until("readyok", HANDSHAKE_S)

    def _send(self, command: str) -> None:
        try:
            assert self._child.stdin is not None  # a pipe by construction
            self._child.stdin.write(command.encode() + b"\n")
        except (OSError, ValueError):
            raise EngineFailure(f"the process ended (exit status {self._child.poll()})") from None

    def _until(self, word: str, seconds: float) -> list[str]:
        """Return the lines up to the one that begins with a word, that one included."""
        deadline = time.monotonic() + seconds
        assert self._child.stdout is not None  # a pipe by construction
        descriptor = self._child.stdout.fileno()
        mark = b"\n" + word.encode()
        while True:
            found = 0 if self._kept.startswith(mark[1:]) else self._kept.find(mark) + 1
            end = self._kept.find(b"\n", found) if found or self._kept.startswith(mark[1:]) else -1
            if end >= 0:
                text, self._kept = self._kept[:end].decode("utf-8", "replace"), self._kept[end + 1 :]
                return text.splitlines()
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise EngineFailure(f"no '{word}' within {seconds:.0f} seconds")
            read = os.read(descriptor, 1 << 16)
            if not read or len(self._kept) > 1 << 24:
                raise EngineFailure(f"the process ended (exit status {self._child.poll()}) before '{word}'")
            self._kept += read

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


def _last_complete(lines: Sequence[str], n_lines: int) -> tuple[dict[str, Score], float]:
    """Return the scores of the deepest iteration with all its lines, best first, and the search's milliseconds.

    From the end backwards, since one iteration is enough of the ten or twenty that a search prints.
    """
    current: dict[str, Score] = {}
    spent_ms = 0.0
    for line in reversed(lines):
        if not line.startswith("info ") or " multipv " not in line or " pv " not in line:
            continue
        words = line.split(" pv ", 1)
        fields = words[0].split()
        try:
            place = fields[fields.index("multipv") + 1]
            at = fields.index("score")
            kind, value = fields[at + 1], int(fields[at + 2])
            move = words[1].split(None, 1)[0]
            if not spent_ms and "time" in fields:
                spent_ms = float(fields[fields.index("time") + 1])
        except (ValueError, IndexError):
            raise EngineFailure(f"a line that can't be read: {line[:200]}") from None
        # A bound is no score; the exact one stands after it.
        if "lowerbound" not in fields and "upperbound" not in fields and move not in current:
            current[move] = scored(value) if kind == "cp" else scored(mate=value)
        if place == "1":
            if len(current) == n_lines:
                # Read from the end, so that of equal scores the engine's first must be put first again.
                forward = dict(reversed(current.items()))
                return dict(sorted(forward.items(), key=lambda item: _rank(item[1]), reverse=True)), spent_ms
            current = {}
    return {}, spent_ms


def _rank(score: Score) -> tuple[float, float]:
    """Return what scores are ordered by: quick mates first, slow ones of the opponent before quick ones."""
    if score.mate is not None:
        return (1.0, -score.mate) if score.mate > 0 else (-1.0, -score.mate)
    return 0.0, float(score.centipawns or 0)
