"""Judging throughput against the engines' own node time: how much of the processors the pool keeps searching.

    python benchmarks/judging.py [--positions 400] [--nodes 20000]

The floor is the sum of the times that the engines themselves report for their searches, divided by the processes that
ran at once. A ratio of 1 means that nothing was lost between searches. Target: at least 0.9.
"""

import argparse
import os
import tempfile
import time

import chess

from horizon.core.seeds import generator
from horizon.engines.judge import Judge, usable_cores


def positions(wanted: int) -> list[str]:
    """Return positions of seeded random games, ten plies apart."""
    found: list[str] = []
    number = 0
    while len(found) < wanted:
        board, draw = chess.Board(), generator(number, "benchmark judging")
        for ply in range(80):
            if board.is_game_over():
                break
            if ply % 10 == 9:
                found.append(board.fen())
            board.push(draw.choice(list(board.legal_moves)))
        number += 1
    return found[:wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, default=400)
    parser.add_argument("--nodes", type=int, default=20_000)
    given = parser.parse_args()
    asked = positions(given.positions)
    cores = usable_cores()
    ratios = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["HORIZON_CACHE"] = folder
            with Judge("stockfish", nodes=given.nodes) as judge:
                judge.submit(chess.STARTING_FEN).result()
                began = time.perf_counter()
                futures = [judge.submit(fen) for fen in asked]
                spent = sum(future.result().engine_ms or 0.0 for future in futures) / 1000
                wall = time.perf_counter() - began
        ratios.append(spent / cores / wall)
        print(
            f"{len(asked)} positions at {given.nodes} nodes, {cores} processes: {wall:.1f} s, {len(asked) / wall:.0f} "
            f"positions/s; engines' own node time {spent:.1f} s; ratio {ratios[-1]:.3f}"
        )
    told = ", ".join(f"{each:.3f}" for each in ratios)
    print(f"RATIO judging: {sorted(ratios)[1]:.3f} (target >= 0.9), of three: {told}")


if __name__ == "__main__":
    main()
