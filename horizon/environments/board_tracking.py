"""Board tracking: chess moves are announced, one or more plies per turn; a question asks for a fact about the board.

Rules: Chess moves by the FIDE laws, chosen by seed among the legal ones.
Observation: The board at the start; then the moves of each turn (see `restate`).
Action: The fact that is asked for: the piece on a square (`white knight` or `empty`), the side to move (`white`), a
    castling right or check (`yes` or `no`), or the number of legal moves.
Oracle: The rules, by python-chess. A wrong answer changes nothing.
Difficulty: `plies` per turn and `question`; constant over turns.
References: Toshniwal et al. (2022), Chess as a testbed for language model state tracking, AAAI; python-chess.
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import chess

from horizon.core.parameters import Value, parameter
from horizon.domains.bookkeeping import Questions
from horizon.domains.chess.game_text import board_of
from horizon.domains.name_matching import parse_integer, parse_names
from horizon.domains.wording_shifts import display_names, language, read_shift

KINDS = ("square", "turn", "castling", "check", "count")
PIECES = ("pawn", "knight", "bishop", "rook", "queen", "king")
_COLORS = ("black", "white")
_YES_NO = {"yes": "yes", "no": "no"}
_GERMAN_YES_NO = {"yes": "ja", "no": "nein"}
_FILLERS = frozenset({"a", "an", "the", "is", "it", "there", "square", "nothing", "ein", "eine", "der", "die", "das"})
_SIDES = ("white kingside", "white queenside", "black kingside", "black queenside")


@dataclass(frozen=True, slots=True)
class Plies:
    """The moves of one turn in UCI and SAN, the kind of question, and its square or castling right."""

    moves: tuple[str, ...]
    sans: tuple[str, ...]
    kind: str
    what: int


@dataclass(frozen=True)
class BoardTracking(Questions[str, Plies]):
    """Board tracking; the world is a FEN."""

    name: ClassVar[str] = "board_tracking"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "follow announced chess moves and answer a question about the board"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"plies": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)}

    plies: int = parameter(1, "plies per turn", low=1, high=10)
    question: str = parameter("square", "kind of question", choices=(*KINDS, "any"))

    def start(self, seed: int) -> str:
        """Return the usual start position."""
        return chess.STARTING_FEN

    def event(self, seed: int, played: int, world: str) -> Plies:
        """Return this turn's plies and question; after the end of a game the pieces are set up again."""
        return _event(self.draw(seed, played), world, self.plies, self.question)

    def after(self, world: str, event: Plies) -> str:
        return _after(world, event.moves)

    def truth(self, world: str, event: Plies) -> str:
        return _fact(world, event.kind, event.what)

    def answers(self, world: str, event: Plies) -> tuple[str, ...]:
        """Return all answers of the kind; for counts, the true one and its neighbours."""
        if event.kind == "square":
            return ("empty", *(f"{color} {piece}" for color in _COLORS for piece in PIECES))
        if event.kind == "turn":
            return _COLORS
        if event.kind == "count":
            true = int(self.truth(self.after(world, event), event))
            return tuple(str(number) for number in range(max(0, true - 2), true + 3))
        return ("yes", "no")

    def instructions(self) -> str:
        uci = ""
        if "notation" in read_shift(self.shift):
            uci = self._choose_text(
                v1=" Moves are written as the squares from and to.",
                v2=" Each move is written as the square it starts from and the square it goes to.",
                german=" Züge stehen als Feld von und Feld nach.",
            )
        return self._choose_text(
            v1=f"Moves are announced on a chess board.{uci} Afterwards answer a question about the board. Squares are "
            "called a1 to h8; a piece is called as in 'white knight', a square without one 'empty'.",
            v2=f"You are following chess moves on a board.{uci} After the moves you are asked a question about it. "
            "Squares are named a1 to h8. Name a piece with its colour, as in 'white knight', and answer 'empty' for a "
            "square with no piece on it.",
            german=f"Auf einem Schachbrett werden Züge angesagt.{uci} Beantworte danach eine Frage zum Brett. "
            "Felder heißen a1 bis h8; eine Figur heißt etwa 'white knight', ein leeres Feld 'empty'.",
        )

    def answer_example(self) -> str:
        examples = {"square": "white knight", "turn": "white", "count": "20", "any": "ANSWER"}
        if self.question == "square" and "names" in read_shift(self.shift):
            return "white PIECE"
        return examples.get(self.question, "ja" if language(self.shift) == "german" else "yes")

    def describe(self, seed: int, world: str) -> str:
        board = chess.Board(world)
        names = self._pieces(seed)
        rows = range(8) if "mirror" in read_shift(self.shift) else range(7, -1, -1)
        rows_text = [
            f"{rank + 1} " + " ".join(_letter(board.piece_at(chess.square(file, rank))) for file in range(8))
            for rank in rows
        ]
        german = language(self.shift) == "german"
        legend = ""
        if any(name != shown for name, shown in names.items()):
            names_text = ", ".join(f"{piece[0] if piece != 'knight' else 'n'} {names[piece]}" for piece in PIECES)
            legend = f"\n{'Namen der Figuren' if german else 'Names of the pieces'}: {names_text}."
        rights = board.castling_xfen() if board.castling_rights else "-"
        if german:
            side = "Weiß" if board.turn else "Schwarz"
            return "\n".join([*rows_text, "  a b c d e f g h"]) + f"\nAm Zug: {side}. Rochaden: {rights}.{legend}"
        side = _COLORS[board.turn]
        return "\n".join([*rows_text, "  a b c d e f g h"]) + f"\nTo move: {side}. Castling rights: {rights}.{legend}"

    def describe_event(self, seed: int, event: Plies) -> str:
        german = language(self.shift) == "german"
        if not event.moves:
            return "Die Figuren werden neu aufgestellt." if german else "The pieces are set up again."
        moves = event.moves if "notation" in read_shift(self.shift) else event.sans
        return f"{'Züge' if german else 'Moves'}: {' '.join(moves)}."

    def describe_question(self, seed: int, event: Plies) -> str:
        german = language(self.shift) == "german"
        if event.kind == "square":
            name = chess.square_name(event.what)
            return f"Was steht jetzt auf {name}?" if german else f"What stands on {name} now?"
        if event.kind == "turn":
            return "Wer ist am Zug (white oder black)?" if german else "Whose move is it, white or black?"
        if event.kind == "castling":
            side = _SIDES[event.what]
            return f"Gibt es das Rochaderecht {side}?" if german else f"Is the right to castle {side} still there?"
        if event.kind == "check":
            return "Steht die Seite am Zug im Schach?" if german else "Is the side to move in check?"
        return "Wie viele legale Züge gibt es?" if german else "How many legal moves are there?"

    def format_answer(self, seed: int, answer: str) -> str:
        color, _, piece = answer.partition(" ")
        if piece:
            return f"{color} {self._pieces(seed)[piece]}"
        return (_GERMAN_YES_NO if language(self.shift) == "german" else _YES_NO).get(answer, answer)

    def parse_answer(self, seed: int, world: str, event: Plies, text: str) -> str | None:
        if event.kind == "count":
            return parse_integer(text)
        if event.kind == "square":
            known = {"empty": "empty", "white": "white", "black": "black", **self._pieces(seed)}
            words = parse_names(text, known, _FILLERS)
            if words == ["empty"]:
                return "empty"
            is_piece = words is not None and len(words) == 2 and words[0] in _COLORS and words[1] in PIECES
            return " ".join(words) if words is not None and is_piece else None
        names = {color: color for color in _COLORS} if event.kind == "turn" else _YES_NO
        if event.kind != "turn" and language(self.shift) == "german":
            names = _GERMAN_YES_NO
        words = parse_names(text, names, _FILLERS)
        return words[0] if words is not None and len(words) == 1 else None

    def write(self, world: str) -> str:
        return world

    def read(self, text: str) -> str:
        board_of(text)
        return text

    def _pieces(self, seed: int) -> dict[str, str]:
        # Symbols would hide which word is the piece: only invented names are used.
        return display_names("names" if "names" in read_shift(self.shift) else "none", seed, "piece", PIECES)


ENVIRONMENT = BoardTracking


def _letter(piece: chess.Piece | None) -> str:
    return piece.symbol() if piece is not None else "."


@lru_cache(maxsize=1 << 12)
def _event(number: int, world: str, plies: int, question: str) -> Plies:
    board = chess.Board(world)
    moves: list[str] = []
    sans: list[str] = []
    for _ in range(plies):
        legal = list(board.legal_moves)
        if not legal or board.is_insufficient_material():
            break
        number, index = divmod(number, len(legal))
        moves.append(legal[index].uci())
        sans.append(board.san(legal[index]))
        board.push(legal[index])
        if number < 1 << 20:
            number = (number + 1) * 0x9E3779B97F4A7C15 % (1 << 61)
    if not moves:
        board = chess.Board()
    kind = KINDS[number % len(KINDS)] if question == "any" else question
    number //= len(KINDS)
    if kind == "square":
        # Half of the questions are about an occupied square: otherwise most answers would be "empty".
        occupied = list(chess.SquareSet(board.occupied))
        what = occupied[number // 2 % len(occupied)] if number % 2 else number // 2 % 64
    else:
        what = number % len(_SIDES)
    return Plies(tuple(moves), tuple(sans), kind, what)


@lru_cache(maxsize=1 << 12)
def _after(world: str, moves: tuple[str, ...]) -> str:
    if not moves:
        return chess.STARTING_FEN
    board = chess.Board(world)
    for move in moves:
        board.push_uci(move)
    return board.fen()


@lru_cache(maxsize=1 << 12)
def _fact(world: str, kind: str, what: int) -> str:
    board = chess.Board(world)
    if kind == "square":
        piece = board.piece_at(what)
        return "empty" if piece is None else f"{_COLORS[piece.color]} {PIECES[piece.piece_type - 1]}"
    if kind == "turn":
        return _COLORS[board.turn]
    if kind == "castling":
        color = what < 2
        has = (
            board.has_kingside_castling_rights(color) if what % 2 == 0 else board.has_queenside_castling_rights(color)
        )
        return "yes" if has else "no"
    if kind == "check":
        return "yes" if board.is_check() else "no"
    return str(board.legal_moves.count())
