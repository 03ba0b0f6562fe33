"""Parsing of chess moves as people write them, on a given board; and the text of a chess state.

Any text in, a parsed move out, in time linear in its length. Knows python-chess, no environment, model or reply
format. `read_move` parses a text that is one move, `find_last_move` one that mentions moves. Both accept SAN, UCI and
long algebraic notation and their common variations; missing or surplus marks (`x`, `+`, `#`, `!?`) are ignored.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import chess

from horizon.core.errors import UsageError
from horizon.engines.position_text import BOARDS, CHESS960, ORTHODOX, join_position, split_position

ChessSide = Literal["white", "black"]
Status = Literal["legal", "illegal", "ambiguous", "unparsable"]


@dataclass(frozen=True, slots=True)
class ParsedMove:
    """The move in a text: a legal move in UCI, an illegal or ambiguous one as it was written, or None."""

    status: Status
    move: str | None = None


@dataclass(frozen=True, slots=True)
class GameText:
    """The parts of a state's text: the root (a FEN, `chess960:FEN`), the UCI moves from it, and the model's side."""

    root: str
    moves: tuple[str, ...]
    side: ChessSide


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


ORTHODOX_KINDS = (ORTHODOX, CHESS960)
"""The variant names of orthodox chess in a position's text."""

UNPARSABLE = ParsedMove("unparsable")
_LONGEST_MOVE = 40
"""The length of the longest notation of a single move, in characters."""

_FIGURINES = str.maketrans({**dict(zip("♔♕♖♗♘♚♛♜♝♞", "KQRBNKQRBN", strict=True)), "♙": "", "♟": "", "×": "x"})
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_PIECES = {"K": chess.KING, "Q": chess.QUEEN, "R": chess.ROOK, "B": chess.BISHOP, "N": chess.KNIGHT, "P": chess.PAWN}

_NUMBER = r"(?:\d{1,3}\s?(?:\.{1,3}|…)\s?)?"
_SUFFIX = r"(?:\s?e\.?p\.?)?[+#!?]{0,6}(?:\s?(?:e\.?p\.?|ch\.?|check|mate|checkmate))?[.,;:!]?"


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Patterns of a text that is one move, and of a move in a longer text."""

    whole: re.Pattern[str]
    named: re.Pattern[str]


def _patterns(promotions: str, more: str) -> _Patterns:
    # A lower-case b is always the file: "bxc3" is a pawn's move, and "be4" is none.
    shape = (
        r"(?:(?P<castle>[O0o]-[O0o](?P<long>-[O0o])?)"
        rf"{more}"
        r"|(?P<piece>[KQRBNkqrn])(?P<file>[a-h])?(?P<rank>[1-8])?(?:[x-]| [x-] )?(?P<to>[a-h][1-8])"
        r"|[Pp]?(?P<pawn_file>[a-h])?(?P<pawn_rank>[1-8])?(?:[x-]| [x-] )?(?P<pawn_to>[a-h][1-8])"
        rf"(?:[=/]?(?P<promotion>[{promotions}])|\((?P<bracketed>[{promotions}])\))?)"
    )
    # Neighbouring letters make it a word, a neighbouring slash a row of a FEN.
    return _Patterns(re.compile(rf"{_NUMBER}{shape}{_SUFFIX}"), re.compile(rf"(?<![\w/]){shape}(?![\w/])"))


_USUAL = _patterns("QRBNqrbn", "")
_OF_VARIANTS = _patterns("KQRBNkqrbn", r"|(?P<dropped>[KQRBNPkqrbnp])?@(?P<drop_to>[a-h][1-8])")
"""Antichess promotes to kings, crazyhouse drops men: N@f3, and P@e4 or @e4."""

_TIGHT = re.compile(r" ?([x=@-]) ?| (?=\([QRBNK]\))|(?<=[KQRBN]) (?=[a-h]?[1-8x]|[a-h][1-8])")
_WRAPPING = " \t\r\n*_`\"'“”‘’()[]{}<>•>-"
_CAPITALS = re.compile(r"[A-H][1-8](?:-?[A-H][1-8][QRBN]?)?")
# The text before a bare square that makes it a pawn's move rather than a square.
_MOVE_EXPECTED = re.compile(
    r"(?:^|[\n:;=>\"'`*“‘(\[|]|\d{1,3}\s?\.{1,3}|…"
    r"|\b(?:plays?|played|playing|is|was|be|moves?|moving|answers?|reply|replies|respond|choose|chose|pick|select|with))"
    r"[ \t\"'`*_“‘(]{0,8}$",
    re.IGNORECASE,
)
_LOOK_BACK = 24


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


def read_move(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse a text that should be one move and nothing else; `legal` saves computing the legal moves again."""
    match = _whole_move(board, text)
    return _match(match, _Legal(board, legal)) if match else UNPARSABLE


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


def _whole_move(board: chess.Board, text: str) -> "re.Match[str] | None":
    """Return the match of a text that is one move and nothing else, or None."""
    text = text.strip()
    if len(text) > _LONGEST_MOVE:
        return None
    text = " ".join(text.translate(_FIGURINES).translate(_DASHES).split()).lstrip(_WRAPPING)
    # Closing brackets belong to a promotion such as e8(Q) when one was opened.
    text = text.rstrip((_WRAPPING.replace(")", "") if "(" in text else _WRAPPING) + ".,;:")
    text = _TIGHT.sub(lambda match: match.group(1) or "", text)
    if _CAPITALS.fullmatch(text):
        text = text.lower()
    return _patterns_of(board).whole.fullmatch(text)


def find_last_move(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse the last legal and unambiguous move in a text.

    Without one, the last illegal one, then the last ambiguous one. A square alone counts as a pawn's move only where
    a move is expected: at the start of a line, after a colon, quote or move number, or after words such as "play"
    and "is". In "knight to f3" and "controls e5" it is a square.
    """
    text = text.translate(_FIGURINES).translate(_DASHES)
    moves: _Legal | None = None
    last: dict[Status, ParsedMove] = {}
    known: dict[str, ParsedMove] = {}
    for match in _patterns_of(board).named.finditer(text):
        is_bare = match.group("pawn_to") == match.group()
        if is_bare and not _MOVE_EXPECTED.search(text[max(0, match.start() - _LOOK_BACK) : match.start()]):
            continue
        reading = known.get(match.group())
        if reading is None:
            moves = moves or _Legal(board, legal)
            reading = known[match.group()] = _match(match, moves)
        last[reading.status] = reading
    return last.get("legal") or last.get("illegal") or last.get("ambiguous") or UNPARSABLE


def _patterns_of(board: chess.Board) -> _Patterns:
    return _USUAL if type(board) is chess.Board else _OF_VARIANTS


class _Legal:
    """The legal moves of a board by the square they go to."""

    def __init__(self, board: chess.Board, legal: Sequence[chess.Move] | None) -> None:
        self.board = board
        self.to: dict[int, list[chess.Move]] = {}
        for move in board.legal_moves if legal is None else legal:
            self.to.setdefault(move.to_square, []).append(move)

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


def _match(match: "re.Match[str]", legal: _Legal) -> ParsedMove:
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
    if not letter and not file and "x" not in written:
        # A pawn that changes its file captures: the text has an x or names the file.
        file = to[0]
    # Both squares name a move of any piece; a square alone is a pawn's.
    piece = _PIECES[letter.upper()] if letter else None if is_full else chess.PAWN
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
    ]
    if is_full and not fitting:
        # The king's own step to that square takes precedence; without one, castling is meant.
        fitting = legal.king_steps(f"{file}{rank}", to)
    return _one_of(fitting, written)


def _one_of(fitting: list[chess.Move], written: str) -> ParsedMove:
    if len(fitting) == 1:
        return ParsedMove("legal", fitting[0].uci())
    return ParsedMove("ambiguous" if fitting else "illegal", written)


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
