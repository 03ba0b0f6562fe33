"""Cautions for the reader of the figures: conditions not played, rates at the floor or ceiling, runs stopped early.

Sentences from estimates and manifests alone; computes no statistics.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import points_of, single_of
from horizon.analysis.returning_states import returning_states
from horizon.analysis.unchanged_histories import unchanged_conditions
from horizon.core.errors import HorizonError
from horizon.core.estimator import Estimate
from horizon.core.restating import carries_state
from horizon.report.damaged_files import damage_notes
from horizon.report.truncation import truncation_notes
from horizon.runs.manifest import AS_PLAYED, CALIBRATION, GATE, HISTORIES, STOPPED
from horizon.runs.run_data import RunData

_RARE = 0.05
"""A rate is at the floor if its interval lies below this, and that at turn 1 contains 0."""
_MANY_RETURN = 0.1
_NO_RISE = "no rise can be measured here"


def limits(analysis: Analysis) -> list[str]:
    """Return the limits of the figures, given the conditions that were played."""
    conditions = set(analysis.table.conditions)
    lines = [*cautions(analysis), *contradictions(analysis.runs), *answers_in_view(analysis.runs)]
    lines += without_effect(analysis.runs)
    lines += damage_notes(analysis.runs)
    is_imported = bool(analysis.runs) and all("imported" in run.manifest for run in analysis.runs)
    lines += list(_imported_limits(conditions)) if is_imported else list(_missing_conditions(conditions))
    lines += [line for group in analysis.groups for line in truncation_notes(group, analysis.runs)]
    if analysis.table.n_aborted:
        lines.append(
            f"{count_episodes(analysis.table.n_aborted)} were aborted by infrastructure failures and left out; they "
            f"may be the hard ones{_with_aborted(analysis)}."
        )
    if analysis.table.n_episodes < 20:
        lines.append(f"{count_episodes(analysis.table.n_episodes)} are few: read the intervals, not the points.")
    return lines


def _missing_conditions(conditions: set[str]) -> Iterator[str]:
    """Yield what can't be separated because a condition was not played."""
    if "fresh" not in conditions:
        yield "Without the condition fresh, a rise with the turn may only reflect harder positions."
    if "foreign" not in conditions:
        yield "Without foreign, practice with the format can't be separated from loss of focus."
    if "healed" not in conditions:
        yield "Without healed, the effect of the model's own errors can't be separated from that of length."
    if "padded" not in conditions:
        yield "Without padded, a longer context can't be separated from more turns."


def _imported_limits(conditions: set[str]) -> Iterator[str]:
    """Yield the same for imported games, to which no condition can be added."""
    if "natural" in conditions:
        yield (
            "Imported games have their own history only, so a rise with the turn may reflect harder positions: "
            "horizon play --positions RUN --model NAME poses these positions without it, to any model."
        )
    else:
        yield "In these imported games every move was a new dialogue: no figure is about focus."


def contradictions(runs: Sequence[RunData]) -> list[str]:
    """Return a line for each kind of history that shows less than was played, or something else.

    It concerns settings in which the state follows from earlier replies and no later message restates it.
    """
    lines = []
    for run in runs:
        plan = run.manifest.get("plan") or {}
        conditions = _conditions(run)
        changed = [name for name in conditions if name.partition(":")[0] in ("healed", "corrupted")]
        hidden = [name for name in conditions if name.startswith("hide:")]
        if not (changed or hidden) or not _carries_state(run):
            continue
        if changed and plan.get(HISTORIES) == AS_PLAYED:
            lines.append(
                f"{' and '.join(changed)} replace unplayable replies alone, since no later message restates the "
                "state: wrong actions that were played stay in their histories."
            )
        elif changed:
            lines.append(
                f"{' and '.join(changed)} can't be interpreted: they show replies that were not played, and no later "
                "message restates the state; play them again, or with a setting that restates it."
            )
        if hidden:
            lines.append(f"{' and '.join(hidden)} hide the state as well, since no later message restates it.")
    return list(dict.fromkeys(lines))


def answers_in_view(runs: Sequence[RunData]) -> list[str]:
    """Return a line for each run in which many states under healed had been posed before in their episode."""
    lines = []
    for run in runs:
        count = returning_states(run, "healed")
        if count.n_returning > _MANY_RETURN * count.n_states:
            lines.append(
                f"healed shows the answer itself in {100 * count.n_returning / count.n_states:.0f} % of the "
                f"{count.n_states} states looked at: an earlier message of the episode asked the same, with the "
                "correct reply after it, so that contrasts with healed are in part what copying gains."
            )
    return list(dict.fromkeys(lines))


def without_effect(runs: Sequence[RunData]) -> list[str]:
    """Return a line for each run with conditions that posed the same conversations as natural."""
    return list(
        dict.fromkeys(
            f"{' and '.join(names)} posed the same conversations as natural at every turn, so that the contrasts with "
            "natural are 0 by construction and show nothing: choose a value that changes the history."
            for run in runs
            if (names := unchanged_conditions(run))
        )
    )


def _conditions(run: RunData) -> list[str]:
    """Return the conditions of a run's plan."""
    return [str(name) for name in dict(run.manifest.get("plan") or {}).get("conditions", ())]


def _carries_state(run: RunData) -> bool:
    """Return whether replies carry the state in a run's setting; false where its environment can't be opened."""
    if dict(run.manifest.get("plan") or {}).get(HISTORIES) == AS_PLAYED:
        return True
    try:
        return carries_state(run.open_environment())
    except HorizonError:
        return False


def _with_aborted(analysis: Analysis) -> str:
    """Return how far the aborted episodes could move the error rate, in words."""
    bounds = analysis.whole.get("error_rate_bounds")
    if not isinstance(bounds, Estimate) or bounds.low is None or bounds.high is None:
        return ""
    return f": with them the error rate lies between {100 * bounds.low:.0f} and {100 * bounds.high:.0f} %"


_CLEARLY_SKILLED = 0.5
"""A skill above this is no sign of random play, however wide its interval; 0 is a random mover, 1 the best moves."""


def cautions(analysis: Analysis) -> list[str]:
    """Return all cautions: one for each group at the floor or ceiling, then those on gates."""
    at_ends = [line for group in analysis.groups if (line := at_an_end(group, analysis.runs))]
    return [*at_ends, *gate_notes(analysis.runs)]


def at_an_end(group: Group, runs: Sequence[RunData] = ()) -> str | None:
    """Return the sentence for a group at the floor or ceiling, else None; `runs` may have been calibrated."""
    end = end_of(group)
    if end is None:
        return None
    words = end.words
    if end.wanted and any(_has_found_no_setting(run, group) for run in runs):
        found_none = f"calibration found no {end.wanted.partition(' ')[2]}"
        words = f"{end.finding}: {_NO_RISE}, and {found_none}: choose another task or model"
    return f"{group.model}, {group.setting}: {words}."


def _has_found_no_setting(run: RunData, group: Group) -> bool:
    """Return whether a group's run was calibrated first, and no setting was easy or hard enough."""
    calibration = run.manifest.get(CALIBRATION) or {}
    is_own = calibration.get("environment") == group.environment.partition("-v")[0]
    return is_own and calibration.get("verdict") in ("too hard", "too easy") and group.model in run.turns["model"]


@dataclass(frozen=True, slots=True)
class End:
    """Why no rise can be measured: a mark of one or two words for tables, what was found, and the setting wanted."""

    mark: str
    finding: str
    wanted: str = ""

    @property
    def words(self) -> str:
        """What was found, as a sentence, with the advice to calibrate where another setting is wanted."""
        return f"{self.finding}: {_NO_RISE}; horizon calibrate finds {self.wanted}" if self.wanted else self.finding


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
        return End("ceiling", f"errors are at the ceiling from the start ({_percent(first)})", "an easier setting")
    if skills and _holds(skills[0], 0.0):
        skill = f"skill {skills[0].figure}"
        if (skills[0].estimate or 0.0) > _CLEARLY_SKILLED:
            words = f"its first turns can't tell it from a random mover ({skill}): more episodes may"
            return End("too few turns", words)
        return End("random play", f"plays like a random mover from the start ({skill})", "an easier setting")
    rate = single_of(group.estimates, "error_rate")
    if rate is not None and rate.high is not None and rate.high < _RARE and _holds(first, 0.0):
        return End("floor", f"errors are at the floor ({_percent(rate)})", "a harder setting")
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
