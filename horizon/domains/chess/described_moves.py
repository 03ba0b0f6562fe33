"""Moves that are described and not named: "castle", "take en passant", "bishop takes pawn", "promote to a queen".

A text that should be one move and the legal moves in, those that fit the description out; whether exactly one does is
asked elsewhere. Knows python-chess, no notation. Linear in the text, which is short.
"""

import re
from collections.abc import Callable, Iterable

import chess

_MEN = {
    "pawn": chess.PAWN,
    "knight": chess.KNIGHT,
    "bishop": chess.BISHOP,
    "rook": chess.ROOK,
    "queen": chess.QUEEN,
    "king": chess.KING,
}
_LETTERS = dict(zip("PNBRQK", _MEN.values(), strict=True))
_MAN = "|".join(_MEN)
_I = r"(?:(?:i|we)(?:'ll|'d| will| would)? |let's |let us )?"
_THE = r"(?:the |my |a |an |his |their |opponent's |enemy |white's? |black's? ){0,3}"
_TAKES = r"(?:takes?|captures?|x|×|capturing|taking)"

_CASTLING = re.compile(rf"{_I}castl(?:e|es|ing)(?: (?:now|here|my king|the king))?", re.IGNORECASE)
_EN_PASSANT = re.compile(
    rf"{_I}(?:{_THE}pawn )?(?:(?:{_TAKES}) (?:{_THE}pawn )?)?(?:by |with )?(?:en[- ]passant|e\.p\.?)"
    r"(?: capture)?(?: (?:on|at) (?P<to>[a-h][1-8]))?",
    re.IGNORECASE,
)
_PROMOTION = re.compile(
    rf"{_I}(?:under-?)?promot(?:e|es|ing|ion)(?: {_THE}pawn)?(?: to| into| as)?(?: an?| the)? (?P<man>{_MAN})",
    re.IGNORECASE,
)
_CAPTURE = re.compile(rf"{_I}{_THE}(?P<man>{_MAN}) {_TAKES} {_THE}(?P<taken>{_MAN})", re.IGNORECASE)
_SHORT_CAPTURE = re.compile(r"(?P<man>[KQRBNP])[x×](?P<taken>[QRBNP])")
_FILES = re.compile(r"(?P<file>[a-h])[x×](?P<to>[a-h])")


def described_moves(board: chess.Board, text: str, legal: Iterable[chess.Move]) -> list[chess.Move]:
    """Return the legal moves that a description fits: none if the text is no description of a move."""
    text = " ".join(text.split()).strip(" *_`\"'“”.!+#")
    fits = _condition(board, text)
    return [] if fits is None else [move for move in legal if fits(move)]


def _condition(board: chess.Board, text: str) -> Callable[[chess.Move], bool] | None:
    """Return what a move must be for a description to fit it."""

    def file_of(square: int) -> str:
        return chess.FILE_NAMES[chess.square_file(square)]

    def taken(move: chess.Move) -> int | None:
        return chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)

    if _CASTLING.fullmatch(text):
        return board.is_castling
    if match := _EN_PASSANT.fullmatch(text):
        to = match["to"]
        return lambda move: board.is_en_passant(move) and to in (None, chess.square_name(move.to_square))
    if match := _PROMOTION.fullmatch(text):
        promoted = _MEN[match["man"].lower()]
        return lambda move: move.promotion == promoted
    if match := _CAPTURE.fullmatch(text) or _SHORT_CAPTURE.fullmatch(text):
        names = _MEN | {letter.lower(): man for letter, man in _LETTERS.items()}
        man, other = names[match["man"].lower()], names[match["taken"].lower()]
        return lambda move: (
            board.is_capture(move) and board.piece_type_at(move.from_square) == man and taken(move) == other
        )
    if match := _FILES.fullmatch(text):
        return lambda move: (
            board.piece_type_at(move.from_square) == chess.PAWN
            and board.is_capture(move)
            and (file_of(move.from_square), file_of(move.to_square)) == (match["file"], match["to"])
        )
    return None
