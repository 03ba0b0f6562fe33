"""Many tests of one analysis: p values of all contrasts of all groups, corrected by Holm within their family.

Of 45 contrasts two differ from 0 by chance. Three families each have a familywise error rate of 5 %: the focus gaps
(the figure chosen in advance), all other contrasts, and the tests that an effect is smaller than a margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from horizon.analysis.stats.distributions import t_quantile, t_tail
from horizon.analysis.stats.intervals import holm
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

GAP = "natural-fresh"
"""The contrast that equals the focus gap; both get the same corrected p value."""
EQUIVALENCE = ("equivalence", "no_fading")
"""The lists that hold tests of "smaller than a margin"."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One test: its group, its list of estimates, and its place in that list."""

    group: int
    key: str
    index: int


def correct_groups(groups: Sequence[Estimates]) -> list[dict[str, Estimate | list[Estimate]]]:
    """Return the estimates of all groups with p values: `at["p"]`, `at["p_holm"]` and `at["n_tests"]` of its family.

    They are added to `contrasts`, `focus_gap` and the lists of `EQUIVALENCE`, whose `is_equivalent` then follows the
    corrected value. Contrasts without an interval have None and are not counted in a family.
    """
    answers: list[dict[str, Estimate | list[Estimate]]] = [
        {key: list(value) if isinstance(value, list) else value for key, value in group.items()} for group in groups
    ]
    places = [
        _Place(number, key, index)
        for number, group in enumerate(answers)
        for key in ("contrasts", *EQUIVALENCE)
        for index, _ in enumerate(_estimates_of(group, key))
    ]
    families: dict[str, list[_Place]] = {}
    for place in places:
        families.setdefault(_family(place, answers), []).append(place)
    for family in families.values():
        _correct(family, answers)
    for group in answers:
        gap = next((point for point in _estimates_of(group, "contrasts") if point.at.get("name") == GAP), None)
        single = group.get("focus_gap")
        if gap is not None and isinstance(single, Estimate):
            group["focus_gap"] = replace(single, at={**single.at, **{key: gap.at[key] for key in _KEYS}})
    return answers


def p_value(figure: Estimate) -> float | None:
    """Return the p value of a difference being 0, two-sided; below 0.05 exactly where its 95 % interval excludes 0.

    The standard error is taken from the interval's end nearer to 0, by Student's t with its episodes minus 1 as
    degrees of freedom. None if there is no interval.
    """
    if figure.estimate is None or figure.low is None or figure.high is None:
        return None
    freedom = max(figure.n_episodes - 1, 1)
    end = figure.low if figure.estimate > 0 else figure.high
    error = abs(figure.estimate - end) / t_quantile(0.975, freedom)
    return min(1.0, 2 * t_tail(abs(figure.estimate) / error, freedom)) if error else None


_KEYS = ("p", "p_holm", "n_tests")


def _estimates_of(group: Estimates, key: str) -> list[Estimate]:
    listed = group.get(key, [])
    return listed if isinstance(listed, list) else []


def _family(place: _Place, answers: Sequence[Estimates]) -> str:
    if place.key in EQUIVALENCE:
        return "equivalence"
    return GAP if _estimates_of(answers[place.group], place.key)[place.index].at.get("name") == GAP else "contrasts"


def _correct(family: Sequence[_Place], answers: Sequence[Estimates]) -> None:
    """Add p, corrected p and the family's size to every estimate of a family."""
    points = [_estimates_of(answers[place.group], place.key)[place.index] for place in family]
    values = [_own_p(point, place.key) for point, place in zip(points, family, strict=True)]
    tested = [value for value in values if value is not None]
    by_rank = iter(holm(tested))
    for place, point, value in zip(family, points, values, strict=True):
        p_holm = next(by_rank) if value is not None else None
        at: dict[str, Json] = {**point.at, "p": value, "p_holm": p_holm, "n_tests": len(tested)}
        if place.key in EQUIVALENCE:
            at["is_equivalent"] = p_holm is not None and p_holm < 0.05
        _estimates_of(answers[place.group], place.key)[place.index] = replace(point, at=at)


def _own_p(point: Estimate, key: str) -> float | None:
    if key not in EQUIVALENCE:
        return p_value(point)
    value = point.at.get("p")
    return float(value) if isinstance(value, int | float) else None
