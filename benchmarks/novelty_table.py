"""Make horizon/domains/chess/novelty.csv: how many seeded engine games contain each material and each set of pawns.

    python benchmarks/novelty_table.py [--games 600] [--seconds 200] [--out horizon/domains/chess/novelty.csv]

Stockfish plays itself from the shipped openings in turn, each move chosen by a seeded softmax over all scored moves.
Games are kept in results/play/novelty_games.txt, one a line in UCI, so that the same command goes on where it was
stopped by --seconds. A key that one game alone met is left out: it is nearly as surprising as one never met.
"""

import argparse
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import chess

from horizon.core.seeds import derive
from horizon.domains.chess import openings
from horizon.domains.chess.novelty import material_key, pawn_keys
from horizon.engines.engine import Engine
from horizon.engines.levels import choose_move

NODES = 400
TEMPERATURE = 0.03
MOST_PLIES = 200
FEWEST_GAMES = 2
KEPT = Path("results/play/novelty_games.txt")


def played(engine: Engine, game: int) -> str:
    """Return the moves of one game, in UCI: a book line and what follows it, to the end or 200 plies."""
    board = chess.Board()
    lines = openings.book()
    for move in lines[game % len(lines)].moves:
        board.push_uci(move)
    while len(board.move_stack) < MOST_PLIES and not board.is_game_over(claim_draw=False):
        if board.halfmove_clock >= 100 or board.is_repetition(3):
            break
        seed = derive(game, "novelty table", len(board.move_stack))
        board.push_uci(choose_move(engine.score(board.fen(), NODES), TEMPERATURE, seed))
    return " ".join(move.uci() for move in board.move_stack)


def play(n_games: int, seconds: float, kept: Path) -> list[str]:
    """Return the games so far: those kept, and as many more as the seconds allow."""
    games = kept.read_text().splitlines() if kept.exists() else []
    kept.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    with Engine("stockfish") as one, Engine("stockfish") as other, ThreadPoolExecutor(2) as pool:
        while len(games) < n_games and time.monotonic() < deadline:
            # Two at a time, written in order: a game is known by its place alone.
            both = pool.map(played, (one, other), (len(games), len(games) + 1))
            games += islice(both, n_games - len(games))
            kept.write_text("\n".join(games) + "\n")
    return games


def counted(games: list[str]) -> tuple[Counter[str], Counter[str]]:
    """Return in how many games each material signature and each side's pawns came up."""
    material: Counter[str] = Counter()
    pawns: Counter[str] = Counter()
    for moves in games:
        board = chess.Board()
        seen = {material_key(board)}, set(pawn_keys(board))
        for move in moves.split():
            board.push_uci(move)
            seen[0].add(material_key(board))
            seen[1].update(pawn_keys(board))
        material.update(seen[0])
        pawns.update(seen[1])
    return material, pawns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=200.0)
    parser.add_argument("--out", type=Path, default=Path("horizon/domains/chess/novelty.csv"))
    given = parser.parse_args()
    games = play(given.games, given.seconds, KEPT)
    material, pawns = counted(games)
    lines = [
        f"# python benchmarks/novelty_table.py --games {len(games)}",
        f"# Stockfish against itself at {NODES} nodes, temperature {TEMPERATURE}",
        "# kind,key,games that met it",
        f"games,all,{len(games)}",
    ]
    for kind, found in (("material", material), ("pawns", pawns)):
        shipped = sorted((-met, key) for key, met in found.items() if met >= FEWEST_GAMES)
        lines += [f"{kind},{key},{-met}" for met, key in shipped]
        print(f"{kind}: {len(shipped)} of {len(found)} keys shipped")
    given.out.write_text("\n".join(lines) + "\n", encoding="ascii")
    plies = sum(len(moves.split()) for moves in games)
    print(f"{len(games)} games of {plies / max(len(games), 1):.0f} plies; {given.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
