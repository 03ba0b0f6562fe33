"""What a reader must know beside the figures: rates at the floor or the ceiling, and runs that a gate stopped.

Sentences from estimates and manifests alone; computes no statistic.
"""

from collections.abc import Sequence

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import points_of, single_of
from horizon.core.estimator import Estimate
from horizon.runs.manifest import GATE, STOPPED
from horizon.runs.run_data import RunData

_RARE = 0.05
"""A rate whose interval lies below this, and holds 0 at turn 1, is at the floor."""
_NO_RISE = "no rise can be seen here: horizon calibrate finds a {} setting"


def cautions(analysis: Analysis) -> list[str]:
    """Return all cautions: one for each group at the floor or ceiling, then those of gates."""
    at_ends = [line for group in analysis.groups if (line := at_an_end(group))]
    return [*at_ends, *gate_notes(analysis.runs)]


def at_an_end(group: Group) -> str | None:
    """Return the sentence for a group whose errors can't rise or can't be seen; None for the others.

    At the ceiling the error rate at turn 1 may be 100 %, or the loss there may be a random mover's; at the floor the
    error rate is near 0 and no turn at the start errs.
    """
    curve = [point for point in points_of(group.estimates, "error_by_turn") if point.at.get("condition") == "natural"]
    if not curve:
        return None
    who, first = f"{group.model}, {group.setting}", curve[0]
    skills = [point for point in points_of(group.estimates, "skill_by_turn") if point.at.get("condition") == "natural"]
    is_full = first.high is not None and first.high >= 1 - 1e-9
    if is_full and (first.estimate or 0.0) > 0.5:
        return f"{who}: errors are at the ceiling from the start ({_percent(first)}): {_NO_RISE.format('easier')}."
    if skills and _holds(skills[0], 0.0):
        skill = f"skill {skills[0].figure}"
        return f"{who}: plays like a random mover from the start ({skill}): {_NO_RISE.format('easier')}."
    rate = single_of(group.estimates, "error_rate")
    if rate is not None and rate.high is not None and rate.high < _RARE and _holds(first, 0.0):
        return f"{who}: errors are at the floor ({_percent(rate)}): {_NO_RISE.format('harder')}."
    return None


def gate_notes(runs: Sequence[RunData]) -> list[str]:
    """Return a sentence for each run that a gate stopped, and why a gate's intervals differ from the table's."""
    notes = []
    for run in runs:
        stopped = run.manifest.get(STOPPED)
        if stopped:
            notes.append(
                f"{run.name}: a gate stopped it after {stopped['episodes']} of {stopped['of']} episodes "
                f"({stopped['verdict']}), which leans its figures a little towards that verdict."
            )
    if any(run.manifest.get(STOPPED) or run.manifest.get(GATE) for run in runs):
        notes.append(
            "Intervals of the table and the page hold for a number of episodes fixed in advance; a gate's hold at "
            "every check while episodes come in, and are wider for that."
        )
    return notes


def _holds(point: Estimate, value: float) -> bool:
    return point.low is not None and point.high is not None and point.low <= value + 1e-9 <= point.high + 1e-9


def _percent(point: Estimate) -> str:
    low, high = (0.0 if bound is None else 100 * bound for bound in (point.low, point.high))
    return f"{100 * (point.estimate or 0.0):.0f} %, 95 % interval {low:.0f} to {high:.0f}"
