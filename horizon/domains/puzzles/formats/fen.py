"""Shared by all formats: parsing of FENs and of lines of legal moves. Knows python-chess.

Every problem is a ValueError with a one-line message, which the formats turn into bad rows.
"""

from collections.abc import Sequence

import chess

from horizon.domains.chess.position import Position
from horizon.domains.puzzles.formats.moves import read_move
from horizon.domains.puzzles.puzzle import Goal

_HARMLESS = chess.STATUS_BAD_CASTLING_RIGHTS | chess.STATUS_INVALID_EP_SQUARE | chess.STATUS_IMPOSSIBLE_CHECK
"""Problems that python-chess reports but that do no harm: impossible castling rights and en passant are dropped."""


def board_of(fen: str) -> chess.Board:
    """Return the board of a FEN of four to six fields (the counters may be missing).

    Raises:
        ValueError: the FEN is truncated, no position of orthodox chess, or the end of a game.
    """
    fields = fen.split()
    if not 4 <= len(fields) <= 6:
        raise ValueError(f"a FEN has 4 to 6 fields, this has {len(fields)}")
    board = chess.Board(" ".join(fields))
    _refuse_chess960(fields)
    problems = board.status() & ~_HARMLESS
    if problems:
        named = [str(flag.name).lower().replace("_", " ") for flag in chess.Status if flag and flag & problems]
        raise ValueError(f"not a position of orthodox chess ({', '.join(named)})")
    if board.status():
        board = chess.Board(board.fen())
    if _is_over(board):
        raise ValueError(f"the game is over in this position ({Position(board).ending})")
    return board


def san_move(board: chess.Board, text: str) -> str:
    """Return the UCI text of a legal move in any notation of `moves.read_move`.

    Raises:
        ValueError: no such legal move.
    """
    return read_move(board, text).uci()


def line_from(board: chess.Board, moves: Sequence[str]) -> tuple[tuple[str, ...], chess.Board]:
    """Return UCI moves in their usual form and the board after them.

    Raises:
        ValueError: one is illegal, or the game is over before the last.
    """
    after = board.copy(stack=False)
    played = []
    for number, text in enumerate(moves, 1):
        if _is_over(after):
            raise ValueError(f"move {number} '{text}' comes after the end of the game")
        try:
            move = after.parse_uci(text)
        except ValueError:
            move = chess.Move.null()
        if not move:
            raise ValueError(f"move {number} '{text}' is not legal in '{after.fen()}'")
        played.append(move.uci())
        after.push(move)
    return tuple(played), after


def solution(board: chess.Board, moves: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Return a solution's moves and whether it ends in mate.

    Raises:
        ValueError: an illegal move, or a line that is empty or does not end with a move of the solver.
    """
    if len(moves) % 2 == 0:
        raise ValueError(f"{len(moves)} moves are left for solver and opponent: the line must end with the solver's")
    played, after = line_from(board, moves)
    return played, after.is_checkmate()


def goal_of(is_mate: bool, otherwise: Goal) -> Goal:
    """Return `mate` for a line that ends in mate, else the goal of the format."""
    return "mate" if is_mate else otherwise


def _refuse_chess960(fields: Sequence[str]) -> None:
    """Raise ValueError for castling rights of Chess960, in Shredder-FEN or X-FEN.

    Rights that no rook backs are stale ones of orthodox chess, which are dropped.
    """
    letters, fen = fields[2], " ".join(fields)
    orthodox = chess.Board(fen)
    meant = chess.Board(fen, chess960=True)
    is_possible = meant.clean_castling_rights() == meant.castling_rights and chess.popcount(
        meant.castling_rights
    ) == len(letters.replace("-", ""))
    is_orthodox = orthodox.clean_castling_rights() == meant.castling_rights
    is_shredder = bool(set(letters) - set("KQkq-"))
    if not is_orthodox and (is_shredder or is_possible):
        raise ValueError(
            f"the castling rights '{letters}' are those of Chess960, which no puzzle has: give the king on its e-file "
            "and rooks in the corners, or '-'"
        )


def _is_over(board: chess.Board) -> bool:
    """Return whether the game is over as in `Position.ending`, in a tenth of its time."""
    return not any(board.generate_legal_moves()) or board.is_insufficient_material() or board.halfmove_clock >= 100
