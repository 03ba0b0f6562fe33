"""Chess as a student spells it: moves in SAN without marks, and a FEN as pairs of squares.

The same spelling is what the student's tokenizer makes of the environment's text, so that data can be written without
it. Knows python-chess only.
"""

from collections import Counter
from collections.abc import Iterable

import chess

_LETTERS = ("", "", "N", "B", "R", "Q", "K")
MEN = "pnbrqkPNBRQK."
CASTLING = tuple(
    "".join(letter for letter, bit in zip("KQkq", f"{rights:04b}", strict=True) if bit == "1") or "-"
    for rights in range(16)
)
"""All castling fields of a FEN of orthodox chess."""


def spell_moves(board: chess.Board, moves: Iterable[chess.Move]) -> dict[str, str]:
    """Return the spelling of legal moves by UCI text: SAN without `+`, `#` and the `x` of pieces.

    `moves` are all legal moves of the board: which of them share a target decides what a spelling must add. Cost:
    some 3 microseconds per move, a tenth of python-chess's SAN, which also searches for checks.
    """
    listed = list(moves)
    kinds = [board.piece_type_at(move.from_square) or chess.PAWN for move in listed]
    rivals = Counter((kind, move.to_square) for kind, move in zip(kinds, listed, strict=True))
    spelled: dict[str, str] = {}
    for kind, move in zip(kinds, listed, strict=True):
        square = chess.SQUARE_NAMES[move.to_square]
        origin = chess.SQUARE_NAMES[move.from_square]
        if kind == chess.PAWN:
            text = square if origin[0] == square[0] else f"{origin[0]}x{square}"
            if move.promotion is not None:
                text += f"={_LETTERS[move.promotion]}"
        elif kind == chess.KING and abs(move.from_square - move.to_square) == 2:
            text = "O-O" if move.to_square > move.from_square else "O-O-O"
        elif rivals[kind, move.to_square] == 1:
            text = _LETTERS[kind] + square
        else:
            others = [
                chess.SQUARE_NAMES[other.from_square]
                for other_kind, other in zip(kinds, listed, strict=True)
                if other_kind == kind and other.to_square == move.to_square and other.from_square != move.from_square
            ]
            if all(other[0] != origin[0] for other in others):
                text = _LETTERS[kind] + origin[0] + square
            elif all(other[1] != origin[1] for other in others):
                text = _LETTERS[kind] + origin[1] + square
            else:
                text = _LETTERS[kind] + origin + square
        spelled[move.uci()] = text
    return spelled


def spell_position(board: chess.Board) -> list[str]:
    """Return a position's tokens: 32 pairs of squares from a8 to h1, the side to move, castling, en passant."""
    men = ["."] * 64
    for square, piece in board.piece_map().items():
        men[square ^ 56] = piece.symbol()
    tokens = [men[place] + men[place + 1] for place in range(0, 64, 2)]
    rights = board.clean_castling_rights()
    corners = (chess.BB_H1, chess.BB_A1, chess.BB_H8, chess.BB_A8)
    castling = "".join(letter for letter, corner in zip("KQkq", corners, strict=True) if rights & corner) or "-"
    tokens += ["w" if board.turn else "b", castling]
    if board.ep_square is not None and board.has_legal_en_passant():
        tokens.append(chess.SQUARE_NAMES[board.ep_square])
    return tokens
