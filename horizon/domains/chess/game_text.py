"""The text of a chess position and of a chess state, `FEN moves e2e4 e7e5 as white`: to boards and back.

Positions are checked to be possible and moves to be legal. Knows python-chess, no environment, model or reply.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import chess

from horizon.core.errors import UsageError
from horizon.engines.position_text import BOARDS, CHESS960, ORTHODOX, join_position, split_position

ChessSide = Literal["white", "black"]
ORTHODOX_KINDS = (ORTHODOX, CHESS960)
"""The variant names of orthodox chess in a position's text."""


@dataclass(frozen=True, slots=True)
class GameText:
    """The parts of a state's text: the root (a FEN, `chess960:FEN`), the UCI moves from it, and the model's side."""

    root: str
    moves: tuple[str, ...]
    side: ChessSide


def split_state(text: str) -> GameText:
    """Split a state's text into its parts; the FEN and the moves are not checked.

    Raises:
        UsageError: the text is not of the form `FEN moves e2e4 e7e5 as white`.
    """
    root, moves, rest = text.strip().partition(" moves ")
    names, side_word, side = rest.rpartition(" as ")
    if not moves or not side_word or side not in ("white", "black") or not names.strip():
        raise UsageError(
            f"'{text:.120}' is not a chess state: write it as 'FEN moves e2e4 e7e5 as white' ('moves -' for none)"
        )
    given = () if names.strip() == "-" else tuple(names.split())
    return GameText(root, given, "white" if side == "white" else "black")


def join_state(line: GameText) -> str:
    """Return the text of a state: the inverse of `split_state`."""
    return f"{line.root} moves {' '.join(line.moves) or '-'} as {line.side}"


def text_of(board: chess.Board) -> str:
    """Return the text that `board_of` parses: the FEN, with the variant or `chess960:` as a prefix."""
    return join_position(CHESS960 if board.chess960 else board.uci_variant or ORTHODOX, board.fen())


def board_of(text: str, variants: Collection[str] = ORTHODOX_KINDS) -> chess.Board:
    """Return the board of a position's text (a FEN, `chess960:FEN`), checked to be possible.

    Raises:
        UsageError: a malformed text, an impossible position, or another variant than these.
    """
    variant, fen = split_position(text)
    if variant not in variants:
        raise UsageError(f"'{text:.120}' has the variant {variant}: give {' or '.join(variants)}")
    try:
        board = BOARDS.get(variant, chess.Board)(fen, chess960=variant == CHESS960)
    except ValueError as problem:
        raise UsageError(f"'{fen:.120}' is not a FEN: {problem}") from None
    status = board.status()
    for flag, what in _IMPOSSIBLE:
        if status & flag:
            raise UsageError(f"FEN '{fen:.120}' is impossible: {what}")
    if status:
        raise UsageError(f"FEN '{fen:.120}' is impossible: {status!r}")
    return board


def parse_uci_move(board: chess.Board, uci: str) -> chess.Move:
    """Return the move of a canonical UCI text.

    Raises:
        UsageError: the text is not a UCI move, or the move is illegal on this board.
    """
    try:
        move = chess.Move.from_uci(uci)
    except ValueError:
        raise UsageError(f"'{uci:.40}' is not a move in UCI notation: write it as e2e4 or e7e8q") from None
    if not board.is_legal(move):
        raise UsageError(f"move {uci} is illegal in {board.fen()}: give a legal one")
    return move


_IMPOSSIBLE: tuple[tuple[chess.Status, str], ...] = (
    (chess.STATUS_EMPTY, "the board is empty"),
    (chess.STATUS_NO_WHITE_KING, "White has no king"),
    (chess.STATUS_NO_BLACK_KING, "Black has no king"),
    (chess.STATUS_TOO_MANY_KINGS, "there are more than two kings"),
    (chess.STATUS_TOO_MANY_WHITE_PAWNS, "White has more than 8 pawns"),
    (chess.STATUS_TOO_MANY_BLACK_PAWNS, "Black has more than 8 pawns"),
    (chess.STATUS_PAWNS_ON_BACKRANK, "a pawn stands on the first or last rank"),
    (chess.STATUS_TOO_MANY_WHITE_PIECES, "White has more than 16 men"),
    (chess.STATUS_TOO_MANY_BLACK_PIECES, "Black has more than 16 men"),
    (chess.STATUS_BAD_CASTLING_RIGHTS, "its castling rights don't fit where kings and rooks stand"),
    (chess.STATUS_INVALID_EP_SQUARE, "its en passant square fits no pawn that just moved two squares"),
    (chess.STATUS_OPPOSITE_CHECK, "the side that is not to move is in check"),
    (chess.STATUS_TOO_MANY_CHECKERS, "there are more checking pieces than can be"),
    (chess.STATUS_IMPOSSIBLE_CHECK, "no last move can have given this check"),
)
