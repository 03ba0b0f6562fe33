"""Why a chess move is illegal: exactly one cause for every illegal move, by the rules alone.

Causes are tried in one fixed order, so that a move with several faults has one cause: the first. Knows python-chess
and how moves are written; no engine, reply format or environment. Orthodox chess and Chess960 only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import chess

from horizon.core.records import ILLEGAL_CAUSES, IllegalCause, Json
from horizon.domains.chess.move_parsing import WrittenMove, read_move, split_move

_NEAREST_LAST: dict[IllegalCause, int] = {cause: place for place, cause in enumerate(ILLEGAL_CAUSES)}
_PROMOTED = (chess.KNIGHT, chess.BISHOP, chess.ROOK, chess.QUEEN)


@dataclass(frozen=True, slots=True)
class Illegality:
    """Why a move is illegal; `is_pinned` where the man that moves is pinned to its king.

    `stale_plies` is how many plies ago the same text was a legal move of the same side, None where it never was or the
    earlier positions are not known.
    """

    cause: IllegalCause
    is_pinned: bool = False
    stale_plies: int | None = None

    def as_extra(self) -> dict[str, Json]:
        """Return what goes into a row's `extra`."""
        return {"illegal_cause": self.cause, "is_pinned": self.is_pinned, "stale_plies": self.stale_plies}


def cause_of_move(board: chess.Board, move: chess.Move) -> IllegalCause | None:
    """Return why a move between two squares is illegal, or None for a legal one.

    Examples
    --------
    >>> cause_of_move(chess.Board(), chess.Move.from_uci("a1a5"))
    'path_blocked'
    """
    man = board.piece_at(move.from_square)
    if man is None:
        return "no_piece"
    if man.color != board.turn:
        return "other_side"
    if board.is_legal(move):
        return None
    if _is_castling(board, man, move):
        return "castling"
    if not _reaches(board, man, move.from_square, move.to_square):
        return "cannot_move_so"
    blocking = board.occupied & chess.between(move.from_square, move.to_square)
    is_push = man.piece_type == chess.PAWN and chess.square_file(move.from_square) == chess.square_file(move.to_square)
    if board.occupied_co[board.turn] & chess.BB_SQUARES[move.to_square]:
        return "own_man"
    if blocking or (is_push and board.occupied & chess.BB_SQUARES[move.to_square]):
        return "path_blocked"
    is_last_rank = chess.square_rank(move.to_square) in (0, 7)
    wants_promotion = man.piece_type == chess.PAWN and is_last_rank
    if wants_promotion != (move.promotion is not None) or (move.promotion and move.promotion not in _PROMOTED):
        return "promotion"
    if man.piece_type == chess.KING:
        return "king_attacked"
    return "keeps_check" if board.is_check() else "exposes_king"


def illegality_of(board: chess.Board, text: str, earlier: Sequence[chess.Board] = ()) -> Illegality | None:
    """Return why the move that a text names is illegal or ambiguous; None if it is legal or names no move.

    `earlier` are the positions of the game before this one, the first one first; only those with the same side to move
    are asked whether the text was legal there.
    """
    reading = read_move(board, text)
    written = split_move(board, text)
    if written is None or reading.status == "legal":
        return None
    if reading.status == "ambiguous":
        # Without its piece a promotion may be any of four.
        promotes = any(cause_of_move(board, move) == "promotion" for move in _candidates(board, written))
        return Illegality("promotion" if promotes else "ambiguous")
    cause, pinned = _cause_of_text(board, written)
    return Illegality(cause, pinned, _stale_plies(board, text, earlier))


def _cause_of_text(board: chess.Board, written: WrittenMove) -> tuple[IllegalCause, bool]:
    if written.castling:
        return "castling", False
    moves = _candidates(board, written)
    cause: IllegalCause = "no_piece"
    origin: int | None = None
    # Of several men that could be meant, the one that comes nearest to a legal move.
    for move in moves:
        fault = cause_of_move(board, move)
        if fault is not None and (origin is None or _NEAREST_LAST[fault] > _NEAREST_LAST[cause]):
            cause, origin = fault, move.from_square
    if cause in ("no_piece", "cannot_move_so") and _is_other_sides(board, written):
        return "other_side", False
    return cause, origin is not None and cause != "no_piece" and board.is_pinned(board.turn, origin)


def _candidates(board: chess.Board, written: WrittenMove) -> Iterable[chess.Move]:
    """Yield the moves that a text may mean: of the man on the square it names, else of each man of its kind."""
    if written.origin is not None:
        man = board.piece_at(written.origin)
        if written.piece is None or man is None or man.piece_type == written.piece:
            yield chess.Move(written.origin, written.to, written.promotion)
        return
    for square in board.pieces(written.piece or chess.PAWN, board.turn):
        is_on_file = written.file is None or chess.square_file(square) == written.file
        if is_on_file and (written.rank is None or chess.square_rank(square) == written.rank):
            yield chess.Move(square, written.to, written.promotion)


def _is_other_sides(board: chess.Board, written: WrittenMove) -> bool:
    """Return whether the text is a legal move of the side that is not to move."""
    if board.is_check():
        return False
    other = board.copy(stack=False)
    other.push(chess.Move.null())
    return any(other.is_legal(move) for move in _candidates(other, written))


def _is_castling(board: chess.Board, man: chess.Piece, move: chess.Move) -> bool:
    """Return whether a king's move is meant as castling: two files along its home rank, or onto its own rook."""
    home = 0 if board.turn == chess.WHITE else 7
    origin, to = move.from_square, move.to_square
    if man.piece_type != chess.KING or chess.square_rank(origin) != home or chess.square_rank(to) != home:
        return False
    if board.chess960:
        return board.piece_at(to) == chess.Piece(chess.ROOK, board.turn)
    return chess.square_file(origin) == 4 and chess.square_file(to) in (2, 6)


def _reaches(board: chess.Board, man: chess.Piece, origin: int, to: int) -> bool:
    """Return whether a man goes from one square to the other on an otherwise empty board; pawns capture men only."""
    if origin == to:
        return False
    target = chess.BB_SQUARES[to]
    if man.piece_type != chess.PAWN:
        return bool(chess.Board.attacks_mask(_alone(man, origin), origin) & target)
    step = 1 if man.color == chess.WHITE else -1
    files = abs(chess.square_file(to) - chess.square_file(origin))
    ranks = (chess.square_rank(to) - chess.square_rank(origin)) * step
    if files == 1 and ranks == 1:
        return bool(board.occupied & target) or to == board.ep_square
    is_home = chess.square_rank(origin) == (1 if man.color == chess.WHITE else 6)
    return files == 0 and (ranks == 1 or (ranks == 2 and is_home))


def _alone(man: chess.Piece, square: int) -> chess.Board:
    board = chess.Board(None)
    board.set_piece_at(square, man)
    return board


def _stale_plies(board: chess.Board, text: str, earlier: Sequence[chess.Board]) -> int | None:
    for plies, before in enumerate(reversed(earlier), 1):
        if before.turn == board.turn and read_move(before, text).status == "legal":
            return plies
    return None
