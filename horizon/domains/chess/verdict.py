"""What an engine's scores of a chess position say of a move: what it loses, what was best, how White stands.

Pure: scores in, verdicts out. Knows positions and records; no engine, no environment.
"""

from collections.abc import Mapping
from dataclasses import replace

import chess

from horizon.core.errors import ContractError
from horizon.core.records import Json, Score, Scores, Verdict
from horizon.domains.chess.position import Position


def best_move(scores: Scores) -> str:
    """Return the action of the highest win probability; of equal ones the engine's first."""
    return max(scores.actions, key=lambda each: scores.actions[each].win)


def losses(position: Position, scores: Scores) -> dict[str, float]:
    """Return what each legal move loses of the best one's win probability, in 0..1.

    Raises:
        ContractError: a legal move has no score.
    """
    missing = [each for each in position.legal if each not in scores.actions]
    if missing:
        raise ContractError(f"the engine's scores of {position.fen} lack the legal move {missing[0]}")
    best = scores.actions[best_move(scores)].win
    return {each: max(0.0, best - scores.actions[each].win) for each in position.legal}


def counted(position: Position) -> dict[str, Json]:
    """Return what tells the phase and the balance of a position, as `counted_board`."""
    return counted_board(position.board)


def counted_board(board: chess.Board) -> dict[str, Json]:
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
    """Return White's view of the position after a move, in centipawns or moves to mate; nothing after a mate."""
    sign = 1 if mover == chess.WHITE else -1
    if score.centipawns is not None:
        return {f"{name}_cp": sign * score.centipawns}
    if score.mate is None:
        return {}
    # The mover's mate in n counts this move; the mate against him begins after it.
    left = score.mate - 1 if score.mate > 0 else score.mate
    return {f"{name}_mate": sign * left} if left else {}


def verdict_of(
    position: Position, action: str | None, scores: Scores | None, wrong_loss: float, told: Mapping[str, Json]
) -> Verdict:
    """Judge a move of a game by the win probability that it gives away; without scores only its legality.

    `told` is what `extra` says of the position besides the engine's evaluations.

    Raises:
        ContractError: a legal move has no score.
    """
    legal, extra = position.legal, dict(told)
    if action is not None and action not in legal:
        return replace(verdict_of(position, None, scores, wrong_loss, told), error="illegal")
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
