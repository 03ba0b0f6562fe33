"""From an engine's centipawns and mates to win probabilities in 0..1, and from those to losses. Pure."""

import math

from horizon.core.records import Score, Scores

SLOPE = 0.00368208
"""Log-odds of winning for each centipawn, fitted by lichess to its games of players rated 2300."""


def win_probability(centipawns: int) -> float:
    """Return the win probability, in 0..1, of the side that positive centipawns favour.

    Source: lichess, https://lichess.org/page/accuracy: Win% = 50 + 50 * (2 / (1 + exp(-0.00368208 * cp)) - 1).
    """
    return 1 / (1 + math.exp(-SLOPE * max(-100_000, min(100_000, centipawns))))


def make_score(centipawns: int | None = None, mate: int | None = None) -> Score:
    """Return a score from exactly one of centipawns and mate (in moves, negative when the mover gets mated).

    A mate has win probability 1 for the side that gives it. With `mate` 0 the mover is already checkmated.
    """
    if mate is not None:
        return Score(1.0 if mate > 0 else 0.0, None, mate)
    return Score(win_probability(centipawns or 0), centipawns, None)


def losses(scores: Scores) -> dict[str, float]:
    """Return the win probability that each action loses against the best one, in 0..1."""
    best = max((score.win for score in scores.actions.values()), default=0.0)
    return {action: best - score.win for action, score in scores.actions.items()}
