"""Contrasts: the error rate under one condition minus that under another, on the states that both posed.

Each isolates one effect of the history. Never subtract the conditions' own rates: they may rest on different turns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from horizon.analysis.chart import Chart, named_series, points_of, series_along
from horizon.analysis.condition_contrast import contrast, contrast_by_turn
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates

NAMED: tuple[tuple[str, str], ...] = (
    ("natural", "fresh"),
    ("natural", "healed"),
    ("natural", "foreign"),
    ("foreign", "fresh"),
    ("padded", "fresh"),
    ("healed", "padded"),
)
"""The contrasts that are always listed; if a condition was not played, the note names the one to add."""

TWINS = (("road:own", "road:other"), ("think:keep", "think:last"), ("think:keep", "think:replace"))
"""Contrasts of two conditions that differ in one thing, listed where both were played."""

GAP = "natural - fresh"
"""The contrast that is the focus gap, with charts of its own."""
NO_EFFECT: Mapping[str, float] = {"contrasts": 0.0, "contrasts_by_turn": 0.0}


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `contrasts`, by name (`natural-healed`), and `contrasts_by_turn`, in bins of turns; -1..1.

    Beside the named ones: each `corrupted:p` minus healed, and natural minus each other condition (`window:k`,
    `recap`), above 0 where that condition helps.
    """
    pairs = [*NAMED, *_other_pairs(table.conditions)]
    return {
        "contrasts": [_by_name(contrast(table, *pair), *pair) for pair in pairs],
        "contrasts_by_turn": [point for pair in pairs for point in contrast_by_turn(table, *pair)],
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the contrasts over all turns and by turn; none where the focus gap, drawn elsewhere, is the only one."""
    points = points_of(estimates, "contrasts")
    names = [str(point.at["contrast"]) for point in points]
    by_turn = [series for series in series_along(estimates, "contrasts_by_turn", by="contrast") if series.name != GAP]
    if not any(name != GAP for name in names):
        return []
    alt_text = "difference of error rates on the states that both conditions posed; above 0 the first errs more."
    axis = "difference of error rates"
    return [
        Chart(
            "contrasts",
            "Contrasts on the same states",
            alt_text,
            "",
            axis,
            "dot",
            named_series(points, names),
            rank=62,
        ),
        Chart("contrasts_by_turn", "Contrasts by turn", alt_text, "turn", axis, "line", tuple(by_turn), rank=64),
    ]


def _by_name(figure: Estimate, minuend: str, subtrahend: str) -> Estimate:
    return replace(figure, at={"name": f"{minuend}-{subtrahend}", **figure.at})


def _other_pairs(conditions: Iterable[str]) -> list[tuple[str, str]]:
    names = set(conditions)
    doses = [(name, "healed") for name in conditions if name.startswith("corrupted:") and "healed" in names]
    twins = [pair for pair in TWINS if names.issuperset(pair)]
    listed = {name for pair in (*NAMED, *doses) for name in pair}
    return [*doses, *twins, *(("natural", name) for name in conditions if name not in listed and "natural" in names)]
