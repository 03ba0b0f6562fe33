"""What an engine's scores of a chess position say of a move: what it loses, what was best, how White stands.

Pure: scores in, numbers out. Knows positions and records; no engine, no environment.
"""

import chess

from horizon.chess_position import Position
from horizon.errors import ContractError
from horizon.records import Json, Score, Scores


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
    """Return what tells the phase of the game: the men on the board, and the plies since its first move."""
    return {"men": chess.popcount(position.board.occupied), "ply": position.board.ply()}


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
