"""The turns that estimators of an episode's course read: the natural ones, or those of a new dialogue per turn.

Archives such as llm_chess hold games in which every move was asked for without a history. Their course has hazards and
horizons too, which say how hard the game becomes; focus is not in them. Knows turn tables, no estimator.
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
    """The turns of the episodes' course and the condition they were asked under."""

    sample: Sample
    condition: str

    def marked(self, estimates: Mapping[str, Estimate | list[Estimate]]) -> dict[str, Estimate | list[Estimate]]:
        """Return estimates with the condition in `at` and the assumption in `note`; natural ones as they are."""
        if self.condition != FRESH:
            return dict(estimates)
        return {
            key: [_marked(point) for point in value] if isinstance(value, list) else _marked(value)
            for key, value in estimates.items()
        }


def played_line(table: TurnTable) -> PlayedLine | None:
    """Return the natural turns; without any, the fresh ones; None where there are neither."""
    for condition in ("natural", FRESH):
        sample = table.sample(condition)
        if sample is not None and sample.n_turns:
            return PlayedLine(sample, condition)
    return None


def with_assumption(chart: Chart, estimates: Estimates, key: str) -> Chart:
    """Return a chart with the assumption beneath it where the estimates of `key` are of fresh turns."""
    value = estimates.get(key)
    points = value if isinstance(value, list) else [value] if value is not None else []
    is_fresh = any(point.at.get("condition") == FRESH for point in points)
    return replace(chart, notes=(*chart.notes, NO_HISTORY)) if is_fresh else chart


def _marked(point: Estimate) -> Estimate:
    note = f"{point.note}; {NO_HISTORY}" if point.note else NO_HISTORY
    return replace(point, note=note, at={"condition": FRESH, **point.at})
