"""The process of one UCI engine: searches at fixed nodes with a fresh hash, read with a deadline.

Blocking, not thread-safe. Knows programs and position texts; the choice of engine and the handling of failures are
in `engine`.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from horizon.core.errors import EngineFailure, UsageError
from horizon.core.records import Score, Scores
from horizon.engines.position_text import CHESS960, ORTHODOX, split_position
from horizon.engines.win_probability import make_score

HANDSHAKE_S = 20.0
SEARCH_GRACE_S = 10.0
_SLOWEST_NODES_A_SECOND = 2000.0
"""Far below the speed of any machine: only an engine that hangs exceeds the deadline."""

_CALL_MAIN = "import ctypes, sys; sys.exit(ctypes.CDLL(sys.argv[1]).main(1, (ctypes.c_char_p * 2)(b'engine', None)))"
"""Runs the `main` of an engine that a Python wheel ships as a shared library, in a separate process."""


def command(path: Path) -> list[str]:
    """Return the command line of an engine: the program itself, or Python with the loader of a shared library."""
    return [sys.executable, "-I", "-c", _CALL_MAIN, str(path)] if path.suffix == ".so" else [str(path)]


class EngineProcess:
    """One running engine. Every failure is an EngineFailure and leaves the process unusable."""

    def __init__(self, path: Path, options: Mapping[str, int | str]) -> None:
        """Start the program and set the options.

        Raises:
            EngineFailure: the program does not start, or does not speak UCI.
        """
        try:
            self._child = subprocess.Popen(
                command(path),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                # A process group of its own: Ctrl-C reaches only us, so that finished judgements are saved first.
                start_new_session=True,
            )
        except OSError as problem:
            raise EngineFailure(f"{path} can't be started: {problem.strerror}") from None
        self._kept = b""
        # The defaults of UCI: an option is only sent when it differs.
        self._options: dict[str, int | str] = {"UCI_Chess960": "false", "UCI_Variant": ORTHODOX}
        named: tuple[str, ...] = ()
        self.version = path.name
        try:
            self._send("uci")
            for line in self._until("uciok", HANDSHAKE_S):
                if line.startswith("id name "):
                    self.version = line.removeprefix("id name ").strip()
                if line.startswith("option name UCI_Variant "):
                    named = tuple(line.split(" var ")[1:])
            self._chooses = bool(named)
            self.variants = frozenset((ORTHODOX, CHESS960, *named))
            for name, value in options.items():
                self._send(f"setoption name {name} value {value}")
            self._ready()
        except EngineFailure:
            self.kill()
            raise

    def score(self, position: str, nodes: int, n_lines: int) -> Scores:
        """Return the scores of the `n_lines` best moves, best first.

        Raises:
            UsageError: the engine does not play the position's variant.
            EngineFailure: the process ended, timed out, or scored fewer moves.
        """
        self._set(MultiPV=n_lines)
        lines = self._search(position, nodes, max(nodes, 1))
        scores, spent_ms = _last_complete(lines, n_lines)
        if len(scores) < n_lines:
            # The nodes did not suffice for one complete iteration: search depth 1 instead.
            scores, spent_ms = _last_complete(self._search(position, None, max(nodes, 1)), n_lines)
        if len(scores) != n_lines:
            raise EngineFailure(f"{len(scores)} of {n_lines} moves were scored: raise the nodes")
        return Scores(scores, spent_ms)

    def best(self, position: str, nodes: int) -> str:
        """Return the move that the engine plays, in UCI notation.

        Raises:
            UsageError: the engine does not play the position's variant.
            EngineFailure: the process ended, timed out, or gave no move.
        """
        self._set(MultiPV=1)
        last = self._search(position, nodes, nodes)[-1].split()
        if len(last) < 2 or last[1] == "(none)":
            raise EngineFailure("the engine answered without a move")
        return last[1]

    def _search(self, position: str, nodes: int | None, budget: int) -> list[str]:
        variant, fen = split_position(position)
        if variant not in self.variants:
            raise UsageError(f"{self.version} can't play {variant}: name another engine, fairy-stockfish or pyffish")
        if self._chooses:
            self._set(UCI_Variant=ORTHODOX if variant == CHESS960 else variant)
        self._set(UCI_Chess960="true" if variant == CHESS960 else "false")
        self._send("ucinewgame")
        self._ready()
        self._send(f"position fen {fen}")
        self._send("go depth 1" if nodes is None else f"go nodes {nodes}")
        return self._until("bestmove", SEARCH_GRACE_S + budget / _SLOWEST_NODES_A_SECOND)

    def _set(self, **options: int | str) -> None:
        """Send the options whose value differs from the current one."""
        for name, value in options.items():
            if self._options.get(name) != value:
                self._send(f"setoption name {name} value {value}")
                self._options[name] = value

    def _ready(self) -> None:
        self._send("isready")
        self._until("readyok", HANDSHAKE_S)

    def _send(self, line: str) -> None:
        try:
            assert self._child.stdin is not None  # a pipe by construction
            self._child.stdin.write(line.encode() + b"\n")
        except (OSError, ValueError):
            raise EngineFailure(f"the process ended (exit status {self._child.poll()})") from None

    def _until(self, word: str, seconds: float) -> list[str]:
        """Return the lines up to and including the one that starts with `word`."""
        deadline = time.monotonic() + seconds
        assert self._child.stdout is not None  # a pipe by construction
        descriptor = self._child.stdout.fileno()
        mark = b"\n" + word.encode()
        while True:
            start = 0 if self._kept.startswith(mark[1:]) else self._kept.find(mark) + 1
            end = self._kept.find(b"\n", start) if start or self._kept.startswith(mark[1:]) else -1
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
        """End the process and its pipes."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


def _last_complete(lines: Sequence[str], n_lines: int) -> tuple[dict[str, Score], float]:
    """Return the scores of the deepest complete iteration, best first, and the search time in milliseconds.

    Reads backwards: a search prints ten or twenty iterations, of which the last complete one is needed.
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
            raise EngineFailure(f"the engine wrote a malformed line: {line[:200]}") from None
        # A bound is not a score; the exact score follows in a later line.
        if "lowerbound" not in fields and "upperbound" not in fields and move not in current:
            current[move] = make_score(value) if kind == "cp" else make_score(mate=value)
        if place == "1":
            if len(current) == n_lines:
                # The lines were read backwards: restore the engine's order before the stable sort.
                forward = dict(reversed(current.items()))
                return dict(sorted(forward.items(), key=lambda item: _rank(item[1]), reverse=True)), spent_ms
            current = {}
    return {}, spent_ms


def _rank(score: Score) -> tuple[float, float]:
    """Return the sort key of a score: quick mates first, then slow mates against the mover before quick ones."""
    if score.mate is not None:
        return (1.0, -score.mate) if score.mate > 0 else (-1.0, -score.mate)
    return 0.0, float(score.centipawns or 0)
