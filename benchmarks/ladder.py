"""Measure the ladder of levels: a round robin between neighbours and next neighbours, and an Elo table with intervals.

    python benchmarks/ladder.py [--games 40] [--out results/ladder]

Each pair plays every drawn opening twice, colours exchanged; games that reach 160 plies are scored by the judge's win
probability at 20,000 nodes (won above 0.8, lost below 0.2). Elo by maximum likelihood of the Bradley-Terry model with
draws as half wins (Hunter 2004, MM algorithms for generalized Bradley-Terry models, Ann. Statist. 32); intervals by a
bootstrap over pairs of games with one opening. The same seed gives the same table: nothing here reads a clock.
"""

import argparse
import csv
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import chess
import numpy as np

from horizon.core.seeds import derive, generator
from horizon.domains.chess import openings
from horizon.engines.engine import Engine, describe_engine
from horizon.engines.levels import choose_move

MOST_PLIES = 160
PAIRS = [(low, high) for low in range(11) for high in range(low + 1, min(low + 3, 11))]


def play(task: tuple[int, int, int, int]) -> tuple[int, int, int, float]:
    """Play one game; return both levels, the opening's seed and White's score."""
    white, black, opening, seed = task
    levels = describe_engine("stockfish").levels
    engine = _engine()
    board = chess.Board()
    for move in openings.line(opening).moves:
        board.push_uci(move)
    while not board.is_game_over(claim_draw=True) and board.ply() < MOST_PLIES:
        level = levels[white if board.turn else black]
        draw = derive(seed, "ladder", board.ply())
        if not level.nodes:
            board.push(generator(draw).choice(list(board.legal_moves)))
            continue
        board.push_uci(choose_move(engine.score(board.fen(), level.nodes), level.temperature, draw))
    outcome = board.outcome(claim_draw=True)
    if outcome is not None:
        score = 0.5 if outcome.winner is None else float(outcome.winner)
    else:
        win = next(iter(engine.score(board.fen(), 20_000).actions.values())).win
        win = win if board.turn else 1 - win
        score = 1.0 if win > 0.8 else 0.0 if win < 0.2 else 0.5
    return white, black, opening, score


_ENGINES: list[Engine] = []


def _engine() -> Engine:
    if not _ENGINES:
        _ENGINES.append(Engine("stockfish"))
    return _ENGINES[0]


def elo(points: np.ndarray, games: np.ndarray) -> np.ndarray:
    """Return ratings, level 0 at 0; `points[i, j]` is what i scored against j.

    A quarter of a point more for each side keeps a rating finite where one side won every game.
    """
    points, games = points + 0.25 * (games > 0), games + 0.5 * (games > 0)
    strength = np.ones(len(points))
    for _ in range(5000):
        new = points.sum(1) / (games / (strength[:, None] + strength[None])).sum(1)
        new /= new[0]
        if np.abs(np.log(new / strength)).max() < 1e-7:
            break
        strength = new
    return 400 * np.log10(strength)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=40, help="games a pair, even")
    parser.add_argument("--out", type=Path, default=Path("results/ladder"))
    given = parser.parse_args()
    tasks = []
    for low, high in PAIRS:
        for index in range(given.games // 2):
            opening = derive(0, "ladder opening", index)
            for white, black in ((low, high), (high, low)):
                tasks.append((white, black, opening, derive(0, "ladder game", low, high, index, white)))
    results: dict[tuple[int, int, int], float] = {}
    with ProcessPoolExecutor() as pool:
        for number, (white, black, opening, score) in enumerate(pool.map(play, tasks, chunksize=1)):
            key = (min(white, black), max(white, black), opening)
            results[key] = results.get(key, 0.0) + (score if white < black else 1 - score)
            if number % 20 == 0:
                print(f"\r{number + 1} of {len(tasks)} games", end="", file=sys.stderr)
    draw = np.random.default_rng(derive(0, "ladder bootstrap"))
    keys = sorted(results)
    groups = {pair: [key for key in keys if key[:2] == pair] for pair in PAIRS}
    ratings = []
    for replicate in range(301):
        points, games = np.zeros((11, 11)), np.zeros((11, 11))
        for (low, high), own in groups.items():
            chosen = own if not replicate else [own[each] for each in draw.integers(0, len(own), len(own))]
            points[low, high] += sum(results[key] for key in chosen)
            points[high, low] += sum(2 - results[key] for key in chosen)
            games[low, high] = games[high, low] = 2 * len(chosen)
        ratings.append(elo(points, games))
    drawn = np.array(ratings[1:])
    low_end, high_end = np.percentile(drawn, [2.5, 97.5], axis=0)
    steps = np.diff(drawn, axis=1)
    step_low, step_high = np.percentile(steps, [2.5, 97.5], axis=0)
    given.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for level in range(11):
        step = [
            f"{ratings[0][level] - ratings[0][level - 1]:.0f}",
            *(f"{e[level - 1]:.0f}" for e in (step_low, step_high)),
        ]
        row = [level, f"{ratings[0][level]:.0f}", f"{low_end[level]:.0f}", f"{high_end[level]:.0f}"]
        rows.append([*row, *(step if level else ["", "", ""])])
        print("level {} Elo {} ({} to {}), step {} ({} to {})".format(*rows[-1]))
    with (given.out / "elo.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["level", "elo", "low", "high", "step", "step_low", "step_high"])
        writer.writerows(rows)
    pairs = {
        f"{low}-{high}": sum(2 - results[key] for key in own) / 2 / len(own) for (low, high), own in groups.items()
    }
    about = {
        "command": " ".join(["python", *sys.argv]),
        "engine": _engine().version,
        "games": len(tasks),
        "levels": [
            {"nodes": level.nodes, "temperature": level.temperature} for level in describe_engine("stockfish").levels
        ],
        "score_of_the_higher_level": pairs,
    }
    (given.out / "about.json").write_text(json.dumps(about, indent=2) + "\n")
    is_monotone = bool((np.diff(ratings[0]) > 0).all())
    print(f"MONOTONE {is_monotone}; every step's interval above 0: {bool((step_low > 0).all())}; {len(tasks)} games")


if __name__ == "__main__":
    main()
