"""Observations of chess positions and parsing of replies, in any notation and under any shift.

Positions and legal moves in, text out, and back. Shared by the chess environments; knows none of them, no engine.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import chess

from horizon.core.answer_start import LONGEST_ANSWER, unwrap
from horizon.core.answers import ANSWER_FORMAT, Prompts, read_reply
from horizon.core.errors import UsageError
from horizon.core.records import Answer
from horizon.core.registry import nearest
from horizon.domains.chess import descriptive_notation as descriptive
from horizon.domains.chess import move_mentions, move_parsing
from horizon.domains.chess.move_parsing import ParsedMove
from horizon.domains.chess.position import Position
from horizon.domains.chess.shifts import ChessShift, Letters, read_shift
from horizon.engines.position_text import board_of_position

SHOWN = ("fen", "board", "pieces", "legal_moves", "last_move", "moves")
"""The parts of an observation."""

POSITIONS = ("fen", "board", "pieces")
RESTATING = {*POSITIONS, "moves"}
_NAMES = {chess.WHITE: "White", chess.BLACK: "Black"}
_MENTIONS_MOVE = re.compile(r"(?<!\w)[a-hA-H][1-8](?!\w)|\bcastl(?:e|es|ing)\b")


class Observed(Protocol):
    """A state that can be described: its position, and the moves in UCI that led to it from the root."""

    @property
    def root(self) -> str:
        """The text of the first position."""
        ...

    @property
    def moves(self) -> tuple[str, ...]:
        """The moves since the first position, in UCI."""
        ...

    @property
    def position(self) -> Position:
        """The position after these moves."""
        ...


@dataclass(frozen=True, slots=True)
class ObservationStyle:
    """The format of observations and moves: notation, parts of a first and of a later observation, shift.

    Actions are canonical in both directions (UCI of the original position). `letters` are the piece letters of this
    instance, None for the usual ones. `last_plies` is the number of moves in the part `last_move`.
    """

    notation: str
    show: tuple[str, ...]
    later: tuple[str, ...]
    shift: ChessShift
    last_plies: int = 1

    @property
    def how(self) -> str:
        """The notation of moves, as a phrase for the rules."""
        if self.notation == "uci":
            return "written as g1f3 or e7e8q"
        is_descriptive = self.notation == "descriptive"
        if self.shift.is_renamed:
            kind = "English descriptive" if is_descriptive else "algebraic"
            return f"written in {kind} notation, with letters for the pieces that are told with it"
        if is_descriptive:
            return "written in English descriptive notation, as N-KB3, PxP, O-O or P-K8(Q)"
        return "written as Nf3, exd5, O-O or e8=Q"

    @property
    def restates(self) -> bool:
        """Whether a later observation shows the position, by a drawing or by all moves."""
        return not RESTATING.isdisjoint(self.later)

    def describe(
        self, seen: Observed, question: str, letters: Letters | None = None, *, is_later: bool = False
    ) -> str:
        """Return the parts of an observation in their order, the side to move, the legal moves, and the question."""
        parts = self.later if is_later else self.show
        lines = [letters.legend] if letters else []
        lines += [text for part in parts if part != "legal_moves" and (text := self._part(seen, part, letters))]
        # Asked in this order, a 135M model names a legal move most often of ten ways tried (17 of 24 positions).
        side = f"You play {_NAMES[self._shift_position(seen.position).board.turn]}."
        if "legal_moves" in parts:
            between = ", " if self.notation == "descriptive" else " "
            side = f"{side} Legal moves: {between.join(self.texts(seen.position, letters).values())}"
        return "\n".join([*lines, side, question])

    def texts(self, position: Position, letters: Letters | None = None) -> dict[str, str]:
        """Return the text of every legal move by action, in the order of the shown position."""
        shown = self._shift_position(position)
        if self.notation == "san":
            written = shown.sans
        elif self.notation == "uci":
            written = {uci: uci for uci in shown.moves}
        else:
            texts = descriptive.write_moves(shown.board, tuple(shown.moves.values()))
            written = {uci: texts[uci] for uci in shown.moves}
        if letters:
            written = {uci: self._rename(text, letters) for uci, text in written.items()}
        if self.shift.turns:
            written = {self.shift.move(shown.moves[uci]).uci(): text for uci, text in written.items()}
        return written

    def render(self, position: Position, action: str, letters: Letters | None = None) -> str:
        """Return the answer line of a move."""
        shown = self._shift_position(position)
        if self.notation == "descriptive":
            return f"{ANSWER_FORMAT}{self.texts(position, letters)[action]}"
        uci = self.shift.move(position.moves[action]).uci() if self.shift.turns else action
        if self.notation == "san":
            # One move's SAN costs a thirtieth of the list's, which a model that reads no text never needs.
            text = shown.sans[uci] if "sans" in vars(shown) else shown.board.san(shown.moves[uci])
        else:
            text = uci
        return f"{ANSWER_FORMAT}{self._rename(text, letters) if letters else text}"

    def parse(
        self, position: Position, reply: str, letters: Letters | None = None, prompts: Prompts = tuple
    ) -> Answer:
        """Parse the move of a reply: what its mark starts with, else the last move of its text, in any usual notation.

        `illegal` if only illegal moves are named; `unparsable` if a move is mentioned but unclear, or one of several.
        """
        shown = self._shift_position(position)
        board, legal = shown.board, tuple(shown.moves.values())
        understood = read_reply(reply, prompts)
        is_marked = understood.marked is not None
        text = understood.body if understood.marked is None else understood.marked[:LONGEST_ANSWER]
        if letters:
            text = letters.restore(text)
        reading = self._read_marked(board, text, legal) if is_marked else self._read_unmarked(board, text, legal)
        if reading.status == "legal" and reading.move is not None and self.shift.turns:
            reading = ParsedMove("legal", self.shift.move(shown.moves[reading.move]).uci())
        return _answer(reading, is_marked or _MENTIONS_MOVE.search(text) is not None)

    def _read_marked(self, board: chess.Board, text: str, legal: tuple[chess.Move, ...]) -> ParsedMove:
        readings = []
        for candidate in unwrap(text):
            if self.notation == "descriptive":
                readings.append(descriptive.read(board, candidate, legal))
                readings.append(descriptive.read_answer(board, candidate, legal))
            readings.append(move_mentions.read_answer(board, candidate, legal))
            if any(reading.status == "legal" for reading in readings):
                break
        return _clearest(readings)

    def _read_unmarked(self, board: chess.Board, text: str, legal: tuple[chess.Move, ...]) -> ParsedMove:
        readings = []
        if self.notation == "descriptive":
            readings = [descriptive.read(board, text, legal)]
            if readings[0].status == "unparsable":
                readings.append(descriptive.find_last_move(board, text, legal))
        usual = move_mentions.read_lines(board, text, legal)
        return _clearest([*readings, usual])

    def _part(self, seen: Observed, part: str, letters: Letters | None) -> str:
        if part in POSITIONS:
            shown = self._shift_position(seen.position)
            drawn = _draw(shown, part, letters)
            # A FEN contains more than the placement: a shift that draws it otherwise adds the remaining fields.
            return f"{drawn}\n{_rest(shown, letters)}" if self.shift.drawing else drawn
        if part == "last_move":
            if len(seen.moves) < self.last_plies:
                return ""
            label = "Last move" if self.last_plies == 1 else "Last moves"
            return f"{label}: {self._line(seen, self.last_plies, letters)}"
        return f"Moves so far: {self._line(seen, 0, letters)}" if seen.moves else ""

    def _line(self, seen: Observed, last: int, letters: Letters | None) -> str:
        """Return the text of the last moves; 0 is the whole list, in SAN with numbers."""
        if last == 1 and seen.position.board.move_stack:
            board = seen.position.board.copy()
            first, moves = board, [board.pop()]
        else:
            # Replayed from the root (some 50 microseconds per ply), only if more than one move is shown.
            first = board_of_position(seen.root)
            begin = len(seen.moves) - last if last else 0
            for uci in seen.moves[:begin]:
                first.push_uci(uci)
            moves = [chess.Move.from_uci(uci) for uci in seen.moves[begin:]]
        shown, turned = self.shift.board(first), [self.shift.move(move) for move in moves]
        if self.notation == "san" and not last:
            text = shown.variation_san(turned)
            return letters.rename(text) if letters else text
        texts, at = [], shown.copy(stack=False)
        for move in turned:
            if self.notation == "san":
                text = at.san(move)
            else:
                text = move.uci() if self.notation == "uci" else descriptive.write_moves(at)[move.uci()]
            texts.append(self._rename(text, letters) if letters else text)
            at.push(move)
        return (", " if self.notation == "descriptive" else " ").join(texts)

    def _shift_position(self, position: Position) -> Position:
        return _turn(self.shift, position) if self.shift.turns else position

    def _rename(self, text: str, letters: Letters) -> str:
        return letters.rename_promotion(text) if self.notation == "uci" else letters.rename(text)


@lru_cache(maxsize=256)
def observation_style(
    environment: str, notation: str, show: str, later: str, shift: str, last_plies: int = 1
) -> ObservationStyle:
    """Return the observation style of an environment's parameters.

    Raises:
        UsageError: an unknown part or shift (with the nearest), or one that is named twice.
    """
    for name, shown in (("show", show), ("later", later or show)):
        parts = shown.split("+")
        for part in parts:
            if part not in SHOWN:
                raise UsageError(
                    f"environment {environment}: {name}={shown} has no part '{part}': {nearest(part, SHOWN)}"
                )
        if len(set(parts)) != len(parts):
            raise UsageError(f"environment {environment}: {name}={shown} names a part twice: keep one of each")
    asked = read_shift(shift, environment)
    style = ObservationStyle(
        asked.notation or notation, tuple(show.split("+")), tuple((later or show).split("+")), asked, last_plies
    )
    if asked.drawing is None:
        return style
    drawn = _replace_drawing(style.show, asked.drawing)
    first = drawn if asked.drawing in drawn else (asked.drawing, *drawn)
    return replace(style, show=first, later=_replace_drawing(style.later, asked.drawing) if later else first)


def _replace_drawing(parts: tuple[str, ...], drawing: str) -> tuple[str, ...]:
    """Return the parts with this drawing of the position in place of any other."""
    return tuple(dict.fromkeys(drawing if part in POSITIONS else part for part in parts))


@lru_cache(maxsize=512)
def _turn(shift: ChessShift, position: Position) -> Position:
    return Position(shift.board(position.board))


def _draw(position: Position, part: str, letters: Letters | None) -> str:
    if part == "fen":
        placement, _, rest = position.fen.partition(" ")
        if not letters:
            return f"FEN: {position.fen}"
        turn, castling, others = rest.split(" ", 2)
        return f"FEN: {letters.rename_drawing(placement)} {turn} {letters.rename_drawing(castling)} {others}"
    if part == "board":
        diagram = str(position.board)
        return f"Board, White below:\n{letters.rename_drawing(diagram) if letters else diagram}"
    sides = []
    for color, name in _NAMES.items():
        men = [
            f"{chess.piece_symbol(kind).upper()}{chess.square_name(square)}"
            for kind in reversed(chess.PIECE_TYPES)
            for square in position.board.pieces(kind, color)
        ]
        sides.append(f"{name}: {letters.rename(' '.join(men)) if letters else ' '.join(men)}")
    return "\n".join(sides)


def _rest(position: Position, letters: Letters | None) -> str:
    """Return the fields of a FEN other than placement and side to move."""
    _, _, castling, passant, halfmoves, number = position.fen.split(" ")
    if letters:
        castling = letters.rename_drawing(castling)
    return f"Castling: {castling}; en passant: {passant}; halfmove clock: {halfmoves}; move: {number}"


def _clearest(readings: list[ParsedMove]) -> ParsedMove:
    """Return the first legal reading, else the first ambiguous, then illegal one: earlier notations go first."""
    for status in ("legal", "ambiguous", "illegal"):
        for reading in readings:
            if reading.status == status:
                return reading
    return move_parsing.UNPARSABLE


def _answer(reading: ParsedMove, mentions_move: bool) -> Answer:
    if reading.status == "legal":
        return Answer(reading.move)
    if reading.status == "illegal":
        return Answer(reading.move, "illegal")
    return Answer(None, "unparsable" if reading.status == "ambiguous" or mentions_move else "no_answer")
