"""The turns behind estimates of an episode's course: the natural ones, or those of a new dialogue per turn.

Archives such as llm_chess hold games in which every move was requested without a history. Their hazards and horizons
show how difficulty changes during a game, not a loss of focus. Knows turn tables, no estimator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from horizon.analysis.chart import Chart
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates

NO_HISTORY = (
    "fresh turns only: every turn was a new dialogue without a history, so that no loss of focus can show; a "
    "reference for how difficulty changes by turn, which assumes that the positions are those of one game"
)
NOT_PLAYED = "neither condition natural nor fresh was played"
FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class PlayedLine:
    """The turns of the episodes' course and their condition."""

    sample: Sample
    condition: str

    def mark(self, estimates: Mapping[str, Estimate | list[Estimate]]) -> dict[str, Estimate | list[Estimate]]:
        """Return estimates with the condition in `at` and the assumption in `note` if the turns are fresh ones."""
        if self.condition != FRESH:
            return dict(estimates)
        return {
            key: [_mark(point) for point in value] if isinstance(value, list) else _mark(value)
            for key, value in estimates.items()
        }


def played_line(table: TurnTable) -> PlayedLine | None:
    """Return the natural turns; without any, the fresh ones; None if there are neither."""
    for condition in ("natural", FRESH):
        sample = table.sample(condition)
        if sample is not None and sample.n_turns:
            return PlayedLine(sample, condition)
    return None


def with_assumption(chart: Chart, estimates: Estimates, key: str) -> Chart:
    """Return a chart, with the assumption as a note if the estimates of `key` are of fresh turns."""
    value = estimates.get(key)
    points = value if isinstance(value, list) else [value] if value is not None else []
    is_fresh = any(point.at.get("condition") == FRESH for point in points)
    return replace(chart, notes=(*chart.notes, NO_HISTORY)) if is_fresh else chart


def _mark(point: Estimate) -> Estimate:
    note = f"{point.note}; {NO_HISTORY}" if point.note else NO_HISTORY
    return replace(point, note=note, at={"condition": FRESH, **point.at})
