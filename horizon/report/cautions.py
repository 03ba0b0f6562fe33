"""Cautions for the reader of the figures: conditions not played, rates at the floor or ceiling, runs stopped early.

Sentences from estimates and manifests alone; computes no statistics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import points_of, single_of
from horizon.core.estimator import Estimate
from horizon.runs.manifest import GATE, STOPPED
from horizon.runs.run_data import RunData

_MUCH_TRUNCATED = 0.05
_RARE = 0.05
"""A rate is at the floor if its interval lies below this, and that at turn 1 contains 0."""
_RESTATING = {"fen", "board", "pieces", "moves"}
"""The parts of a chess observation that contain the position."""
_NO_RISE = "no rise can be measured in this setting: horizon calibrate finds"


def limits(analysis: Analysis) -> list[str]:
    """Return the limits of the figures, given the conditions that were played."""
    conditions = set(analysis.table.conditions)
    lines = [*cautions(analysis), *contradictions(analysis.runs)]
    if "fresh" not in conditions:
        lines.append("Without the condition fresh, a rise with the turn may only reflect harder positions.")
    if "foreign" not in conditions:
        lines.append("Without foreign, practice with the format can't be separated from loss of focus.")
    if "healed" not in conditions:
        lines.append("Without healed, the effect of the model's own errors can't be separated from that of length.")
    if "padded" not in conditions:
        lines.append("Without padded, a longer context can't be separated from more turns.")
    lines += [line for group in analysis.groups if (line := _truncation_note(group))]
    if analysis.table.n_aborted:
        lines.append(
            f"{count_episodes(analysis.table.n_aborted)} were aborted by infrastructure failures and left out; they "
            f"may be the hard ones{_with_aborted(analysis)}."
        )
    if analysis.table.n_episodes < 20:
        lines.append(f"{count_episodes(analysis.table.n_episodes)} are few: read the intervals, not the points.")
    return lines


def contradictions(runs: Sequence[RunData]) -> list[str]:
    """Return a line if histories contradict the game: they show replies that were not played, without positions.

    Only chess is affected, when no part of `later` (the observation after turn 1) restates the position.
    """
    for run in runs:
        plan = run.manifest.get("plan") or {}
        later = set(filter(None, str((plan.get("parameters") or {}).get("later", "")).split("+")))
        shown = [name for name in plan.get("conditions", ()) if str(name).partition(":")[0] in ("healed", "corrupted")]
        if later and not later & _RESTATING and shown:
            return [
                f"{' and '.join(shown)} can't be interpreted with later={'+'.join(sorted(later))}: they show replies "
                "that were not played, and nothing restates the position; add fen to later."
            ]
    return []


def _with_aborted(analysis: Analysis) -> str:
    """Return how far the aborted episodes could move the error rate, in words."""
    bounds = analysis.whole.get("error_rate_bounds")
    if not isinstance(bounds, Estimate) or bounds.low is None or bounds.high is None:
        return ""
    return f": with them the error rate lies between {100 * bounds.low:.0f} and {100 * bounds.high:.0f} %"


def _truncation_note(group: Group) -> str:
    """Return a line on truncated replies if there are many, else an empty text."""
    kinds = group.estimates.get("error_kinds")
    shares = {
        str(point.at["condition"]): point.estimate or 0.0
        for point in (kinds if isinstance(kinds, list) else ())
        if point.at.get("kind") == "truncated"
    }
    cut = [f"{name} {100 * share:.0f} %" for name, share in shares.items() if share >= _MUCH_TRUNCATED]
    if not cut:
        return ""
    return (
        f"{group.model}, {group.setting}: replies cut off at the token limit count as errors "
        f"({', '.join(cut)}); with a larger max_tokens some may be correct."
    )


def cautions(analysis: Analysis) -> list[str]:
    """Return all cautions: one for each group at the floor or ceiling, then those on gates."""
    at_ends = [line for group in analysis.groups if (line := at_an_end(group))]
    return [*at_ends, *gate_notes(analysis.runs)]


def at_an_end(group: Group) -> str | None:
    """Return the sentence for a group at the floor or ceiling, else None."""
    end = end_of(group)
    return f"{group.model}, {group.setting}: {end.words}." if end else None


@dataclass(frozen=True, slots=True)
class End:
    """Why no rise can be measured: a mark of one or two words for tables, and a sentence with the figure."""

    mark: str
    words: str


def end_of(group: Group) -> End | None:
    """Return whether a group is at the floor or the ceiling, where no rise can be measured.

    At the ceiling, the interval at turn 1 includes an error rate of 100 % or a random mover's loss. At the floor, the
    error rate is near 0 and the interval at the start includes 0.
    """
    curve = [point for point in points_of(group.estimates, "error_by_turn") if point.at.get("condition") == "natural"]
    if not curve:
        return None
    first = curve[0]
    skills = [point for point in points_of(group.estimates, "skill_by_turn") if point.at.get("condition") == "natural"]
    is_full = first.high is not None and first.high >= 1 - 1e-9
    if is_full and (first.estimate or 0.0) > 0.5:
        return End(
            "ceiling", f"errors are at the ceiling from the start ({_percent(first)}): {_NO_RISE} an easier one"
        )
    if skills and _holds(skills[0], 0.0):
        skill = f"skill {skills[0].figure}"
        return End("random play", f"plays like a random mover from the start ({skill}): {_NO_RISE} an easier one")
    rate = single_of(group.estimates, "error_rate")
    if rate is not None and rate.high is not None and rate.high < _RARE and _holds(first, 0.0):
        return End("floor", f"errors are at the floor ({_percent(rate)}): {_NO_RISE} a harder one")
    return None


def gate_notes(runs: Sequence[RunData]) -> list[str]:
    """Return a sentence for each run that a gate stopped early, and why a gate's intervals differ from the table's."""
    notes = []
    for run in runs:
        stopped = run.manifest.get(STOPPED)
        if stopped:
            notes.append(
                f"{run.name}: a gate stopped it after {stopped['episodes']} of {stopped['of']} episodes "
                f"({stopped['verdict']}), which biases its figures slightly towards that verdict."
            )
    if any(run.manifest.get(STOPPED) or run.manifest.get(GATE) for run in runs):
        notes.append(
            "Intervals of the table and the page assume a number of episodes fixed in advance; those of a gate hold "
            "at every check during play, and are wider for that."
        )
    return notes


def _holds(point: Estimate, value: float) -> bool:
    return point.low is not None and point.high is not None and point.low <= value + 1e-9 <= point.high + 1e-9


def _percent(point: Estimate) -> str:
    low, high = (0.0 if bound is None else 100 * bound for bound in (point.low, point.high))
    return f"{100 * (point.estimate or 0.0):.0f} %, 95 % interval {low:.0f} to {high:.0f}"


def count_episodes(number: int) -> str:
    """Return the number with its noun, as `1 episode`."""
    return f"{number} episode{'' if number == 1 else 's'}"
