"""The result of `horizon power`: episodes needed to detect a gap, for each group of a pilot run. Prints nothing."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from horizon.analysis.analyze import groups_of
from horizon.analysis.power import Needed, episodes_needed, spread
from horizon.analysis.turn_table import TurnTable


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """How many episodes detect a gap, for one group (model and setting) of a pilot.

    `gap` is a difference of error rates (0.1 is 10 points); `power` is the probability to detect it, 0.5 to 0.999.
    The standard deviations are those of the paired difference between episodes and within them, in the pilot.
    """

    group: str
    contrast: str
    gap: float
    power: float
    pilot_episodes: int
    pilot_turns: int
    standard_deviation_between: float
    standard_deviation_within: float
    plans: tuple[Needed, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the object that `horizon power --json` prints."""
        return {**asdict(self), "plans": [asdict(plan) for plan in self.plans]}


def plan_power(table: TurnTable, gap: float, power: float, against: str) -> Iterator[PowerPlan]:
    """Yield the plan of each group in a table of pilot turns.

    Raises:
        UsageError: too small a pilot, or a gap or power out of range.
    """
    for labels, part in groups_of(table):
        pilot = spread(part, "natural", against)
        yield PowerPlan(
            group=" ".join(label for label in labels if label not in (None, "{}")),
            contrast=f"natural - {against}",
            gap=gap,
            power=power,
            pilot_episodes=pilot.n_episodes,
            pilot_turns=pilot.n_turns,
            standard_deviation_between=float(np.sqrt(pilot.between)),
            standard_deviation_within=float(np.sqrt(pilot.within)),
            plans=tuple(episodes_needed(pilot, gap, power)),
        )
