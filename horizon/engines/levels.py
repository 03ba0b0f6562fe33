"""Playing strength as a seeded choice among scored moves; Stockfish's own levels are not reproducible."""

import math

from horizon.core.records import Scores
from horizon.core.seeds import generator
from horizon.engines.win_probability import losses


def choose_move(scores: Scores, temperature: float, seed: int) -> str:
    """Return the best move at temperature 0, else one drawn by seed with weights exp(-loss / temperature).

    `temperature` is in units of win probability: at 0.1, a move with loss 0.1 is e times rarer than the best one.
    """
    lost = losses(scores)
    if temperature == 0:
        return next(iter(scores.actions))
    weights = [math.exp(-loss / temperature) for loss in lost.values()]
    return generator(seed, "uci level").choices(list(lost), weights)[0]
