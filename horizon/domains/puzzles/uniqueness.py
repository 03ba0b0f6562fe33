"""The rule that makes a position a puzzle: a single move that wins, or holds, by a clear margin in an engine's scores.

The rule, in win probability of the solver (0..1), at every turn of the solver: there are at least two legal moves, and
the best is ahead of the second best by MARGIN. In a puzzle to win the best is worth WINNING or more; in one to
hold it is level and every other move loses. A mate counts as 1, so that of a puzzle to mate no other move
wins clearly, whether by a slower mate or otherwise. Knows engines through one method; no files, no games.
"""

from dataclasses import dataclass
from typing import Protocol

import chess

from horizon.core.records import Json, Scores
from horizon.domains.chess.position import Position
from horizon.domains.puzzles.puzzle import Goal, Puzzle

MARGIN = 0.25
"""The required lead over the second best move, in win probability."""
SURE_MARGIN = 0.3
"""The required lead in the final search: leads that shrink with the nodes are rejected."""
KEPT_MARGIN = 0.15
"""The required lead when a finished puzzle is re-verified: still more than the loss that makes a move wrong."""
WINNING = 0.75
"""Some 300 centipawns, by lichess's curve."""
LOSING = 0.25
LEVEL = (0.4, 0.65)
MOST_TURNS = 4
"""The solver's moves in the longest puzzle, and the longest mate."""


class EngineScorer(Protocol):
    """Scores positions: an `engines.Engine`."""

    def score(self, position: str, nodes: int, lines: int | None = None) -> Scores:
        """Return scores of the best `lines` moves, best first."""
        ...


@dataclass(frozen=True, slots=True)
class OnlyMove:
    """The only good move of a position; `mate` is its distance to mate, if any, `gap` its lead over the next."""

    move: str
    goal: Goal
    mate: int | None
    gap: float

    def serves(self, goal: Goal) -> bool:
        """Return whether the move continues a line to this goal: a mate also continues a win."""
        return self.goal == goal or (self.goal == "mate" and goal == "win")


@dataclass(frozen=True, slots=True)
class Solution:
    """A line that satisfies the rule at every turn of the solver; `gaps` are the leads of its moves, in order."""

    moves: tuple[str, ...]
    goal: Goal
    gaps: tuple[float, ...]

    @property
    def turns(self) -> int:
        """The number of moves that the solver makes."""
        return len(self.gaps)

    def common_line(self, other: "Solution") -> "Solution | None":
        """Return the common prefix with the line of another search, or None; a mate must be equal in full."""
        if self.goal != other.goal or (self.goal == "mate" and self.moves != other.moves):
            return None
        same = 0
        for mine, its in zip(self.moves, other.moves, strict=False):
            if mine != its:
                break
            same += 1
        turns = (same + 1) // 2
        return Solution(self.moves[: 2 * turns - 1], self.goal, self.gaps[:turns]) if turns else None


def rule() -> dict[str, Json]:
    """Return the thresholds of the rule, for the recipe of a pack."""
    return {
        "margin": MARGIN,
        "sure_margin": SURE_MARGIN,
        "kept_margin": KEPT_MARGIN,
        "winning": WINNING,
        "level": list(LEVEL),
        "losing": LOSING,
        "most_turns": MOST_TURNS,
    }


def only_move(scores: Scores, margin: float = MARGIN) -> OnlyMove | None:
    """Return the only move that wins or holds; None if there is none, or only one legal move. Pure."""
    ranked = list(scores.actions.items())[:2]
    if len(ranked) < 2:
        return None
    (move, best), (_, second) = ranked
    gap = best.win - second.win
    if gap < margin:
        return None
    if best.mate is not None and 0 < best.mate <= MOST_TURNS:
        return OnlyMove(move, "mate", best.mate, gap)
    if best.win >= WINNING:
        return OnlyMove(move, "win", None, gap)
    if LEVEL[0] <= best.win <= LEVEL[1] and second.win <= LOSING:
        return OnlyMove(move, "hold", None, gap)
    return None


def solve(engine: EngineScorer, fen: str, nodes: int) -> Solution | None:
    """Return the longest line from a position that satisfies the rule, or None if its first move does not.

    The opponent's replies are the engine's best. A line to mate must end in the mate, in the number of moves of its
    first score; a line to win or hold ends before the first turn without a single good move.
    Cost: two searches of these nodes per turn.
    """
    board = chess.Board(fen)
    moves: list[str] = []
    goal: Goal | None = None
    gaps: list[float] = []
    distance = 0
    for turn in range(MOST_TURNS):
        only = only_move(engine.score(board.fen(), nodes, lines=2))
        if only is None:
            break
        if goal is None:
            goal, distance = only.goal, only.mate or 0
        if not (only.mate == distance - turn if goal == "mate" else only.serves(goal)):
            break
        moves.append(only.move)
        gaps.append(only.gap)
        board.push_uci(only.move)
        if turn + 1 == MOST_TURNS or Position(board).ending:
            break
        reply = next(iter(engine.score(board.fen(), nodes, lines=1).actions))
        board.push_uci(reply)
        if Position(board).ending:
            break
        moves.append(reply)
    # Drop a reply after the solver's last move.
    moves = moves[: 2 * len(gaps) - 1]
    if goal is None or not gaps:
        return None
    # Reject a mate that the first search did not report, or that is longer.
    if board.is_checkmate() != (goal == "mate") or (goal == "mate" and len(moves) != 2 * distance - 1):
        return None
    return Solution(tuple(moves), goal, tuple(gaps))


def keeps_solution(engine: EngineScorer, puzzle: Puzzle, nodes: int, margin: float = KEPT_MARGIN) -> str | None:
    """Return None if every move of the solution is still the only good one at these nodes, else the reason.

    If the goal is `best`, the first move must be among the named ones; no lead is required.
    """
    board = chess.Board(puzzle.fen)
    for ply, move in enumerate(puzzle.moves):
        if ply % 2 == 0:
            scores = engine.score(board.fen(), nodes, lines=2).actions
            (best, first), *rest = scores.items()
            turn = ply // 2 + 1
            if best != move and not (puzzle.goal == "best" and ply == 0 and best in puzzle.also):
                return f"turn {turn}: {best} is better than {move}"
            gap = first.win - rest[0][1].win if rest else 1.0
            if puzzle.goal != "best" and gap < margin:
                return f"turn {turn}: {rest[0][0]} is only {gap:.2f} behind {move}"
            if puzzle.goal == "mate" and first.mate != puzzle.turns - ply // 2:
                return f"turn {turn}: {move} mates in {first.mate}, not in {puzzle.turns - ply // 2}"
        board.push_uci(move)
    return None
