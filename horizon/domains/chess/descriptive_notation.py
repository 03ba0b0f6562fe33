"""English descriptive notation: P-K4, NxB, B-N5 ch, P-K8(Q); formats and parses every legal move of a board.

Files are named after the pieces that begin on them, ranks are counted from the mover's own side. Knows python-chess
and the records of `moves`.

Source: Hooper and Whyld, The Oxford Companion to Chess (2nd ed., 1992), "descriptive notation".
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import chess

from horizon.domains.chess.move_parsing import UNPARSABLE, ParsedMove

_FILES = ("QR", "QN", "QB", "Q", "K", "KB", "KN", "KR")
_LETTERS = {kind: chess.piece_symbol(kind).upper() for kind in chess.PIECE_TYPES}
_SQUARE = r"(?:[QK]?[RNB]|[QK])[1-8]"
_MAN = rf"(?:(?:[QK]?[RNB]|[QK])?P|[KQRBN])(?:\({_SQUARE}\))?"
# A separate word: neither a part of a word nor of another move.
_NAMED = re.compile(
    rf"(?<![\w(/-])(?:O-O(?:-O)?|{_MAN}(?:-{_SQUARE}|x{_MAN})(?:\([QRBN]\)|[=/][QRBN])?)"
    r"(?:ch|mate)?(?![\w(])(?!-O)"
)
_MARKS = re.compile(r"\s*(?:(?:dis|dbl|ch|mate|e\.?p)\.?(?![A-Za-z])|[+#!?.,;:]+)\s*")
_ENUMERATION = re.compile(r"[\s,;/|+#!?]{0,8}(?:(?:or|and|ch|mate|e\.p\.)\b)?[\s,]{0,4}")
_PROMOTED = re.compile(r"[(=/]([QRBN])\)?$")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | {"×": "x", "X": "x"})
_LONGEST_MOVE = 40


def write_moves(board: chess.Board, legal: Sequence[chess.Move] | None = None) -> dict[str, str]:
    """Return each legal move's shortest text that no other legal move has, by UCI text.

    If the square or man is ambiguous, the file is named in full, then squares are added in brackets: `P-QB4`, `NxBP`,
    `R(R1)-Q1`. Checks end in ` ch`, mates in ` mate`, captures in passing in ` e.p.`. Cost: some 60 microseconds
    per move.
    """
    forms = {move: _forms(board, move) for move in (board.legal_moves if legal is None else legal)}
    shared = Counter(form for texts in forms.values() for form in texts)
    chosen: dict[str, str] = {}
    for move, own in forms.items():
        # The last form names both squares in full and is always unique.
        text = next((form for form in own if shared[form] == 1), own[-1])
        # Parsed with `=`, written with brackets as in print.
        chosen[move.uci()] = re.sub(r"=([QRBN])$", r"(\1)", text) + _marks(board, move)
    return chosen


def read(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse a text that is one move in descriptive notation and nothing else."""
    plain = _plain(text.strip()[: 2 * _LONGEST_MOVE])
    if len(text.strip()) > _LONGEST_MOVE or not _NAMED.fullmatch(plain):
        return UNPARSABLE
    return _match(plain, _meanings(board, legal))


def find_last_move(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse the last legal and unambiguous move in a text; without one, the last illegal, then ambiguous one."""
    meanings = None
    last: dict[str, ParsedMove] = {}
    for match in _NAMED.finditer(text.translate(_DASHES).replace("0-0", "O-O").replace("O-0", "O-O")):
        meanings = meanings or _meanings(board, legal)
        reading = _match(_plain(match.group()), meanings)
        last[reading.status] = reading
    return last.get("legal") or last.get("illegal") or last.get("ambiguous") or UNPARSABLE


def read_answer(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse an answer that starts with a move in descriptive notation; further legal moves beside it are ambiguous."""
    matches = list(_NAMED.finditer(text.translate(_DASHES).replace("0-0", "O-O").replace("O-0", "O-O")))
    if not matches or re.search(r"\w", text[: matches[0].start()]):
        return UNPARSABLE
    meanings = _meanings(board, legal)
    first = _match(_plain(matches[0].group()), meanings)
    for before, match in pairwise(matches):
        if not _ENUMERATION.fullmatch(text, before.end(), match.start()):
            break
        other = _match(_plain(match.group()), meanings)
        if other.status == "legal" and other != first:
            return ParsedMove("ambiguous", first.move)
    return first


def _plain(text: str) -> str:
    """Return a move without its marks: no check, no space, promotions as `=Q`, castling with the letter O."""
    text = _MARKS.sub("", text.translate(_DASHES).strip(" *_`\"'“”"))
    text = text.replace(" ", "").replace("Kt", "N").replace("0-0", "O-O").replace("O-0", "O-O")
    return _PROMOTED.sub(r"=\1", text)


def _meanings(board: chess.Board, legal: Sequence[chess.Move] | None) -> dict[str, list[chess.Move]]:
    by_form: dict[str, list[chess.Move]] = {}
    for move in board.legal_moves if legal is None else legal:
        for form in _forms(board, move):
            by_form.setdefault(form, []).append(move)
    return by_form


def _match(text: str, meanings: dict[str, list[chess.Move]]) -> ParsedMove:
    moves = meanings.get(text, [])
    if len(moves) == 1:
        return ParsedMove("legal", moves[0].uci())
    return ParsedMove("ambiguous" if moves else "illegal", text)


def _forms(board: chess.Board, move: chess.Move) -> tuple[str, ...]:
    """Return all the ways to write a move, shortest first, the last one in full; without marks."""
    if board.is_castling(move):
        return ("O-O" if board.is_kingside_castling(move) else "O-O-O",)
    mover, promotion = board.turn, f"={_LETTERS[move.promotion]}" if move.promotion else ""
    man = board.piece_type_at(move.from_square)
    assert man is not None  # a legal move has a man
    movers = list(_men(man, move.from_square, mover))
    if board.is_capture(move):
        taken = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
        assert taken is not None  # a capture that is not in passing has a victim on its square
        at = move.to_square
        if board.is_en_passant(move):
            # The captured pawn is beside the mover, on the file of the target square.
            at = chess.square(chess.square_file(move.to_square), chess.square_rank(move.from_square))
        join, goals = "x", list(_men(taken, at, mover))
    else:
        join, goals = "-", list(_squares(move.to_square, mover))
    # The target is disambiguated before the mover, as in print; the stable sort keeps that order.
    pairs = [f"{one}{join}{goal}{promotion}" for one, goal in product(movers, goals)]
    return tuple(dict.fromkeys((*sorted(pairs[:-1], key=len), pairs[-1])))


def _men(kind: chess.PieceType, square: chess.Square, mover: chess.Color) -> Iterator[str]:
    """Yield the names of a man on a square, the fullest name last: P, BP, KBP, P(B4), P(KB4)."""
    letter = _LETTERS[kind]
    yield letter
    if kind == chess.PAWN:
        file = _FILES[chess.square_file(square)]
        yield f"{file[-1]}P"
        yield f"{file}P"
    for name in _squares(square, mover):
        yield f"{letter}({name})"


def _squares(square: chess.Square, mover: chess.Color) -> Iterator[str]:
    """Yield the names of a square from the mover's side, the full name last: B3, KB3."""
    file, rank = _FILES[chess.square_file(square)], chess.square_rank(square)
    number = rank + 1 if mover == chess.WHITE else 8 - rank
    yield f"{file[-1]}{number}"
    yield f"{file}{number}"


def _marks(board: chess.Board, move: chess.Move) -> str:
    passing = " e.p." if board.is_en_passant(move) else ""
    if not board.gives_check(move):
        return passing
    after = board.copy(stack=False)
    after.push(move)
    return passing + (" mate" if after.is_checkmate() else " ch")
