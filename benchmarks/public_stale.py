"""How many stale replies in public games would be so by chance: an illegal reply that was legal earlier in the game.

python benchmarks/public_stale.py --run RUN [--out results/public]: RUN is what `horizon import` made of gptchess. Each
illegal reply is compared with every text of the same form (the piece's letter, or a pawn's push or capture) and any
square that is illegal there for the same cause: were the reply drawn from those, how often would it be stale?
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import chess
import numpy as np
import polars as pl

from horizon.domains.chess import game
from horizon.domains.chess.illegal_moves import illegality_of
from horizon.domains.chess.move_parsing import split_move
from horizon.runs import run_folder

LEAST_REPLIES = 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    turns = run_folder.read_turns(options.run).filter(pl.col("error") == "illegal")
    replies: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for model, state, text in turns.sort("model").select("model", "state", "action").iter_rows():
        at = game.load(state, "chess")
        replies[model].append(chance_of_stale(at.position.board, text, game.boards_before(at)))
    rows = [row(model, pairs) for model, pairs in replies.items() if len(pairs) >= LEAST_REPLIES]
    table = pl.DataFrame(rows)
    print(table)
    if options.out is not None:
        table.write_csv(options.out / "stale.csv", float_precision=6)


def chance_of_stale(board: chess.Board, text: str, earlier: list[chess.Board]) -> tuple[bool, float]:
    """Return whether an illegal reply is stale, and the share of the comparable ones (itself included) that are."""
    own = illegality_of(board, text, earlier)
    if own is None:
        raise ValueError(f"{text} is legal in {board.fen()}: give only illegal replies")
    stale = [own.stale_plies is not None]
    for other in comparable(board, text):
        illegality = illegality_of(board, other, earlier)
        if illegality is not None and illegality.cause == own.cause:
            stale.append(illegality.stale_plies is not None)
    return stale[0], float(np.mean(stale))


def comparable(board: chess.Board, text: str) -> Iterator[str]:
    """Yield the other texts of the same form: castling, a piece to any square, a pawn's push or capture."""
    written = split_move(board, text)
    if written is None:
        return
    if written.castling:
        yield from ({"O-O", "O-O-O"} - {text.rstrip("+#")})
        return
    for to in chess.SQUARES:
        if to == written.to:
            continue
        name = chess.square_name(to)
        if written.piece not in (None, chess.PAWN):
            yield chess.piece_symbol(written.piece).upper() + name
        elif written.file is None:
            yield name
        else:
            yield from (f"{chess.FILE_NAMES[file]}x{name}" for file in neighbours(chess.square_file(to)))


def neighbours(file: int) -> list[int]:
    return [other for other in (file - 1, file + 1) if 0 <= other < 8]


def row(model: str, pairs: list[tuple[bool, float]]) -> dict[str, object]:
    """Return a model's count, the count expected by chance, and the chance of at least as many."""
    n_stale = sum(is_stale for is_stale, _ in pairs)
    counts = np.array([1.0])
    for _, chance in pairs:
        counts = np.convolve(counts, [1 - chance, chance])
    expected = sum(chance for _, chance in pairs)
    return {
        "model": model,
        "illegal": len(pairs),
        "stale": n_stale,
        "by chance": expected,
        "p": float(counts[n_stale:].sum()),
    }


if __name__ == "__main__":
    main()
