"""Which moves of a puzzle's position are right, and what each loses: by its solution, points and scores.

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
    """The legal moves that are wrong, and each legal move's loss in 0..1.

    `by` is what the losses come from: `points`, `engine` or `line`; null where nothing is known, and losses are none.
    """

    by: str | None = None
    wrong: frozenset[str] = frozenset()
    losses: Mapping[str, float] = field(default_factory=dict)


def solution(puzzle: Puzzle, ply: int) -> str | None:
    """Return the line's move after so many plies of it, if there is one."""
    return puzzle.moves[ply] if ply < len(puzzle.moves) else None


def turns_left(puzzle: Puzzle, ply: int) -> int:
    """Return how many moves the solver still makes after so many plies, this one included; 1 at the end, too."""
    return max(1, puzzle.turns - ply // 2)


def grade(puzzle: Puzzle, ply: int, position: Position, scores: Scores | None, margin: float) -> Graded:
    """Return what is right after so many plies of the line; scores are those of the position, or null.

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
        losses = {each: round(1.0 - worth.get(each, 0.0), 9) for each in position.legal}
        short = frozenset(each for each, loss in losses.items() if loss > margin)
        return Graded("points", (short - known) | avoid, losses)
    if own is None:
        return _without_solution(position, avoid, lost, margin)
    if scores is not None and puzzle.goal == "mate":
        left = turns_left(puzzle, ply)
        known |= {each for each, score in scores.actions.items() if 0 < (score.mate or 0) <= left} - avoid
    elif lost is not None and lost[own] <= margin:
        # Only an engine that sees the solution can tell what is as good.
        sure = dict.fromkeys(known, 0.0) | dict.fromkeys(avoid & frozenset(lost), 1.0)
        known |= {each for each, loss in lost.items() if loss <= margin} - avoid
        return Graded("engine", frozenset(lost) - known, lost | sure)
    return _by_line(position, frozenset(position.legal) - known)


def _without_solution(
    position: Position, avoid: frozenset[str], lost: Mapping[str, float] | None, margin: float
) -> Graded:
    """Return what is right where only moves to avoid are known, or nothing is."""
    if avoid:
        return _by_line(position, avoid & frozenset(position.legal))
    if lost is None:
        return Graded()
    return Graded("engine", frozenset(each for each, loss in lost.items() if loss > margin), lost)


def _by_line(position: Position, wrong: frozenset[str]) -> Graded:
    return Graded("line", wrong, {each: float(each in wrong) for each in position.legal})


def _mating(position: Position) -> frozenset[str]:
    """Return the moves that mate at once."""
    board = position.board
    checks = [uci for uci, move in position.moves.items() if board.gives_check(move)]
    return frozenset(uci for uci in checks if position.after(position.moves[uci]).ending == "checkmate")
