"""Parsing of chess moves as people write them, on a given board.

Any text in, a parsed move out, in time linear in its length. Knows python-chess, no environment, model or reply
format. `read_move` parses a text that is one move, in SAN, UCI, long algebraic notation, their common variations or
words; missing or surplus marks (`x`, `+`, `#`, `!?`) are ignored. `move_mentions` finds moves in longer texts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import chess

from horizon.domains.chess.described_moves import described_moves
from horizon.domains.chess.move_words import as_algebraic, as_one_move

Status = Literal["legal", "illegal", "ambiguous", "unparsable"]


@dataclass(frozen=True, slots=True)
class ParsedMove:
    """The move in a text: a legal move in UCI, an illegal or ambiguous one as it was written, or None."""

    status: Status
    move: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenMove:
    """The parts of a move as it is written, legal or not; squares, files and ranks count from 0.

    `piece` is None if only squares are named; `origin` is the square that it leaves, if that is named in full.
    """

    piece: int | None
    to: int
    origin: int | None = None
    file: int | None = None
    rank: int | None = None
    promotion: int | None = None
    castling: bool = False


UNPARSABLE = ParsedMove("unparsable")
_LONGEST_MOVE = 60
"""The length of the longest notation of a single move, in characters."""

_FIGURINES = dict(zip("♔♕♖♗♘♚♛♜♝♞", "KQRBNKQRBN", strict=True)) | {"♙": "", "♟": "", "×": "x", "†": "+", "‡": "#"}
_SIGNS = str.maketrans(_FIGURINES | dict.fromkeys("‐‑‒–—−", "-"))
_PIECES = {"K": chess.KING, "Q": chess.QUEEN, "R": chess.ROOK, "B": chess.BISHOP, "N": chess.KNIGHT, "P": chess.PAWN}

_NUMBER = r"(?:\d{1,3}\s?(?:\.{1,3}|…)\s?|\.{2,3}\s?|…\s?)?"
_SUFFIX = r"(?:\s?e\.?p\.?)?[+#!?]{0,6}(?:\s?(?:\(?e\.?p\.?\)?|en passant|ch\.?|check|mate|checkmate)\b\.?)?[.,;:!]?"


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns of a text that is one move, and of a move in a longer text."""

    whole: re.Pattern[str]
    named: re.Pattern[str]


def _patterns(promotions: str, more: str) -> _Patterns:
    def shape(takes: str) -> str:
        # A lower-case b is always the file: "bxc3" is a pawn's move, and "be4" is none.
        return (
            r"(?:(?P<castle>[O0o]-[O0o](?P<long>-[O0o])?)"
            rf"{more}"
            r"|(?P<piece>[KQRBNkqrn])(?P<file>[a-h])?(?P<rank>[1-8])?(?:[x:-]| [x-] )?(?P<to>[a-h][1-8])"
            rf"|[Pp]?(?P<pawn_file>[a-h])?(?P<pawn_rank>[1-8])?(?:[{takes}]| [x-] )?(?P<pawn_to>[a-h][1-8])"
            rf"(?:[=/]?(?P<promotion>[{promotions}])|\((?P<bracketed>[{promotions}])\))?)"
        )

    # Neighbouring letters make it a word, a neighbouring slash a row of a FEN.
    return _Patterns(
        re.compile(rf"{_NUMBER}{shape('x:-')}{_SUFFIX}"), re.compile(rf"(?<![\w/]){shape('x-')}(?![\w/])")
    )


_USUAL = _patterns("QRBNqrbn", "")
_OF_VARIANTS = _patterns("KQRBNkqrbn", r"|(?P<dropped>[KQRBNPkqrbnp])?@(?P<drop_to>[a-h][1-8])")
"""Antichess promotes to kings, crazyhouse drops men: N@f3, and P@e4 or @e4."""

_TIGHT = re.compile(r" ?([x=@-]) ?| (?=\([QRBNK]\))|(?<=[KQRBNP]) (?=[a-h]?[1-8x]|[a-h][1-8])")
_SPACED = re.compile(r"[KQRBNkqrn]? ?(?:[a-h] ?)?(?:[x-] ?)?[a-h] [1-8](?: ?[+#])?")
"""A move whose characters a tokenizer has parted: N f 3."""
_ORIGIN_IN_BRACKETS = re.compile(
    r"(?<=[KQRBN])(?:\((?P<origin>[a-h][1-8]?|[1-8])\)|/(?P<after>[a-h][1-8]?|[1-8])[-/ ]?)"
)
_WRAPPING = " \t\r\n*_`\"'“”‘’()[]{}<>«»‹›„•>$#-"
_TRAILING = re.compile(r"[^\w+#!?)\]}'\"]{1,8}$")
_CAPITALS = re.compile(
    r"(?P<man>[KQRBN]?)(?P<squares>(?:[A-H]?[1-8]?[X:-]?)[A-H][1-8])(?P<promoted>=?[QRBN]?)[+#!?]{0,4}"
)
_TWO_SQUARES = re.compile(
    r"(?P<man>[KQRBNkqrn]?)(?P<origin>[a-h][1-8])(?:[^\w+#!?]|"
    r"_){1,8}(?P<to>[a-h][1-8])(?P<promoted>[= ]?[QRBNqrbn]?)(?P<marks>[+#!?]{0,4})"
)
_CASTLED = {"OO": "O-O", "OOO": "O-O-O", "00": "O-O", "000": "O-O-O", "oo": "O-O", "ooo": "O-O-O"}


def read_move(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse a text that should be one move and nothing else; `legal` saves computing the legal moves again."""
    if match := _whole_move(board, text):
        return match_move(match, LegalMoves(board, legal))
    if len(text) > _LONGEST_MOVE:
        return UNPARSABLE
    fitting = described_moves(board, text, board.legal_moves if legal is None else legal)
    return _one_of(fitting, text.strip()) if fitting else UNPARSABLE


def split_move(board: chess.Board, text: str) -> WrittenMove | None:
    """Return the parts of a text that should be one move, or None if it is not a move."""
    match = _whole_move(board, text)
    groups = match.groupdict() if match else {}
    if not match or groups.get("drop_to"):
        return None
    if groups["castle"]:
        return WrittenMove(chess.KING, 0, castling=True)
    letter = groups["piece"]
    file, rank = (groups["file"], groups["rank"]) if letter else (groups["pawn_file"], groups["pawn_rank"])
    to = groups["to"] or groups["pawn_to"]
    is_full = bool(file and rank)
    if not letter and file and not rank and abs(ord(file) - ord(to[0])) != 1:
        return None
    if not letter and not file and "x" not in match.group():
        file = to[0]
    promotion = groups["promotion"] or groups["bracketed"]
    return WrittenMove(
        piece=_PIECES[letter.upper()] if letter else None if is_full else chess.PAWN,
        to=chess.parse_square(to),
        origin=chess.parse_square(f"{file}{rank}") if is_full else None,
        file=chess.FILE_NAMES.index(file) if file else None,
        rank=int(rank) - 1 if rank else None,
        promotion=_PIECES[promotion.upper()] if promotion else None,
    )


def plain_marks(text: str) -> str:
    """Return the text with figurines as letters, and dashes and marks of check as ASCII."""
    return text.translate(_SIGNS)


def named_moves(board: chess.Board, text: str) -> "Iterator[re.Match[str]]":
    """Yield the matches of everything in a text that has the shape of a move; `match_move` reads one."""
    return _patterns_of(board).named.finditer(text)


def _whole_move(board: chess.Board, text: str) -> "re.Match[str] | None":
    """Return the match of a text that is one move and nothing else, or None."""
    text = text.strip()
    if len(text) > _LONGEST_MOVE:
        return None
    text = " ".join(plain_marks(text).split()).lstrip(_WRAPPING)
    # Closing brackets belong to a promotion such as e8(Q) when one was opened.
    text = text.rstrip((_WRAPPING.replace(")", "") if "(" in text else _WRAPPING).replace("#", "") + ".,;:")
    text = _TRAILING.sub("", text)
    pattern = _patterns_of(board).whole
    if plain := pattern.fullmatch(text):
        return plain
    can_promote = any(board.pieces(chess.PAWN, board.turn) & rank for rank in (chess.BB_RANK_2, chess.BB_RANK_7))
    text = as_one_move(as_algebraic(text, with_promotions=can_promote))
    text = _CASTLED.get(text, text)
    if pair := _TWO_SQUARES.fullmatch(text):
        is_own = board.color_at(chess.parse_square(pair["origin"])) == board.turn
        # Two squares are a move from the one to the other; two pawn moves only where nothing can leave the first.
        if is_own or not re.search(r"[\s,;/|&_]", text):
            text = f"{pair['man']}{pair['origin']}-{pair['to']}{pair['promoted'].strip()}{pair['marks']}"
    text = _ORIGIN_IN_BRACKETS.sub(lambda match: match["origin"] or match["after"], text)
    text = text.replace(" ", "") if _SPACED.fullmatch(text) else text
    text = _TIGHT.sub(lambda match: match.group(1) or "", text)
    if capitals := _CAPITALS.fullmatch(text):
        text = _small(board, capitals)
    return pattern.fullmatch(text)


def _small(board: chess.Board, capitals: "re.Match[str]") -> str:
    """Return a move in capital letters as it is usually written; a leading B is the bishop unless only a pawn fits."""
    rest = capitals["squares"].lower() + capitals["promoted"]
    if capitals["man"] != "B":
        return capitals["man"] + rest
    readings = [f"B{rest}", f"b{rest}"]
    matches = {text: match for text in readings if (match := _patterns_of(board).whole.fullmatch(text))}
    legal = LegalMoves(board, None)
    fitting = [text for text, match in matches.items() if match_move(match, legal).status == "legal"]
    return fitting[0] if len(fitting) == 1 else readings[0]


def _patterns_of(board: chess.Board) -> _Patterns:
    return _USUAL if type(board) is chess.Board else _OF_VARIANTS


class LegalMoves:
    """The legal moves of a board by the square they go to."""

    def __init__(self, board: chess.Board, legal: Sequence[chess.Move] | None) -> None:
        self.board = board
        self.to: dict[int, list[chess.Move]] = {}
        for move in board.legal_moves if legal is None else legal:
            self.to.setdefault(move.to_square, []).append(move)

    @property
    def has_promotions(self) -> bool:
        """Whether a pawn can promote."""
        return any(move.promotion for moves in self.to.values() for move in moves)

    def castling(self, is_long: bool) -> list[chess.Move]:
        """Return the castling move to this side, if it is legal; in Chess960 its target is the rook's square."""
        side = self.board.is_queenside_castling if is_long else self.board.is_kingside_castling
        king = self.board.king(self.board.turn)
        return [move for moves in self.to.values() for move in moves if move.from_square == king and side(move)]

    def king_steps(self, origin: str, to: str) -> list[chess.Move]:
        """Return the Chess960 castling that ends with the king on this square, as ordinary chess would write it."""
        king = self.board.king(self.board.turn)
        if not self.board.chess960 or king is None or origin != chess.square_name(king) or to[0] not in "cg":
            return []
        is_back_rank = chess.square_rank(king) == chess.square_rank(chess.parse_square(to))
        return self.castling(to[0] == "c") if is_back_rank else []

    def rook_takings(self, origin: str, to: str) -> list[chess.Move]:
        """Return the castling that is written as the king's step to its own rook: e1h1."""
        king, square = self.board.king(self.board.turn), chess.parse_square(to)
        if (
            king is None
            or origin != chess.square_name(king)
            or not self.board.castling_rights & chess.BB_SQUARES[square]
        ):
            return []
        return self.castling(square < king) if self.board.color_at(square) == self.board.turn else []


def match_move(match: "re.Match[str]", legal: LegalMoves) -> ParsedMove:
    """Return the legal move that a match denotes."""
    groups = match.groupdict()
    written = match.group().rstrip(".,;:!?+# ")
    if groups["castle"]:
        return _one_of(legal.castling(bool(groups["long"])), written)
    if groups.get("drop_to"):
        kind = _PIECES[(groups["dropped"] or "P").upper()]
        dropped = legal.to.get(chess.parse_square(groups["drop_to"]), [])
        return _one_of([move for move in dropped if move.drop == kind], written)
    letter = groups["piece"]
    to = groups["to"] or groups["pawn_to"]
    file, rank = (groups["file"], groups["rank"]) if letter else (groups["pawn_file"], groups["pawn_rank"])
    promotion = groups["promotion"] or groups["bracketed"]
    is_full = bool(file and rank)
    if not letter and file and not rank and abs(ord(file) - ord(to[0])) != 1:
        # No pawn reaches that square from that file: a word such as "be4", not a move.
        return UNPARSABLE
    is_capture = "x" in written
    if not letter and not file and not is_capture:
        # A pawn that changes its file captures: the text has an x or names the file.
        file = to[0]
    # Both squares name a move of any piece, as an x before a square does; a square alone is a pawn's.
    is_any = is_full or (is_capture and not file and written.lstrip("0123456789. ")[:1] == "x")
    piece = _PIECES[letter.upper()] if letter else None if is_any else chess.PAWN
    board = legal.board
    fitting = [
        move
        for move in legal.to.get(chess.parse_square(to), [])
        if not move.drop
        and (piece is None or board.piece_type_at(move.from_square) == piece)
        and (not file or chess.FILE_NAMES[chess.square_file(move.from_square)] == file)
        and (not rank or chess.RANK_NAMES[chess.square_rank(move.from_square)] == rank)
        and (not promotion or move.promotion == _PIECES[promotion.upper()])
        and (is_full or not board.is_castling(move))
        and (is_full or not is_any or board.is_capture(move))
    ]
    if is_full and not fitting:
        # The king's own step to that square takes precedence; without one, castling is meant.
        fitting = legal.king_steps(f"{file}{rank}", to) or legal.rook_takings(f"{file}{rank}", to)
    return _one_of(fitting, written)


def _one_of(fitting: list[chess.Move], written: str) -> ParsedMove:
    if len(fitting) == 1:
        return ParsedMove("legal", fitting[0].uci())
    return ParsedMove("ambiguous" if fitting else "illegal", written)
