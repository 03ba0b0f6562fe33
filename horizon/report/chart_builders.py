"""The report's figures as plain data, made from estimates alone; curves.py and figures.py draw them alike.

Those of each group are made here, those that hold groups against each other in contrasts.py.
"""

from collections.abc import Sequence

from horizon.analysis.analyze import Analysis, Group
from horizon.core.estimator import Estimate
from horizon.core.records import ERROR_KINDS
from horizon.report.chart import RATE, Chart, Form, Series
from horizon.report.group_charts import between_groups


def charts_of(analysis: Analysis) -> list[Chart]:
    """Return every figure that the estimates can fill, group by group; then models side by side."""
    found = []
    for place, group in enumerate(analysis.groups, 1):
        suffix = f"-{place}" if len(analysis.groups) > 1 else ""
        found += [chart for chart in _of_group(group, suffix) if any(series.points for series in chart.series)]
    if len(analysis.groups) > 1:
        found += between_groups(analysis)
    return found


def _of_group(group: Group, suffix: str) -> list[Chart]:
    label = f"{group.model}, {group.setting}"

    def chart(
        slug: str,
        title: str,
        said: str,
        axes: tuple[str, str],
        form: Form,
        series: Sequence[Series],
        mark: tuple[float, str] | None = None,
    ) -> Chart:
        return Chart(slug + suffix, f"{title}: {label}", f"{label}: {said}", *axes, form, tuple(series), mark)

    turn = ("turn", RATE)
    half = group.estimates.get("h50")
    h50 = half.estimate if isinstance(half, Estimate) else None
    return [
        chart("error_by_turn", "Error rate by turn", _curve_said(group), turn, "line", _along(group, "error_by_turn")),
        chart(
            "smooth_by_turn",
            "Error rate by turn, smoothed",
            "the band holds the whole curve with 95 %.",
            turn,
            "line",
            [_banded(series) for series in _along(group, "smooth_by_turn")],
        ),
        chart(
            "error_by_tokens",
            "Error rate by context",
            "error rate against the tokens that the model was shown.",
            ("context tokens", RATE),
            "line",
            _along(group, "error_by_tokens", axis="context_tokens"),
        ),
        chart(
            "error_by_novelty",
            "Error rate by novelty",
            "error rate against how far off the beaten path positions lie, a heuristic of 0 to 1.",
            ("novelty of the position", RATE),
            "line",
            _along(group, "error_by_novelty", axis="novelty"),
        ),
        chart(
            "error_by_depth",
            "Error rate by depth of the solution",
            "error rate against the solver's moves left, the present one included.",
            ("solver's moves left", RATE),
            "line",
            _along(group, "error_by_depth", axis="depth"),
        ),
        chart(
            "focus_gap_by_turn",
            "Focus gap by turn",
            "natural minus fresh on the same states; above 0 the history harms.",
            ("turn", "natural - fresh"),
            "line",
            _along(group, "focus_gap_by_turn", by="contrast"),
        ),
        chart(
            "survival",
            "Survival without an error",
            f"half of the episodes have erred after {h50:.0f} turns." if h50 else "see the tables.",
            ("turn", "share of episodes free of error"),
            "step",
            _along(group, "survival"),
            (h50, f"H50 = {h50:.0f}") if h50 else None,
        ),
        chart(
            "causes",
            "Gap and its parts",
            _causes_said(group, "focus_gap", "practice", "focus_loss"),
            ("", "difference of error rates"),
            "dot",
            [_singles(group, "focus_gap", "practice", "focus_loss")],
        ),
        chart(
            "decomposition",
            "Where the rise comes from",
            "late minus early error rate, split into its causes.",
            ("", "points of error rate, late minus early"),
            "bar",
            [_named(group, "decomposition", "cause")],
        ),
        chart(
            "dose_response",
            "Pull of earlier errors",
            "error rate against the share of wrong replies in the history.",
            ("share of wrong replies in the history", RATE),
            "line",
            _along(group, "dose_response", axis="corrupted", by=""),
        ),
        chart(
            "error_kinds",
            "Error kinds by condition",
            "share of turns with each kind of error.",
            ("", "share of turns"),
            "stack",
            _kinds(group),
        ),
        chart(
            "error_kinds_by_turn",
            "Error kinds by turn, natural",
            "share of turns with each kind of error, along the turns.",
            ("turn", "share of turns"),
            "line",
            _along(group, "error_kinds_by_turn", by="kind"),
        ),
        chart(
            "skill_by_difficulty",
            "Skill by difficulty",
            "1 is perfect play, 0 a random mover.",
            ("", "skill"),
            "dot",
            _along(group, "skill_by_difficulty", axis="difficulty"),
        ),
    ]


def _along(group: Group, key: str, *, axis: str = "turn", by: str = "condition") -> list[Series]:
    """Return a series a condition (or contrast), each along the axis."""
    by_name: dict[str, list[Estimate]] = {}
    for each in _listed(group.estimates.get(key)):
        if each.estimate is not None:
            by_name.setdefault(str(each.at.get(by, "natural")) if by else "", []).append(each)
    return [Series(name, tuple(_place(each, axis) for each in own), tuple(own)) for name, own in by_name.items()]


def _place(each: Estimate, axis: str) -> float | str:
    value = each.at[axis]
    return float(value) if isinstance(value, int | float) else str(value)


def _banded(series: Series) -> Series:
    """Return the series with the simultaneous band in place of the pointwise interval."""
    points = tuple(
        Estimate(
            each.estimate,
            float(str(each.at["band_low"])),
            float(str(each.at["band_high"])),
            each.n_episodes,
            each.n_turns,
            each.method,
        )
        for each in series.points
    )
    return Series(series.name, series.places, points)


def _named(group: Group, key: str, name: str) -> Series:
    points = tuple(each for each in _listed(group.estimates.get(key)) if each.estimate is not None)
    return Series("", tuple(str(each.at[name]) for each in points), points)


def _singles(group: Group, *keys: str) -> Series:
    found = {key.replace("_", " "): group.estimates.get(key) for key in keys}
    points = {name: each for name, each in found.items() if isinstance(each, Estimate) and each.estimate is not None}
    names = [f"{name} ({each.at['contrast']})" for name, each in points.items()]
    return Series("", tuple(names), tuple(points.values()))


def _kinds(group: Group) -> list[Series]:
    points = _listed(group.estimates.get("error_kinds"))
    found = []
    for kind in (kind for kind in ERROR_KINDS if kind != "none"):
        own = tuple(each for each in points if each.at["kind"] == kind and each.estimate is not None)
        if any(each.estimate for each in own):
            found.append(Series(kind.replace("_", " "), tuple(str(each.at["condition"]) for each in own), own))
    return found


def _curve_said(group: Group) -> str:
    rate = group.estimates.get("error_rate")
    if not isinstance(rate, Estimate) or rate.estimate is None:
        return "see the tables."
    curve = [each for each in _listed(group.estimates.get("error_by_turn")) if each.at.get("condition") == "natural"]
    ends = ""
    if curve and curve[0].estimate is not None and curve[-1].estimate is not None:
        ends = f", from {curve[0].estimate:.0%} at the start to {curve[-1].estimate:.0%} at the end"
    return f"{rate.estimate:.0%} of turns are in error{ends}."


def _causes_said(group: Group, *keys: str) -> str:
    told = []
    for key in keys:
        each = group.estimates.get(key)
        if isinstance(each, Estimate) and each.estimate is not None:
            told.append(f"{key.replace('_', ' ')} {100 * each.estimate:+.0f} points")
    return ", ".join(told) + "."


def _listed(found: Estimate | list[Estimate] | None) -> tuple[Estimate, ...]:
    return tuple(found) if isinstance(found, list) else ()
