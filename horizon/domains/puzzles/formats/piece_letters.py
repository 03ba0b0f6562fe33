"""Which languages' piece letters a PGN file may have, and which of its English letters are then ambiguous.

R is the rook in English and the king in French: once a file has a foreign letter, a move that is legal under either
reading is refused, and so is every game with a foreign letter. Knows moves as texts and python-chess.

References
----------
Edwards, S. J. (1994). Portable Game Notation Specification, 8.2.3.2: the letters of ten languages.
"""

from collections.abc import Iterable, Mapping

import chess

from horizon.domains.puzzles.formats.moves import clean_move, foreign_letter

# King, queen, rook, bishop, knight.
_ALPHABETS = (
    "KDTLS",  # German, Danish, Norwegian, Swedish, Croatian, Serbian, Slovene
    "RDTFC",  # French
    "RDTAC",  # Spanish, Italian, Catalan
    "RDTBC",  # Portuguese
    "RDTNC",  # Romanian
    "RDTKĈ",  # Esperanto
    "KDTLP",  # Dutch
    "KDTLR",  # Finnish, Afrikaans
    "KDHBR",  # Icelandic
    "KDTLZ",  # Latvian
    "KLVOR",  # Estonian
    "KVBRŽ",  # Lithuanian
    "KVBFH",  # Hungarian
    "KHWGS",  # Polish
    "KDVSJ",  # Czech, Slovak
    "ŞVKFA",  # Turkish
    "КФЛСК",  # Russian; its king is Кр
    "КФТСК",  # Ukrainian
    "ЦДТОК",  # Bulgarian
    "ΡΒΠΑΙ",  # Greek
)
_ENGLISH = "KQRBN"
_PIECES = (chess.KING, chess.QUEEN, chess.ROOK, chess.BISHOP, chess.KNIGHT)


def other_pieces(foreign: Iterable[str]) -> Mapping[str, frozenset[chess.PieceType]]:
    """Return which other pieces each English letter may mean in a file with these foreign letters."""
    letters = set(foreign)
    if not letters:
        return {}
    known = [alphabet for alphabet in _ALPHABETS if letters <= set(alphabet)]
    # Letters of several languages, or of none of these: any of the languages.
    candidates = known or _ALPHABETS
    meanings: dict[str, set[chess.PieceType]] = {}
    for alphabet in candidates:
        for letter, piece in zip(alphabet, _PIECES, strict=True):
            if letter in _ENGLISH and _PIECES[_ENGLISH.index(letter)] != piece:
                meanings.setdefault(letter, set()).add(piece)
    return {letter: frozenset(pieces) for letter, pieces in meanings.items()}


def foreign_letters(texts: Iterable[str]) -> set[str]:
    """Return the piece letters of other languages in the texts of moves."""
    return {letter for text in texts if (letter := foreign_letter(clean_move(text))) is not None}


def refuse_ambiguous(
    board: chess.Board, text: str, move: chess.Move, others: Mapping[str, frozenset[chess.PieceType]]
) -> None:
    """Raise ValueError if another piece, which the move's letter may mean, could go to the same square."""
    pieces = others.get(clean_move(text)[:1], frozenset())
    for other in board.legal_moves if pieces else ():
        if other.to_square == move.to_square and board.piece_type_at(other.from_square) in pieces:
            name = chess.piece_name(board.piece_type_at(other.from_square) or chess.PAWN)
            raise ValueError(f"'{text:.40}' may be a {name}'s move: the file has piece letters of another language")
