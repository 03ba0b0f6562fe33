"""One move as a file writes it: SAN in English letters or figurines, long or UCI notation, with any annotation behind.

Strict: nothing is skipped in front of the square, so that the knight of another language never becomes a pawn. Knows
python-chess; every problem is a ValueError with a one-line message.
"""

import re
import unicodedata

import chess

FIGURINES = str.maketrans({**dict(zip("♔♕♖♗♘♚♛♜♝♞", "KQRBNKQRBN", strict=True)), "♙": None, "♟": None})
NULL_MOVES = frozenset({"--", "Z0", "0000", "@@@@", "<>", "null", "pass"})
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2192", "-") | {"×": "x", ":": "x"})
_UNSEEN = str.maketrans(dict.fromkeys("\ufe0e\ufe0f\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_CASTLING = re.compile(r"\A([0Oo\u041e\u043e])-([0Oo\u041e\u043e])(-[0Oo\u041e\u043e])?(?![-\w])")
_MOVE = re.compile(
    r"(?:(?P<castling>O-O(?:-O)?)"
    r"|(?P<piece>[KQRBN])?(?P<origin>[a-h]?[1-8]?)(?P<takes>[-x]?)(?P<target>[a-h][1-8])"
    r"(?:[=/(]?(?P<promotion>[QRBNqrbn])(?![a-z])\)?)?)"
    r"(?:e\.?p\.?)?(?P<mark>\+{1,2}(?![-/=])|[#†‡])?(?:\$\d{1,3}|[^\w\s$])*"
)
_FOREIGN = re.compile(r"([^\W\d_])[^\W\d_]?[a-h]?[1-8]?[-x]?[a-h][1-8]|[a-h]?x?[a-h][18]=?([^\W\d_])")


def clean_move(text: str) -> str:
    """Return a move's text with figurines as letters, usual dashes and castling, and nothing unseen."""
    text = unicodedata.normalize("NFKC", text.translate(_UNSEEN)).translate(FIGURINES).translate(_DASHES)
    return _CASTLING.sub(lambda match: "O-O-O" if match[3] else "O-O", text, count=1)


def foreign_letter(text: str) -> str | None:
    """Return the letter of a piece in another language than English that a cleaned text of a move has, or None."""
    match = _FOREIGN.match(text)
    if match is None:
        return None
    letter = match[1] or match[2]
    # A small letter is a file, or a piece in no language's notation.
    is_english = letter in "KQRBNO" or (letter.isascii() and letter.islower())
    return None if is_english else letter


def read_move(board: chess.Board, text: str) -> chess.Move:
    """Return the legal move that a text names.

    Raises
    ------
    ValueError
        No such legal move, a null move, or a piece letter of another language.
    """
    cleaned = clean_move(text)
    match = _MOVE.fullmatch(cleaned)
    if match is None:
        if cleaned in NULL_MOVES:
            raise ValueError(f"'{text}' is a null move, after which no position is one of a game")
        if foreign_letter(cleaned) is not None:
            raise ValueError(
                f"'{text:.40}' has a piece letter that is not English: save the file with K Q R B N or figurines"
            )
        raise ValueError(f"'{text:.40}' is no move in SAN or UCI")
    if match["castling"]:
        return board.parse_san(match["castling"])
    promotion = (match["promotion"] or "").lower()
    if match["piece"] is None and len(match["origin"]) == 2:
        try:
            return board.parse_uci(match["origin"] + match["target"] + promotion)
        except ValueError:
            raise ValueError(f"'{text:.40}' is illegal in '{board.fen()}'") from None
    san = f"{match['piece'] or ''}{match['origin']}{match['takes']}{match['target']}"
    return board.parse_san(f"{san}={promotion.upper()}" if promotion else san)


def claims_check(text: str) -> bool:
    """Return whether a move's text is marked as check or mate."""
    match = _MOVE.fullmatch(clean_move(text))
    return match is not None and bool(match["mark"])
