"""An immutable chess position with lazily computed properties.

A position carries the keys of earlier positions that it may repeat, so that endings are known without replaying the
game. The board may be a variant's. Knows python-chess only.
"""

from functools import cached_property
from typing import Any

import chess
from chess.variant import CrazyhouseBoard

from horizon.domains.chess.game_text import text_of


class Position:
    """An immutable board with cached properties.

    `seen` holds the keys of the positions since the last capture or pawn move, this one last: only they can recur
    (in crazyhouse, where men return to the board, all positions can).
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
        """The legal moves of the board, sorted by their UCI text, which is the key."""
        return {move.uci(): move for move in sorted(self.board.legal_moves, key=chess.Move.uci)}

    @cached_property
    def legal(self) -> tuple[str, ...]:
        """The legal actions; empty once the game is over."""
        return () if self.ending else tuple(self.moves)

    @cached_property
    def sans(self) -> dict[str, str]:
        """The same moves in SAN, by UCI text. Cost: some 30 microseconds per move."""
        return {uci: self.board.san(move) for uci, move in self.moves.items()}

    @cached_property
    def fen(self) -> str:
        """The FEN, with an en passant square only where that capture is legal."""
        return self.board.fen()

    @cached_property
    def text(self) -> str:
        """The position's text for engines and judges: the FEN, with the prefix `chess960:` or the variant's."""
        return text_of(self.board)

    @cached_property
    def ending(self) -> str | None:
        """The way the game ended here, or None."""
        board = self.board
        if board.is_variant_loss() or board.is_variant_win() or board.is_variant_draw():
            return "the rules of the variant"
        if not any(board.generate_legal_moves()):
            return "checkmate" if board.is_check() else "stalemate"
        if board.is_insufficient_material():
            return "insufficient material"
        # Checked on the board, since crazyhouse has no such rule.
        if board.halfmove_clock >= 100 and board.is_fifty_moves():
            return "fifty moves"
        # A position recurs after four plies at the earliest, so for the third time after eight.
        if len(self.seen) > 8 and self.seen.count(self.seen[-1]) >= 3:
            return "repetition"
        return None

    @cached_property
    def winner(self) -> chess.Color | None:
        """The winner; None after a draw or while the game is in progress."""
        if self.ending == "checkmate" or self.board.is_variant_loss():
            return not self.board.turn
        return self.board.turn if self.board.is_variant_win() else None


def _key(board: chess.Board) -> tuple[Any, ...]:
    """Return the key that identifies repetitions: men, side to move, castling, a legal en passant capture.

    In a variant also the additional fields of its FEN: checks left to give, men in hand, promoted men.
    """
    if type(board) is not chess.Board:
        return (board.epd(),)
    passant = board.ep_square if board.ep_square is not None and board.has_legal_en_passant() else None
    white, black = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    men = (board.knights, board.bishops, board.rooks, board.queens, board.kings, board.pawns)
    return (white, black, *men, board.turn, board.castling_rights, passant)
