"""A puzzle: a position, the moves that solve it, and its metadata. Knows no file, engine or environment.

Read from files by `loader`, made by `maker`, played by the environment `puzzle`.
"""

from dataclasses import dataclass
from typing import Literal

Goal = Literal["mate", "win", "hold", "best"]
"""The task: mate in the line's length, win by a clear margin, avoid losing, or the best move (EPD suites)."""


@dataclass(frozen=True, slots=True)
class Puzzle:
    """One puzzle; the solver is to move in `fen`. The position is orthodox; moves are in UCI.

    `moves` is the solution: the solver's move, the forced reply, the solver's next move, and so on; it ends with a
    move of the solver, so that its length is odd and `(len(moves) + 1) // 2` turns are played. It is empty if at most
    `avoid` is known: a position to play from, whose move the engine alone judges. `also` holds other correct first
    moves (EPD `bm` with several), `avoid` wrong ones (`am`). `points` are graded
    first moves (STS), each with 0..1 of the full points; others have 0. `rating` is the file's own
    difficulty (larger is harder): Elo in Lichess files, log2 of nodes in generated packs.
    `name` is unique in its pack.
    """

    name: str
    fen: str
    moves: tuple[str, ...]
    goal: Goal = "best"
    themes: tuple[str, ...] = ()
    rating: float | None = None
    also: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    points: tuple[tuple[str, float], ...] = ()

    @property
    def turns(self) -> int:
        """The number of moves that the solver makes."""
        return max(1, (len(self.moves) + 1) // 2)
