"""The correct moves of a puzzle's position and the loss of each move, by its solution, points and scores.

Pure; knows puzzles, positions and scores as records, no engine and no environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from horizon.core.records import Scores
from horizon.domains.chess import verdict as chess_verdict
from horizon.domains.chess.position import Position
from horizon.domains.puzzles.puzzle import Puzzle


@dataclass(frozen=True, slots=True)
class Graded:
    """The wrong legal moves, and each legal move's loss in 0..1.

    `by` is the source of the losses: `points`, `engine` or `line`; None without any, and `losses` is empty.
    """

    by: str | None = None
    wrong: frozenset[str] = frozenset()
    losses: Mapping[str, float] = field(default_factory=dict)


def solution(puzzle: Puzzle, ply: int) -> str | None:
    """Return the line's move at a ply, if there is one."""
    return puzzle.moves[ply] if ply < len(puzzle.moves) else None


def turns_left(puzzle: Puzzle, ply: int) -> int:
    """Return the number of the solver's moves from a ply on; at least 1."""
    return max(1, puzzle.turns - ply // 2)


def grade(puzzle: Puzzle, ply: int, position: Position, scores: Scores | None, margin: float) -> Graded:
    """Return the graded moves at a ply of the line; `scores` are those of the position, or None.

    Raises:
        ContractError: a legal move has no score.
    """
    own = solution(puzzle, ply)
    lost = chess_verdict.losses(position, scores) if scores is not None and position.legal else None
    is_first = ply == 0
    avoid = frozenset(puzzle.avoid) if is_first else frozenset()
    known = frozenset(filter(None, (own, *(puzzle.also if is_first else ())))) | _mating(position)
    known -= avoid
    if is_first and puzzle.points:
        worth = dict(puzzle.points)
        # Rounded, so that 7 of 10 points lose 0.3 and not a little more.
        losses = {move: round(1.0 - worth.get(move, 0.0), 9) for move in position.legal}
        short = frozenset(move for move, loss in losses.items() if loss > margin)
        return Graded("points", (short - known) | avoid, losses)
    if own is None:
        return _without_solution(position, avoid, lost, margin)
    if scores is not None and puzzle.goal == "mate":
        left = turns_left(puzzle, ply)
        known |= {move for move, score in scores.actions.items() if 0 < (score.mate or 0) <= left} - avoid
    elif lost is not None and lost[own] <= margin:
        # Only an engine that sees the solution can confirm alternatives.
        sure = dict.fromkeys(known, 0.0) | dict.fromkeys(avoid & frozenset(lost), 1.0)
        known |= {move for move, loss in lost.items() if loss <= margin} - avoid
        return Graded("engine", frozenset(lost) - known, lost | sure)
    return _by_line(position, frozenset(position.legal) - known)


def _without_solution(
    position: Position, avoid: frozenset[str], lost: Mapping[str, float] | None, margin: float
) -> Graded:
    """Return the graded moves of a position without a solution."""
    if avoid:
        return _by_line(position, avoid & frozenset(position.legal))
    if lost is None:
        return Graded()
    return Graded("engine", frozenset(move for move, loss in lost.items() if loss > margin), lost)


def _by_line(position: Position, wrong: frozenset[str]) -> Graded:
    return Graded("line", wrong, {move: float(move in wrong) for move in position.legal})


def _mating(position: Position) -> frozenset[str]:
    """Return the moves that give checkmate."""
    board = position.board
    checks = [uci for uci, move in position.moves.items() if board.gives_check(move)]
    return frozenset(uci for uci in checks if position.after(position.moves[uci]).ending == "checkmate")
