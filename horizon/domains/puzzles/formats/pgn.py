"""PGN: a game with a FEN header is a puzzle that its main line solves; any other game gives positions to play from.

A game from the usual start gives every eighth position from ply 16 on: out of the book, and distinct. Its moves are
not a solution, since people err: such positions are judged by the engine alone. Variations and comments are skipped.
Only orthodox chess is supported.
"""

from collections.abc import Iterable, Iterator

import chess
import chess.pgn

from horizon.domains.chess.position import Position
from horizon.domains.puzzles.formats.fen import board_of, goal_of, solution
from horizon.domains.puzzles.formats.lines import BadRow, FileLine, bad_row
from horizon.domains.puzzles.puzzle import Puzzle

FIRST_PLY = 16
EVERY_PLIES = 8


class _GameBuilder(chess.pgn.GameBuilder[chess.pgn.Game]):
    """Builds a game and collects its errors without logging them."""

    def handle_error(self, error: Exception) -> None:
        self.game.errors.append(error)

    def begin_variation(self) -> None:
        if self.variation_stack[-1].parent is None:
            self.handle_error(ValueError("a variation starts before the first move"))
            self.variation_stack.append(self.variation_stack[-1])
        else:
            super().begin_variation()

    def end_variation(self) -> None:
        # python-chess pops its last node here, and raises IndexError at whatever follows.
        if len(self.variation_stack) == 1:
            self.handle_error(ValueError("a closing bracket without a variation"))
        else:
            super().end_variation()


class _LineReader:
    """A file object for python-chess; records the first line of a game and the problem of a line."""

    def __init__(self, lines: Iterable[FileLine]) -> None:
        self._lines = iter(lines)
        self.first: int | None = None
        self.problem = ""

    def readline(self) -> str:
        line = next(self._lines, None)
        if line is None:
            return ""
        if self.first is None and (line.text.strip() or line.problem):
            self.first = line.number
        self.problem = self.problem or line.problem
        # python-chess skips lines that start with %; an unreadable line is reported at the end of the game.
        return f"{line.text}\n" if not line.problem else "%\n"


def read(lines: Iterable[FileLine], stem: str) -> Iterator[Puzzle | BadRow]:
    """Yield puzzles and positions of a PGN file, named after the stem and the game's number; bad games by line."""
    handle, number = _LineReader(lines), 0
    while True:
        handle.first, handle.problem = None, ""
        game = chess.pgn.read_game(handle, Visitor=_GameBuilder)  # type: ignore[call-overload]
        if game is None:
            return
        number += 1
        try:
            if handle.problem:
                raise ValueError(handle.problem)
            yield from _puzzles(game, f"{stem}-{number}")
        except ValueError as problem:
            yield bad_row(handle.first or 1, problem)


def _puzzles(game: chess.pgn.Game, name: str) -> list[Puzzle]:
    if game.errors:
        raise ValueError(str(game.errors[0]))
    variant = game.headers.get("Variant", "Standard")
    if variant.lower() not in ("standard", "chess", "from position", "normal"):
        raise ValueError(f"variant {variant} is not orthodox chess")
    moves = [move.uci() for move in game.mainline_moves()]
    fen = game.headers.get("FEN")
    if fen is None or " ".join(fen.split()[:4]) == " ".join(chess.STARTING_FEN.split()[:4]):
        return _positions(moves, name)
    if not moves:
        raise ValueError("the game has a FEN header, but no move that can be read as its solution")
    board = board_of(fen)
    solved, is_mate = solution(board, moves)
    return [Puzzle(name, board.fen(), solved, goal_of(is_mate, "best"))]


def _positions(moves: list[str], name: str) -> list[Puzzle]:
    board, puzzles = chess.Board(), []
    for ply, move in enumerate(moves, 1):
        board.push_uci(move)
        if ply >= FIRST_PLY and (ply - FIRST_PLY) % EVERY_PLIES == 0 and not Position(board).ending:
            puzzles.append(Puzzle(f"{name}-ply{ply}", board.fen(), ()))
    if not puzzles:
        raise ValueError(f"a game of {len(moves)} plies without a FEN header gives no position: the first is ply 16")
    return puzzles
