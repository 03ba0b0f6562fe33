"""Charts that hold groups against each other: side by side, models compared, what shifts cost, consistency."""

from collections.abc import Sequence

from horizon.analysis.analyze import Analysis, Group
from horizon.core.estimator import Estimate
from horizon.report.chart import RATE, Chart, Series


def between_groups(analysis: Analysis) -> list[Chart]:
    """Return the charts over several groups; what was not played has none."""
    found = [_side_by_side(analysis.groups)]
    compared = analysis.between().get("comparison", [])
    if compared:
        names = [f"{each.at['models']}, {each.at['setting']}, {each.at['figure']}" for each in compared]
        said = "Differences between models, paired on the same instances; the tables hold the corrected intervals."
        series = (Series("", tuple(names), tuple(compared)),)
        found.append(Chart("comparison", "Differences between models", said, "", "difference", "dot", series))
    return found + [chart for chart in _of_shifts(analysis) if chart.series]


def _side_by_side(groups: Sequence[Group]) -> Chart:
    rates = [(group, group.estimates.get("error_rate")) for group in groups]
    points = [(group, each) for group, each in rates if isinstance(each, Estimate) and each.estimate is not None]
    names = tuple(f"{group.model}, {group.setting}" for group, _ in points)
    series = (Series("", names, tuple(each for _, each in points)),)
    return Chart("side_by_side", "Side by side", "Error rate of each model and setting.", "", RATE, "dot", series)


def _of_shifts(analysis: Analysis) -> list[Chart]:
    """Return what shifts cost on the same states, or over all turns where there are none, and the consistency."""
    between = analysis.between()
    costs = between.get("shift", [])
    figures = {each.at["figure"] for each in costs}
    figure = "accuracy" if "accuracy" in figures else "accuracy of all turns"
    costs = [each for each in costs if each.at["figure"] == figure]
    same = [each for each in between.get("consistency", []) if each.at["among"] == "all"]
    where = "on the same states" if figure == "accuracy" else "over all turns"
    return [
        Chart(
            "shift",
            "What shifts cost",
            f"Accuracy lost to each shift {where}, with 95 % intervals; above 0 the shifted side is worse.",
            "",
            "accuracy, original - shifted",
            "dot",
            tuple(_by_condition(costs)),
        ),
        Chart(
            "consistency",
            "Same action under a shift",
            "Share of the same states in which the shifted side gets the same action.",
            "",
            "share of states with the same action",
            "dot",
            tuple(_by_condition(same)),
        ),
    ]


def _by_condition(points: Sequence[Estimate]) -> list[Series]:
    """Return a series a condition; a shift is named with its model and setting where there are several."""
    told = [name for name in ("model", "setting") if len({str(each.at[name]) for each in points}) > 1]
    found: dict[str, list[Estimate]] = {}
    for each in points:
        if each.estimate is not None:
            found.setdefault(str(each.at["condition"]), []).append(each)
    return [
        Series(name, tuple(", ".join(str(each.at[key]) for key in ("shift", *told)) for each in own), tuple(own))
        for name, own in found.items()
    ]
