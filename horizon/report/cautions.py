"""What a reader must know beside the figures: what was not played, rates at the floor or ceiling, runs cut short.

Sentences from estimates and manifests alone; computes no statistic.
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
"""A rate whose interval lies below this, and holds 0 at turn 1, is at the floor."""
_RESTATING = {"fen", "board", "pieces", "moves"}
"""The parts of a chess observation from which the position can be read."""
_NO_RISE = "no rise can be seen in this setting: horizon calibrate finds"


def limits(analysis: Analysis) -> list[str]:
    """Return what the figures can't say, given what was played."""
    conditions = set(analysis.table.conditions)
    lines = [*cautions(analysis), *contradictions(analysis.runs)]
    if "fresh" not in conditions:
        lines.append("Without the condition fresh, a rise with the turn may be nothing but harder positions.")
    if "foreign" not in conditions:
        lines.append("Without foreign, practice with the format and loss of focus are one net figure.")
    if "healed" not in conditions:
        lines.append("Without healed, the pull of the model's own errors can't be separated from the length itself.")
    if "padded" not in conditions:
        lines.append("Without padded, a longer context can't be separated from more turns.")
    lines += [line for group in analysis.groups if (line := _truncated(group))]
    if analysis.table.n_aborted:
        lines.append(
            f"{count_episodes(analysis.table.n_aborted)} were aborted by the infrastructure and left out; they may be "
            f"the hard ones{_with_aborted(analysis)}."
        )
    if analysis.table.n_episodes < 20:
        lines.append(f"{count_episodes(analysis.table.n_episodes)} are few: read the intervals, not the points.")
    return lines


def contradictions(runs: Sequence[RunData]) -> list[str]:
    """Return a line for histories that contradict the game: replies that were not played, with only moves shown.

    Chess alone: after turn 1 the position is shown by parts of `later`, and none of them restates it.
    """
    for run in runs:
        plan = run.manifest.get("plan") or {}
        later = set(filter(None, str((plan.get("parameters") or {}).get("later", "")).split("+")))
        shown = [name for name in plan.get("conditions", ()) if str(name).partition(":")[0] in ("healed", "corrupted")]
        if later and not later & _RESTATING and shown:
            return [
                f"{' and '.join(shown)} can't be read with later={'+'.join(sorted(later))}: they show replies that "
                "were not played, and nothing restates the position; add fen to later."
            ]
    return []


def _with_aborted(analysis: Analysis) -> str:
    """Return how far they could move the error rate, in words."""
    bounds = analysis.whole.get("error_rate_bounds")
    if not isinstance(bounds, Estimate) or bounds.low is None or bounds.high is None:
        return ""
    return f": with them the error rate lies between {100 * bounds.low:.0f} and {100 * bounds.high:.0f} %"


def _truncated(group: Group) -> str:
    """Return the line on replies that were cut off, where they are many."""
    kinds = group.estimates.get("error_kinds")
    shares = {
        str(each.at["condition"]): each.estimate or 0.0
        for each in (kinds if isinstance(kinds, list) else ())
        if each.at.get("kind") == "truncated"
    }
    cut = [f"{name} {100 * share:.0f} %" for name, share in shares.items() if share >= _MUCH_TRUNCATED]
    if not cut:
        return ""
    return (
        f"{group.model}, {group.setting}: replies cut off at the most tokens allowed count as errors "
        f"({', '.join(cut)}); with a larger max_tokens some may be correct."
    )


def cautions(analysis: Analysis) -> list[str]:
    """Return all cautions: one for each group at the floor or ceiling, then those of gates."""
    at_ends = [line for group in analysis.groups if (line := at_an_end(group))]
    return [*at_ends, *gate_notes(analysis.runs)]


def at_an_end(group: Group) -> str | None:
    """Return the sentence for a group whose errors can't rise or can't be seen; None for the others."""
    end = end_of(group)
    return f"{group.model}, {group.setting}: {end.words}." if end else None


@dataclass(frozen=True, slots=True)
class End:
    """Why no rise can be seen: a mark of a word or two for tables, and the reason with its figure."""

    mark: str
    words: str


def end_of(group: Group) -> End | None:
    """Return whether a group is at the floor or the ceiling, where no rise can be seen.

    At the ceiling the error rate at turn 1 may be 100 %, or the loss there may be a random mover's; at the floor the
    error rate is near 0 and no turn at the start errs.
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


def count_episodes(number: int) -> str:
    """Return the number with its noun, as `1 episode`."""
    return f"{number} episode{'' if number == 1 else 's'}"
