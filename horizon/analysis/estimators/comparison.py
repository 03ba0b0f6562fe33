"""Models against each other: differences of error rate and focus gap, paired on instances that both played.

Every pair of models in every setting. With many pairs some differ by chance, so each estimate also has corrected
figures.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from horizon.analysis.chart import Chart, named_series, points_of
from horizon.analysis.pairing import ERRORS, GAPS, Paired, by_instance, error_sums, gap_sums, paired_difference
from horizon.analysis.run_plans import differences, plans_of
from horizon.analysis.stats.intervals import (
    LEVEL,
    SIGNS,
    Floats,
    Floor,
    Spread,
    equal_episodes,
    holm,
    quantile,
    spread,
    welch_freedom,
)
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = (
    "difference over instances that both played, jackknife over instances, Student's t, made-up pairs as in Bonett & "
    "Price"
)
UNPAIRED = "difference over each one's own instances, jackknife over episodes, Welch's t, made-up turns as in Agresti"
_RATES = Floor(0.0, 1.0, ((1.0, 1.0), (0.0, 1.0)))
"""For an unpaired rate: one incorrect and one correct turn, Agresti & Caffo (2000), The American Statistician 54."""
NO_EFFECT: Mapping[str, float] = {"comparison": 0.0}


@dataclass(frozen=True, slots=True)
class Compared:
    """A difference before correction: its spread, counts, method, and position (`at`)."""

    spread: Spread
    n_episodes: int
    n_turns: int
    method: str
    at: dict[str, Json]


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `comparison`, a list over settings, pairs of models and figures; empty with one model.

    `at` holds `setting`, the two `models`, the `figure` (error rate or focus gap), the `p` value of no difference,
    `p_holm`, and `low_corrected` and `high_corrected`, Bonferroni's interval over all pairs of the figure.
    """
    facts = table.episodes
    plans = plans_of(facts.plan, table.n_episodes)
    differs_in = differences(plans)
    settings = list(
        zip(
            facts.environment,
            facts.parameters,
            facts.opponent,
            plans,
            (differs_in[plan] for plan in plans),
            strict=True,
        )
    )
    families: dict[str, list[Compared]] = {"error rate": [], "focus gap": []}
    for setting in sorted(set(settings), key=str):
        part = table.choose(np.array([one == setting for one in settings]))
        named = " ".join(str(part) for part in (*setting[:3], setting[4]) if part not in (None, "{}", ""))
        for one, other in combinations(part.values("model"), 2):
            for figure, sums, floors in (
                ("error rate", error_sums, (ERRORS, _RATES)),
                ("focus gap", gap_sums, (GAPS, SIGNS)),
            ):
                at: dict[str, Json] = {"setting": named, "models": f"{one} - {other}", "figure": figure}
                compared = _compare(part, (one, other), sums, floors, at)
                if compared is not None:
                    families[figure].append(compared)
    return {"comparison": [point for family in families.values() for point in _correct_family(family)]}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the differences between models."""
    points = points_of(estimates, "comparison")
    names = [f"{point.at['models']}, {point.at['setting']}, {point.at['figure']}" for point in points]
    alt_text = "Differences between models, paired on the same instances; the tables hold the corrected intervals."
    series = named_series(points, names)
    return [Chart("comparison", "Differences between models", alt_text, "", "difference", "dot", series, rank=210)]


def _compare(
    table: TurnTable,
    models: tuple[str | None, str | None],
    sums_of: Callable[[TurnTable], Floats],
    floors: tuple[Floor, Floor],
    at: dict[str, Json],
) -> Compared | None:
    """Return the difference of two models; None where one has no turns.

    Paired if they share 3 instances and at least half of those of the model that played fewer; otherwise all episodes
    are more informative than a few pairs. `floors` are those of a paired difference and of an unpaired figure.
    """
    sums, seeds = sums_of(table), table.episodes.seed
    whose = [np.array([name == model for name in table.episodes.model]) for model in models]
    by_seed = [by_instance(sums * own[:, None], seeds) for own in whose]
    pairs = paired_difference(by_seed[0], by_seed[1], floors[0])
    fewer = min(len(own) for own in by_seed)
    if pairs is not None and 2 * pairs.n_pairs >= fewer:
        return _over_pairs(pairs, at)
    parts = [np.array(list(own.values())) for own in by_seed]
    if any(len(part) < 2 for part in parts):
        return None if pairs is None else _over_pairs(pairs, at)
    spreads = [
        spread(part[:, :2], lambda totals: totals[:, 0] / totals[:, 1], floors[1], equal_episodes(part[:, 1]))
        for part in parts
    ]
    n_episodes, n_turns = sum(len(part) for part in parts), int(sum(part[:, 2].sum() for part in parts))
    shared = len(by_seed[0].keys() & by_seed[1].keys())
    method = f"{UNPAIRED}; {shared} shared instances are too few to pair" if shared else UNPAIRED
    return Compared(_apart(spreads[0], spreads[1], floors[0]), n_episodes, n_turns, method, at)


def _over_pairs(pairs: Paired, at: dict[str, Json]) -> Compared:
    left_out = f"; {pairs.n_left_out} episodes without a partner left out" if pairs.n_left_out else ""
    return Compared(pairs.spread, pairs.n_pairs, pairs.n_turns, f"{METHOD}{left_out}", at)


def _apart(first: Spread, second: Spread, floor: Floor) -> Spread:
    """Return the difference of two independent figures; one without spread gets the width of its interval."""
    errors = []
    for part in (first, second):
        unseen = part.interval()
        widest = max(unseen.high - unseen.estimate, unseen.estimate - unseen.low)
        errors.append(part.error if part.error > 0 or math.isnan(part.error) else widest / quantile(part.n))
    freedom = welch_freedom(errors, [part.n for part in (first, second)])
    estimate, centre = first.estimate - second.estimate, first.centre - second.centre
    return Spread(estimate, centre, math.hypot(*errors), freedom + 1, floor.low, floor.high)


def _correct_family(family: Sequence[Compared]) -> list[Estimate]:
    """Return the estimates of a family of comparisons, each with its corrected figures."""
    estimates = []
    p_values = [compared.spread.p() for compared in family]
    for compared, p, p_holm in zip(family, p_values, holm(p_values), strict=True):
        wide = compared.spread.interval(1 - (1 - LEVEL) / len(family))
        at = {**compared.at, "p": p, "p_holm": p_holm, "low_corrected": wide.low, "high_corrected": wide.high}
        estimates.append(
            compared.spread.interval().as_estimate(compared.n_episodes, compared.n_turns, compared.method, at=at)
        )
    return estimates
