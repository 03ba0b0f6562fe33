"""Turns a second through runner, journal and parse, against a bare python-chess loop in the same run.

The peer plays random games and makes, for each ply, the SAN list of the legal moves and the FEN. Horizon plays random
against random with no judge: once as the `random` backend is played (no conversation is built for it), and once with a
model that has the whole observation and conversation built at every turn. Target: at most 2 times slower a turn.

    python benchmarks/turns.py [--turns 4000]
"""

import argparse
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import chess

from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure
from horizon.core.model import Model, Request, open_model
from horizon.core.records import Json, Reply
from horizon.play.loop import play
from horizon.play.setting import Setting
from horizon.runs import run_folder
from horizon.scenarios.scenario import make


@dataclass(frozen=True)
class Reading:
    """The random backend behind a contract that asks for the text, so that every observation is really built."""

    inner: Model
    name: str = "random"
    reads_text: bool = True

    def identity(self) -> Mapping[str, Json]:
        return {}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        assert all(each.messages for each in requests)
        return self.inner.reply(requests)

    def count_tokens(self, text: str) -> int | None:
        return None

    def close(self) -> None:
        self.inner.close()


def bare(turns: int, seed: int) -> float:
    """Return seconds for as many turns (two plies each) of the bare loop; games of at most 40 turns."""
    draw = random.Random(seed)
    started = time.perf_counter()
    board, plies, made = chess.Board(), 0, 0
    while made < turns:
        for _ in range(2):
            moves = list(board.legal_moves)
            if not moves or plies >= 80:
                board, plies = chess.Board(), 0
                moves = list(board.legal_moves)
            shown = [board.san(move) for move in moves]
            text = board.fen()
            assert shown and text
            board.push(draw.choice(moves))
            plies += 1
        made += 1
    return time.perf_counter() - started


def horizon(turns: int, model: Model, folder: Path) -> tuple[float, int]:
    """Return seconds and turns of Horizon's loop, journal on disk included."""
    given = {
        "environment": "chess",
        "model": "random",
        "opponents": ("random",),
        "episodes": turns // 40,
        "turns": 40,
        "conditions": ("natural",),
        "judge_engine": "none",
    }
    task = open_environment("chess:opening=start")
    with run_folder.create(folder, {"plan": {}}) as journal, _closing(open_model("random")) as opponent:
        started = time.perf_counter()
        played = play(Setting(make(given, "benchmark"), task, model, {"random": opponent}), journal)
        return time.perf_counter() - started, played.turns


class _closing:
    def __init__(self, model: Model) -> None:
        self.model = model

    def __enter__(self) -> Model:
        return self.model

    def __exit__(self, *_: object) -> None:
        self.model.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=4000)
    turns = parser.parse_args().turns
    ratios: dict[str, list[float]] = {"random backend": [], "reading model": []}
    for seed in range(3):
        peer = bare(turns, seed) / turns
        print(f"bare python-chess loop   {1 / peer:8.0f} turns/s")
        for kind, model in (
            ("random backend", open_model("random")),
            ("reading model", Reading(open_model("random"))),
        ):
            with tempfile.TemporaryDirectory() as folder:
                seconds, made = horizon(turns, model, Path(folder) / "run")
            ratios[kind].append(seconds / made / peer)
            print(f"horizon, {kind:15} {made / seconds:8.0f} turns/s, {ratios[kind][-1]:.2f} times the peer's time")
    for kind, found in ratios.items():
        print(
            f"RATIO {kind}: {sorted(found)[1]:.2f} (target <= 2.00), of three: {', '.join(f'{r:.2f}' for r in found)}"
        )


if __name__ == "__main__":
    main()
