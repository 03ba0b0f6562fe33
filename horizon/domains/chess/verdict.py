"""Judging of chess moves by an engine's scores: the loss of a move, the best move, the evaluation for White.

Pure: scores in, verdicts out. Knows positions and records; no engine, no environment.
"""

from collections.abc import Mapping
from dataclasses import replace

import chess

from horizon.core.errors import ContractError
from horizon.core.records import Json, Score, Scores, Verdict
from horizon.domains.chess.position import Position


def best_move(scores: Scores) -> str:
    """Return the action with the highest win probability; of equal ones the engine's first."""
    return max(scores.actions, key=lambda action: scores.actions[action].win)


def losses(position: Position, scores: Scores) -> dict[str, float]:
    """Return the win probability that each legal move loses against the best one, in 0..1.

    Raises:
        ContractError: a legal move has no score.
    """
    missing = [action for action in position.legal if action not in scores.actions]
    if missing:
        raise ContractError(f"the engine's scores of {position.fen} lack the legal move {missing[0]}: score all moves")
    best = scores.actions[best_move(scores)].win
    return {action: max(0.0, best - scores.actions[action].win) for action in position.legal}


def phase_counts(position: Position) -> dict[str, Json]:
    """Return the phase and the balance of a position for `extra`, as `count_men`."""
    return count_men(position.board)


def count_men(board: chess.Board) -> dict[str, Json]:
    """Return counts of a position, for the side to move.

    `men` on the board, `pieces` of them (no kings, no pawns), the `ply` since the game's first move, `material` in
    pawns (1, 3, 3, 5, 9) that the side to move is ahead, `check` 1 where it is in check.
    """
    own, other = board.occupied_co[board.turn], board.occupied_co[not board.turn]
    kinds = (board.pawns, board.knights | board.bishops, board.rooks, board.queens)
    ahead = sum(
        worth * ((men & own).bit_count() - (men & other).bit_count())
        for men, worth in zip(kinds, (1, 3, 5, 9), strict=True)
    )
    pieces = board.occupied & ~board.pawns & ~board.kings
    return {
        "men": board.occupied.bit_count(),
        "ply": board.ply(),
        "pieces": pieces.bit_count(),
        "material": ahead,
        "check": int(board.is_check()),
    }


def evaluation(name: str, score: Score, mover: chess.Color) -> dict[str, Json]:
    """Return the evaluation after a move from White's side, in centipawns or moves to mate; empty after a mate."""
    sign = 1 if mover == chess.WHITE else -1
    if score.centipawns is not None:
        return {f"{name}_cp": sign * score.centipawns}
    if score.mate is None:
        return {}
    # The mover's mate in n counts this move; a mate against the mover does not.
    left = score.mate - 1 if score.mate > 0 else score.mate
    return {f"{name}_mate": sign * left} if left else {}


def verdict_of(
    position: Position,
    action: str | None,
    scores: Scores | None,
    wrong_loss: float,
    position_extra: Mapping[str, Json],
) -> Verdict:
    """Judge a move of a game by the win probability that it gives away; without scores only its legality.

    `position_extra` holds the entries of `extra` other than the engine's evaluations.

    Raises:
        ContractError: a legal move has no score.
    """
    legal, extra = position.legal, dict(position_extra)
    if action is not None and action not in legal:
        return replace(verdict_of(position, None, scores, wrong_loss, position_extra), error="illegal")
    if scores is None or not legal:
        return Verdict("no_answer" if action is None else "none", extra=extra)
    lost = losses(position, scores)
    best, mover = best_move(scores), position.board.turn
    random_loss = sum(lost.values()) / len(lost)
    extra |= evaluation("best", scores.actions[best], mover)
    if action is None:
        return Verdict("no_answer", None, random_loss, best, extra)
    extra |= evaluation("eval", scores.actions[action], mover)
    loss = lost[action]
    # Even where every loss counts as wrong, the best move loses nothing.
    is_wrong = loss > 0.0 and loss >= wrong_loss
    return Verdict("wrong" if is_wrong else "none", loss, random_loss, best, extra)
