"""Many tests of one analysis: p values of all contrasts of all groups, corrected by Holm within their family.

With 45 contrasts two differ from 0 by chance. Three families are each held at 5 % as a whole: the focus gaps (the
figure that is named in advance), all other contrasts, and the tests that an effect is smaller than a margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import stats

from horizon.analysis.stats.intervals import holm
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

GAP = "natural-fresh"
"""The contrast that is the focus gap: both names have the same corrected p value."""
EQUIVALENCE = ("equivalence", "no_fading")
"""The lists that hold tests of "smaller than a margin"."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One test: its group, its list of estimates, and its place in that list."""

    group: int
    key: str
    index: int


def corrected(groups: Sequence[Estimates]) -> list[dict[str, Estimate | list[Estimate]]]:
    """Return the estimates of all groups with p values: `at["p"]`, `at["p_holm"]` and `at["n_tests"]` of its family.

    They are added to `contrasts`, `focus_gap` and the lists of `EQUIVALENCE`, whose `is_equivalent` then follows the
    corrected value. Contrasts without an interval have None and count for no family.
    """
    answers: list[dict[str, Estimate | list[Estimate]]] = [
        {key: list(value) if isinstance(value, list) else value for key, value in group.items()} for group in groups
    ]
    places = [
        _Place(number, key, index)
        for number, group in enumerate(answers)
        for key in ("contrasts", *EQUIVALENCE)
        for index, _ in enumerate(_listed(group, key))
    ]
    families: dict[str, list[_Place]] = {}
    for place in places:
        families.setdefault(_family(place, answers), []).append(place)
    for family in families.values():
        _correct(family, answers)
    for group in answers:
        gap = next((point for point in _listed(group, "contrasts") if point.at.get("name") == GAP), None)
        single = group.get("focus_gap")
        if gap is not None and isinstance(single, Estimate):
            group["focus_gap"] = replace(single, at={**single.at, **{key: gap.at[key] for key in _KEYS}})
    return answers


def p_value(figure: Estimate) -> float | None:
    """Return the p value of a difference being 0, two-sided; below 0.05 exactly where its 95 % interval excludes 0.

    The standard error is that of the interval's end on the side of 0, by Student's t of its episodes less one. None
    where there is no interval.
    """
    if figure.estimate is None or figure.low is None or figure.high is None:
        return None
    freedom = max(figure.n_episodes - 1, 1)
    end = figure.low if figure.estimate > 0 else figure.high
    error = abs(figure.estimate - end) / float(stats.t.ppf(0.975, freedom))
    return min(1.0, 2 * float(stats.t.sf(abs(figure.estimate) / error, freedom))) if error else None


_KEYS = ("p", "p_holm", "n_tests")


def _listed(group: Estimates, key: str) -> list[Estimate]:
    listed = group.get(key, [])
    return listed if isinstance(listed, list) else []


def _family(place: _Place, answers: Sequence[Estimates]) -> str:
    if place.key in EQUIVALENCE:
        return "equivalence"
    return GAP if _listed(answers[place.group], place.key)[place.index].at.get("name") == GAP else "contrasts"


def _correct(family: Sequence[_Place], answers: Sequence[Estimates]) -> None:
    """Put p, corrected p and the family's size into every estimate of a family."""
    points = [_listed(answers[place.group], place.key)[place.index] for place in family]
    values = [_own_p(point, place.key) for point, place in zip(points, family, strict=True)]
    tested = [value for value in values if value is not None]
    by_rank = iter(holm(tested))
    for place, point, value in zip(family, points, values, strict=True):
        p_holm = next(by_rank) if value is not None else None
        at: dict[str, Json] = {**point.at, "p": value, "p_holm": p_holm, "n_tests": len(tested)}
        if place.key in EQUIVALENCE:
            at["is_equivalent"] = p_holm is not None and p_holm < 0.05
        _listed(answers[place.group], place.key)[place.index] = replace(point, at=at)


def _own_p(point: Estimate, key: str) -> float | None:
    if key not in EQUIVALENCE:
        return p_value(point)
    value = point.at.get("p")
    return float(value) if isinstance(value, int | float) else None
