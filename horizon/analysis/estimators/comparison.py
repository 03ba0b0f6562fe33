"""Models against each other: differences of error rate and focus gap, paired on instances that both played.

Every pair of models in every setting; with many pairs some differ by chance, so that corrected figures stand beside.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from horizon.analysis.chart import Chart, named_series, points_of
from horizon.analysis.pairing import by_instance, error_sums, gap_sums, p_value, paired
from horizon.analysis.stats.intervals import LEVEL, Floats, Interval, holm, ratio, welch_freedom
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = "difference over instances that both played, jackknife over instances, Student's t"
UNPAIRED = "difference over each one's own instances, jackknife over episodes, Welch's t"


@dataclass(frozen=True, slots=True)
class Compared:
    """A difference before correction: its standard error, degrees of freedom, counts, and where it stands."""

    difference: float
    error: float
    freedom: float
    n_episodes: int
    n_turns: int
    method: str
    at: dict[str, Json]

    @property
    def p(self) -> float:
        """The two-sided p value of no difference, 0..1."""
        return p_value(self.difference, self.error, self.freedom)

    def reach(self, level: float) -> float:
        """Return half the width of the interval at a level."""
        return float(stats.t.ppf((1 + level) / 2, self.freedom)) * self.error


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `comparison`, a list over settings, pairs of models and figures; empty with one model.

    `at` holds `setting`, the two `models`, the `figure` (error rate or focus gap), the `p` value of no difference,
    `p_holm`, and `low_corrected` and `high_corrected`, Bonferroni's interval over all pairs of the figure.
    """
    facts = table.episodes
    settings = list(zip(facts.environment, facts.parameters, facts.opponent, strict=True))
    found: dict[str, list[Compared]] = {"error rate": [], "focus gap": []}
    for setting in sorted(set(settings), key=str):
        part = table.choose(np.array([each == setting for each in settings]))
        named = " ".join(str(each) for each in setting if each not in (None, "{}"))
        for one, other in combinations(part.values("model"), 2):
            for figure, sums in (("error rate", error_sums), ("focus gap", gap_sums)):
                at: dict[str, Json] = {"setting": named, "models": f"{one} - {other}", "figure": figure}
                compared = _compared(part, one, other, sums, at)
                if compared is not None:
                    found[figure].append(compared)
    return {"comparison": [each for family in found.values() for each in _corrected(family)]}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the differences between models."""
    points = points_of(estimates, "comparison")
    names = [f"{point.at['models']}, {point.at['setting']}, {point.at['figure']}" for point in points]
    said = "Differences between models, paired on the same instances; the tables hold the corrected intervals."
    series = named_series(points, names)
    return [Chart("comparison", "Differences between models", said, "", "difference", "dot", series, rank=210)]


def _compared(
    table: TurnTable,
    one: str | None,
    other: str | None,
    sums_of: Callable[[TurnTable], Floats],
    at: dict[str, Json],
) -> Compared | None:
    """Return the difference of two models, paired where at least 3 instances agree; null where one has no turns."""
    sums, seeds = sums_of(table), table.episodes.seed
    whose = [np.array([each == model for each in table.episodes.model]) for model in (one, other)]
    by_seed = [by_instance(sums * own[:, None], seeds) for own in whose]
    pairs = paired(*by_seed)
    if pairs is not None:
        left_out = f"; {pairs.n_left_out} episodes without a partner left out" if pairs.n_left_out else ""
        method = f"{METHOD}{left_out}"
        return Compared(pairs.difference, pairs.error, pairs.n_pairs - 1, pairs.n_pairs, pairs.n_turns, method, at)
    parts = [np.array(list(each.values())) for each in by_seed]
    if any(len(part) < 2 for part in parts):
        return None
    first, second = (ratio(part[:, 0], part[:, 1]) for part in parts)
    n_episodes, n_turns = sum(len(part) for part in parts), int(sum(part[:, 2].sum() for part in parts))
    freedom = welch_freedom((first, second), [len(part) for part in parts])
    error = math.hypot(first.error, second.error)
    return Compared(first.estimate - second.estimate, error, freedom, n_episodes, n_turns, UNPAIRED, at)


def _corrected(family: Sequence[Compared]) -> list[Estimate]:
    """Return the estimates of a family of comparisons, each with its corrected figures."""
    found = []
    for each, p_holm in zip(family, holm([each.p for each in family]), strict=True):
        reach, wide = each.reach(LEVEL), each.reach(1 - (1 - LEVEL) / len(family))
        at = {
            **each.at,
            "p": each.p,
            "p_holm": p_holm,
            "low_corrected": each.difference - wide,
            "high_corrected": each.difference + wide,
        }
        found.append(
            Interval(each.difference, each.difference - reach, each.difference + reach, each.error).as_estimate(
                each.n_episodes, each.n_turns, each.method, at=at
            )
        )
    return found
