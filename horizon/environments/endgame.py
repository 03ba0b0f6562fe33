"""Endgames of a king with queen, rook or pawn against a king, won by the model's side, by Gaviota tables.

Rules: Chess by the FIDE laws. White, the model's side, must give mate; Black plays the longest defence, or a draw if
    there is one.
Observation: The pieces of both sides, and the legal moves if `legal_moves`.
Action: A move in UCI. Replies may be in SAN or UCI.
Oracle: Exact distance to mate, in White's moves. `extra` holds it. A move after which White can no longer
    win ends the round.
Difficulty: `material` and `most_moves`; the difficulty of a turn is the number of moves to mate.
References: Thompson (1986), Retrograde analysis of certain endgames, ICCA Journal 9; Ballicora, Gaviota tablebases;
    longest mates: queen 10, rook 16, pawn 28 moves.
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import chess

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.records import Json
from horizon.core.seeds import generator
from horizon.domains.chess.game_text import board_of
from horizon.domains.chess.move_parsing import read_move
from horizon.domains.gaviota import plies_to_mate
from horizon.domains.planning import Planning, Situation
from horizon.domains.wording_shifts import display_names, language, read_shift, with_distractor

PIECES = {"KQK": chess.QUEEN, "KRK": chess.ROOK, "KPK": chess.PAWN}
_EXAMPLES = {"KQK": "Qd4 or Kc3", "KRK": "Rd4 or Kc3", "KPK": "e4, e8=Q or Kc3"}
NAMES = ("king", "queen", "rook", "bishop", "knight", "pawn")
_TYPES = (chess.KING, chess.QUEEN, chess.ROOK, chess.BISHOP, chess.KNIGHT, chess.PAWN)
_GERMAN = ("König", "Dame", "Turm", "Läufer", "Springer", "Bauer")


@dataclass(frozen=True)
class Endgame(Planning[str]):
    """A won endgame; a position is a FEN, with White to move unless the game is over."""

    name: ClassVar[str] = "endgame"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "mate with a queen, a rook or a pawn against the longest defence"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"most_moves": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)}
    oracle_kind: ClassVar[str] = "tablebase"

    material: str = parameter("KQK", "the men on the board", choices=tuple(PIECES))
    most_moves: int = parameter(4, "largest number of moves to mate at the start", low=1, high=28)
    legal_moves: bool = parameter(True, "show the legal moves")

    def first_position(self, seed: int) -> str:
        """Return a seeded position that White wins within `most_moves`."""
        draw = generator(seed, "endgame")
        for _ in range(200_000):
            board = chess.Board(None)
            squares = draw.sample(range(64), 3)
            for square, piece, color in zip(
                squares, (chess.KING, PIECES[self.material], chess.KING), (True, True, False), strict=True
            ):
                board.set_piece_at(square, chess.Piece(piece, color))
            if board.is_valid() and 0 < plies_to_mate(board) < 2 * self.most_moves:
                return board.fen()
        raise UsageError(f"endgame: no position of {self.material} has most_moves={self.most_moves}: raise it")

    def moves(self, position: str) -> tuple[str, ...]:
        return _moves(position)

    def after(self, position: str, action: str) -> str:
        """Return the position after White's move and Black's longest defence."""
        return _after(position, action)

    def distance(self, position: str) -> int | None:
        """Return White's moves to mate, or None if White can't win."""
        return _distance(position)

    def distance_after(self, position: str, action: str) -> int | None:
        """Return the distance after the longest defence, from the table for Black to move."""
        return _distance_after(position, action)

    def extra(self, distance: int | None) -> Mapping[str, Json]:
        """Return the distance to mate in moves before this turn."""
        return {"distance": distance, "mate_in": distance}

    def instructions(self) -> str:
        how = "as the squares from and to, such as e2e4" if self._is_renamed else "such as Qd4 or Kc3"
        german_how = "mit Feld von und Feld nach, wie e2e4" if self._is_renamed else "wie Qd4 oder Kc3"
        fuller_how = f"in algebraic notation, such as {_EXAMPLES[self.material]}"
        if self._is_renamed:
            promotion = ", or e7e8q for a promotion" if self.material == "KPK" else ""
            fuller_how = f"as the square from which you move and the square to which you move, such as e2e4{promotion}"
        return self._choose_text(
            v1="You play White in a chess endgame and must checkmate as fast as possible. Avoid stalemate and do not "
            f"lose your piece. Write moves {how}.",
            v2="You are playing White in a chess endgame, by the usual rules of chess. Black has only a king. Your "
            "task is to checkmate Black in as few moves as possible, against the best defence. If Black is "
            "stalemated, or takes your last piece beside the king, you can't win any more. Write a move "
            f"{fuller_how}.",
            german="Du spielst Weiß in einem Schachendspiel und sollst so schnell wie möglich matt setzen. Vermeide "
            f"Patt und Figurenverlust. Schreibe Züge {german_how}.",
        )

    def answer_example(self) -> str:
        return "MOVE"

    def describe(self, seed: int, position: str) -> str:
        sides = f"{self._list_men(seed, position, chess.WHITE)} {self._list_men(seed, position, chess.BLACK)}"
        if not self.legal_moves:
            return sides
        label = self._choose_text(v1="Legal moves", v2="Your legal moves are", german="Legale Züge")
        legal = ", ".join(self.format_action(seed, position, move) for move in self.moves(position))
        return f"{sides}\n{label}: {legal}."

    def _list_men(self, seed: int, position: str, color: chess.Color) -> str:
        """Return the men of one side as a sentence."""
        board = self._mirror_board(chess.Board(position))
        names = self._names(seed)
        men = [
            (names[NAMES[_TYPES.index(kind)]], chess.square_name(square))
            for kind in _TYPES
            for square in board.pieces(kind, color)
        ]
        listed = ", ".join(f"{name} {square}" for name, square in men)
        side, german_side = ("White", "Weiß") if color else ("Black", "Schwarz")
        return self._choose_text(
            v1=f"{side}: {listed}.",
            v2=f"{side} has {' and '.join(f'the {name} on {square}' for name, square in men)}.",
            german=f"{german_side}: {listed}.",
        )

    def observe(self, state: Situation[str]) -> str:
        """Return the position, or the square of Black's king, which the history can't imply."""
        if self.restate == "state" or not state.last:
            return self.pose(state)
        king = self._mirror_board(chess.Board(state.position)).king(chess.BLACK)
        square = chess.square_name(king) if king is not None else "?"
        english = f"Black's king is now on {square}."
        king_text = self._choose_text(v1=english, v2=english, german=f"Der schwarze König steht jetzt auf {square}.")
        return with_distractor(self.shift, state.seed, state.played, f"{king_text}\n{self._question()}")

    def format_action(self, seed: int, position: str, action: str) -> str:
        move = self._mirror_move(chess.Move.from_uci(action))
        if read_shift(self.shift) & {"notation", "names"}:
            return move.uci()
        return self._mirror_board(chess.Board(position)).san(move)

    def parse_action(self, seed: int, position: str, text: str) -> str | None:
        board = self._mirror_board(chess.Board(position))
        parsed = read_move(board, text)
        if parsed.status == "legal" and parsed.move is not None:
            return self._mirror_move(chess.Move.from_uci(parsed.move)).uci()
        return parsed.move.replace(";", ",") if parsed.status == "illegal" and parsed.move is not None else None

    def write(self, position: str) -> str:
        return position

    def read(self, text: str) -> str:
        board = board_of(text)
        if chess.popcount(board.occupied) > 3:
            raise UsageError(f"'{text}' is not an endgame of three men: give one with two kings and a piece of White")
        return board.fen()

    def _mirror_board(self, board: chess.Board) -> chess.Board:
        return board.transform(chess.flip_horizontal) if "mirror" in read_shift(self.shift) else board

    def _mirror_move(self, move: chess.Move) -> chess.Move:
        if "mirror" not in read_shift(self.shift):
            return move
        return chess.Move(move.from_square ^ 7, move.to_square ^ 7, move.promotion)

    def _names(self, seed: int) -> dict[str, str]:
        if "names" in read_shift(self.shift):
            return display_names("names", seed, "piece", NAMES)
        return dict(zip(NAMES, _GERMAN if language(self.shift) == "german" else NAMES, strict=True))


ENVIRONMENT = Endgame


@lru_cache(maxsize=1 << 14)
def _moves(position: str) -> tuple[str, ...]:
    board = chess.Board(position)
    return tuple(sorted(move.uci() for move in board.legal_moves)) if board.turn else ()


@lru_cache(maxsize=1 << 16)
def _after(position: str, action: str) -> str:
    board = chess.Board(position)
    board.push_uci(action)
    best, longest = None, -1.0
    for reply in board.legal_moves:
        board.push(reply)
        plies = float("inf") if board.is_insufficient_material() else plies_to_mate(board) or float("inf")
        board.pop()
        # Ties go to the first in python-chess's order, which is fixed.
        if plies > longest:
            best, longest = reply, plies
    if best is not None:
        board.push(best)
    # Counters are reset: the tables ignore the fifty-move rule, and equal positions must have equal texts.
    board.halfmove_clock, board.fullmove_number = 0, 1
    return board.fen()


@lru_cache(maxsize=1 << 16)
def _distance(position: str) -> int | None:
    board = chess.Board(position)
    if not board.turn:
        return 0 if board.is_checkmate() else None
    if board.is_insufficient_material():
        return None
    plies = plies_to_mate(board)
    return (plies + 1) // 2 if plies > 0 else None


@lru_cache(maxsize=1 << 16)
def _distance_after(position: str, action: str) -> int | None:
    board = chess.Board(position)
    board.push_uci(action)
    if board.is_checkmate():
        return 0
    if board.is_insufficient_material():
        return None
    plies = plies_to_mate(board)
    return -plies // 2 if plies < 0 else None
