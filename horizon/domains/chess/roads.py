"""Two roads to one position: the moves of a game in another order that reaches the same position.

Same men, side to move, castling and en passant rights and move counters; the position's earlier occurrences, which
decide draws by repetition, may differ. Moves and positions alone; knows no environment.
"""

from collections.abc import Sequence
from functools import lru_cache

import chess

from horizon.core.seeds import generator
from horizon.engines.position_text import board_of_position

_TRIES = 60
_MOST_SWAPS = 4


@lru_cache(maxsize=1 << 10)
def other_order(root: str, before: tuple[str, ...], moves: tuple[str, ...], seed: int) -> tuple[str, ...] | None:
    """Return the moves after `before` in another legal order to the same position; None where none was found.

    Moves of one side change places, up to four times, drawn by the seed; the last move stays. Cost: up to 60 games
    replayed, some 10 microseconds per ply.
    """
    start = board_of_position(root)
    for uci in before:
        start.push_uci(uci)
    goal = _end_of(start, moves)
    if goal is None:
        return None
    draw = generator(seed, "another order", *before, "to", *moves)
    order, n_swaps = list(moves), 0
    places = [(one, other) for one in range(len(moves) - 1) for other in range(one + 2, len(moves) - 1, 2)]
    for one, other in draw.sample(places, min(_TRIES, len(places))):
        swapped = list(order)
        swapped[one], swapped[other] = order[other], order[one]
        if swapped != list(moves) and _end_of(start, swapped) == goal:
            order, n_swaps = swapped, n_swaps + 1
            if n_swaps == _MOST_SWAPS:
                break
    return tuple(order) if n_swaps else None


def _end_of(start: chess.Board, moves: Sequence[str]) -> str | None:
    """Return the full FEN after some moves; None where one of them is illegal or the game ends on the way."""
    board = start.copy()
    for uci in moves:
        move = chess.Move.from_uci(uci)
        if board.is_game_over(claim_draw=False) or board.is_repetition(3) or not board.is_legal(move):
            return None
        board.push(move)
    return board.fen(en_passant="fen")
