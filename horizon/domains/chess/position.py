"""One chess position that is never changed again, with what follows from it worked out when first asked for.

Endings are told without playing a game through again: a position carries the keys of those that it may repeat. The
board may be a variant's. Knows python-chess only.
"""

from functools import cached_property
from typing import Any

import chess
from chess.variant import CrazyhouseBoard

from horizon.domains.chess.move_parsing import text_of


class Position:
    """A board that is never changed again, with what follows from it worked out once.

    `seen` holds the keys of the positions since the last capture or pawn move, this one last: only they can recur
    (in crazyhouse, where men come back, all of them).
    """

    def __init__(self, board: chess.Board, seen: tuple[tuple[Any, ...], ...] = ()) -> None:
        self.board = board
        can_recur = board.halfmove_clock or isinstance(board, CrazyhouseBoard)
        self.seen = (*seen, _key(board)) if can_recur else (_key(board),)

    def after(self, move: chess.Move) -> "Position":
        """Return the position after a legal move. Cost: some 20 microseconds."""
        board = self.board.copy(stack=False)
        board.push(move)
        return Position(board, self.seen)

    @cached_property
    def moves(self) -> dict[str, chess.Move]:
        """The moves that the rules allow, by UCI text and sorted by it."""
        return {move.uci(): move for move in sorted(self.board.legal_moves, key=chess.Move.uci)}

    @cached_property
    def legal(self) -> tuple[str, ...]:
        """The legal actions: none once the game is over."""
        return () if self.ending else tuple(self.moves)

    @cached_property
    def sans(self) -> dict[str, str]:
        """The same moves in SAN, by UCI text. Cost: some 30 microseconds a move."""
        return {uci: self.board.san(move) for uci, move in self.moves.items()}

    @cached_property
    def fen(self) -> str:
        """The FEN, with an en passant square only where that capture is legal."""
        return self.board.fen()

    @cached_property
    def text(self) -> str:
        """The text that engines and judges are asked about: the FEN, led by `chess960:` where it is of that kind."""
        return text_of(self.board)

    @cached_property
    def ending(self) -> str | None:
        """How the game ended here, if it did."""
        board = self.board
        if board.is_variant_loss() or board.is_variant_win() or board.is_variant_draw():
            return "the rules of the variant"
        if not self.moves:
            return "checkmate" if board.is_check() else "stalemate"
        if board.is_insufficient_material():
            return "insufficient material"
        # Asked of the board, since crazyhouse has no such rule.
        if board.halfmove_clock >= 100 and board.is_fifty_moves():
            return "fifty moves"
        # A position comes back after four plies at the earliest, so a third time after eight.
        if len(self.seen) > 8 and self.seen.count(self.seen[-1]) >= 3:
            return "repetition"
        return None

    @cached_property
    def winner(self) -> chess.Color | None:
        """Who won here; null where nobody did, or the game goes on."""
        if self.ending == "checkmate" or self.board.is_variant_loss():
            return not self.board.turn
        return self.board.turn if self.board.is_variant_win() else None

    def last_move_san(self) -> str:
        """Return the move that led here; only after one did."""
        before = self.board.copy()
        return before.san(before.pop())


def _key(board: chess.Board) -> tuple[Any, ...]:
    """Return what makes two positions the same for repetition: men, side to move, castling, a real en passant.

    In a variant besides what its FEN tells more: checks left to give, men in hand, which of them were promoted.
    """
    if type(board) is not chess.Board:
        return (board.epd(),)
    passant = board.ep_square if board.ep_square is not None and board.has_legal_en_passant() else None
    white, black = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    men = (board.knights, board.bishops, board.rooks, board.queens, board.kings, board.pawns)
    return (white, black, *men, board.turn, board.castling_rights, passant)
