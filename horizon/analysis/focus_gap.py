"""The focus gap: on the same states, how much more often the model errs with its history than without.

Negative when the history helps, as when a small model learns the format from it; `foreign` tells that apart.
"""

import numpy as np

from horizon.bootstrap import episode_sums
from horizon.estimate import Estimate
from horizon.intervals import missing, ratio
from horizon.turn_table import TurnTable, same_states

NAME = "focus gap"
METHOD = "paired difference of error rates on the same states, jackknife over episodes, Student's t"


def estimate(table: TurnTable, minuend: str = "natural", subtrahend: str = "fresh") -> Estimate:
    """Return the error rate of one condition minus another's, over the states that both posed, in -1..1."""
    at = {"contrast": f"{minuend} - {subtrahend}"}
    one, other = table.sample(minuend), table.sample(subtrahend)
    if one is None or other is None:
        absent = minuend if one is None else subtrahend
        return missing(f"condition {absent} was not played: add --condition {absent}", METHOD, at)
    one, other = same_states([one, other])
    if not one.n_turns:
        return missing(f"{minuend} and {subtrahend} share no state", METHOD, at)
    differences = one.is_error.astype(float) - other.is_error.astype(float)
    sums = episode_sums(one.cluster, differences, table.n_episodes)
    counts = episode_sums(one.cluster, np.ones(one.n_turns), table.n_episodes)
    return ratio(sums, counts).as_estimate(one.n_episodes, one.n_turns, METHOD, at=at)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `focus_gap`, natural minus fresh."""
    return {"focus_gap": estimate(table)}
