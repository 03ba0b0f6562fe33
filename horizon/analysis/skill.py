"""Skill: how much of the loss of a random mover the model avoids, 1 for perfect play and 0 for random play."""

import numpy as np

from horizon.bootstrap import episode_sums
from horizon.estimate import Estimate
from horizon.intervals import Interval, missing, ratio
from horizon.turn_table import TurnTable

NAME = "skill"
METHOD = "1 - sum of loss / sum of random loss over graded turns, jackknife over episodes, Student's t"


def estimate(table: TurnTable, condition: str = "natural") -> Estimate:
    """Return 1 - sum(loss) / sum(random_loss) over the turns where both are known; below 0 is worse than random.

    Source: a skill score with random play as the reference forecast, Murphy (1988), Skill scores based on the mean
    square error, Monthly Weather Review 116, eq. 1.
    """
    sample = table.sample(condition)
    at = {"condition": condition}
    if sample is None:
        return missing(f"condition {condition} was not played", METHOD, at)
    graded = sample.take(~(np.isnan(sample.loss) | np.isnan(sample.random_loss)))
    if not graded.n_turns:
        return missing("no turn has both a loss and the random mover's loss", METHOD, at)
    if not graded.random_loss.any():
        return missing("no action of any state loses anything, so skill is not defined", METHOD, at)
    losses = episode_sums(graded.cluster, graded.loss, table.n_episodes)
    random_losses = episode_sums(graded.cluster, graded.random_loss, table.n_episodes)
    given = ratio(losses, random_losses)
    ungraded = sample.n_turns - graded.n_turns
    note = f"{ungraded} of {sample.n_turns} turns were not graded and are left out" if ungraded else None
    skill = Interval(1 - given.estimate, 1 - given.high, 1 - given.low, given.error)
    return skill.as_estimate(graded.n_episodes, graded.n_turns, METHOD, note, at)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `skill` (natural) and `skill_by_condition`."""
    return {
        "skill": estimate(table),
        "skill_by_condition": [estimate(table, condition) for condition in table.conditions],
    }
