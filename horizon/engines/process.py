"""The process of one UCI engine: searches at fixed nodes with a fresh hash, read with a deadline.

Blocking, not thread-safe. Knows programs and position texts; the choice of engine and the handling of failures are
in `engine`.
"""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from horizon.core.errors import EngineFailure, UsageError
from horizon.core.records import Scores
from horizon.engines.position_text import CHESS960, ORTHODOX, split_position
from horizon.engines.uci_lines import read_scores, read_variants, split_command

HANDSHAKE_S = 20.0
SEARCH_GRACE_S = 10.0
_MOST_OUTPUT_BYTES = 1 << 24
_SLOWEST_NODES_A_SECOND = 2000.0
"""Far below the speed of any machine: only an engine that hangs exceeds the deadline."""

_CALL_MAIN = "import ctypes, sys; sys.exit(ctypes.CDLL(sys.argv[1]).main(1, (ctypes.c_char_p * 2)(b'engine', None)))"
"""Runs the `main` of an engine that a Python wheel ships as a shared library, in a separate process."""


def command(path: Path) -> list[str]:
    """Return the command line of an engine: the program itself, or Python with the loader of a shared library."""
    return [sys.executable, "-I", "-c", _CALL_MAIN, str(path)] if path.suffix == ".so" else [str(path)]


class EngineKilled(EngineFailure):
    """An engine's process was ended by a signal, which may not happen again."""


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
            for words in map(split_command, self._until("uciok", HANDSHAKE_S)):
                if words[:2] == ["id", "name"]:
                    self.version = " ".join(words[2:]) or path.name
                named = read_variants(words) or named
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
        scores = read_scores(self._search(position, nodes, max(nodes, 1)), n_lines, nodes)
        if scores is None:
            # The nodes did not suffice for one iteration: search the shallowest whole one.
            scores = read_scores(self._search(position, None, max(nodes, 1)), n_lines, nodes)
        if scores is None:
            raise EngineFailure(f"fewer than {n_lines} moves were scored at depth 1: raise the nodes")
        return scores

    def best(self, position: str, nodes: int) -> str:
        """Return the move that the engine plays, in UCI notation.

        Raises:
            UsageError: the engine does not play the position's variant.
            EngineFailure: the process ended, timed out, or gave no move.
        """
        self._set(MultiPV=1)
        words = split_command(self._search(position, nodes, nodes)[-1])
        if len(words) < 2 or words[1] in ("(none)", "0000"):
            raise EngineFailure(f"the engine answered without a move: '{' '.join(words)[:60]}'")
        return words[1]

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
            raise self._end("") from None

    def _until(self, word: str, seconds: float) -> list[str]:
        """Return the lines up to and including the one with the command `word`.

        Raises:
            EngineFailure: the end, the time or the size of the output, or a `bestmove` that answers no search.
        """
        deadline = time.monotonic() + seconds
        assert self._child.stdout is not None  # a pipe by construction
        descriptor = self._child.stdout.fileno()
        lines: list[str] = []
        n_bytes = 0
        while True:
            *raw_lines, self._kept = self._kept.split(b"\n")
            for place, raw in enumerate(raw_lines):
                lines.append(raw.decode("utf-8", "replace"))
                command = split_command(lines[-1])[:1] if b"bestmove" in raw or word.encode() in raw else []
                if command == [word]:
                    self._kept = b"\n".join((*raw_lines[place + 1 :], self._kept))
                    return lines
                if command == ["bestmove"]:
                    raise EngineFailure(f"the engine wrote a bestmove before '{word}', which answers no search")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise EngineFailure(f"no '{word}' within {seconds:.0f} seconds")
            read = os.read(descriptor, 1 << 16)
            n_bytes += len(read)
            if not read:
                raise self._end(f" before '{word}'")
            if n_bytes > _MOST_OUTPUT_BYTES:
                raise EngineFailure(f"the engine wrote more than {_MOST_OUTPUT_BYTES >> 20} MiB before '{word}'")
            self._kept += read

    def _end(self, when: str) -> EngineFailure:
        """Return the failure of a process that ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(1)
        status = self._child.poll()
        kind = EngineKilled if status is not None and status < 0 else EngineFailure
        return kind(f"the process ended (exit status {status}){when}")

    def kill(self) -> None:
        """End the process and its pipes."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
