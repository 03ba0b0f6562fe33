"""Skill: how much of the loss of a random mover the model avoids, 1 for perfect play and 0 for random play.

Over all turns, in bins of turns, and in strata of difficulty: thirds of the states by the random mover's loss.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from horizon.analysis.chart import Chart, series_along
from horizon.analysis.stats.intervals import Floats, Floor, Interval, missing, ratio
from horizon.analysis.turn_bins import estimate_bins, estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = "1 - sum of loss / sum of random loss, graded turns, jackknife over episodes, Student's t with Hall's lean"
BOUNDS_METHOD = (
    f"{METHOD}; replies without a loss (illegal, unreadable, none) counted as `ungraded_as` says, a state's unknown "
    "random loss as the mean of the known ones"
)
STRATA = ("easy third", "middle third", "hard third")


def estimate(table: TurnTable, condition: str = "natural") -> Estimate:
    """Return 1 - sum(loss) / sum(random_loss) over the turns where both are known; below 0 is worse than random.

    Source: a skill score with random play as the reference forecast, Murphy (1988), Skill scores based on the mean
    square error, Monthly Weather Review 116, eq. 1.
    """
    sample = table.sample(condition)
    at: dict[str, Json] = {"condition": condition}
    if sample is None:
        return missing(f"condition {condition} was not played", METHOD, at)
    graded = _graded_turns(sample)
    if not graded.n_turns:
        return missing("no turn has both a loss and the random mover's loss", METHOD, at)
    if not graded.random_loss.any():
        return missing("no action of any state loses anything, so skill is not defined", METHOD, at)
    ungraded = sample.n_turns - graded.n_turns
    note = f"{ungraded} of {sample.n_turns} turns were not graded and are left out" if ungraded else None
    return estimate_mean(
        table, graded, graded.loss, _skill_interval(graded), METHOD, at, weights=graded.random_loss, note=note
    )


def bounds(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the skill with replies that have no loss counted as perfect, as a random mover's, and as the worst.

    The first and the last bound the skill. Empty if all turns are graded, or none.
    """
    sample = table.sample(condition)
    graded = None if sample is None else _graded_turns(sample)
    if sample is None or graded is None or graded.n_turns in (0, sample.n_turns) or not graded.random_loss.any():
        return []
    random_loss = np.where(np.isnan(sample.random_loss), np.nanmean(sample.random_loss), sample.random_loss)
    is_ungraded = np.isnan(sample.loss)
    points = []
    for counted_as, loss in (("perfect", 0.0), ("a random mover", random_loss), ("the worst", 1.0)):
        whole = replace(sample, loss=np.where(is_ungraded, loss, sample.loss), random_loss=random_loss)
        at: dict[str, Json] = {"condition": condition, "ungraded_as": counted_as, "n_ungraded": int(is_ungraded.sum())}
        points.append(
            estimate_mean(table, whole, whole.loss, _skill_interval(whole), BOUNDS_METHOD, at, weights=random_loss)
        )
    return points


def by_turn(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the skill in each bin of turns."""
    graded = _playable(table, condition)
    if graded is None:
        return []
    at: dict[str, Json] = {"condition": condition}
    return estimate_bins(table, graded, graded.loss, _skill_interval(graded), METHOD, at, weights=graded.random_loss)


def by_difficulty(table: TurnTable, condition: str = "natural") -> list[Estimate]:
    """Return the skill in each third of the states by the random mover's loss; empty if all states are alike."""
    graded = _playable(table, condition)
    if graded is None:
        return []
    edges = np.quantile(graded.random_loss, [1 / 3, 2 / 3])
    stratum = np.searchsorted(edges, graded.random_loss)
    if len(np.unique(stratum)) < 2:
        return []
    points = []
    for index, name in enumerate(STRATA):
        part = graded.take(stratum == index)
        if part.n_turns:
            at: dict[str, Json] = {"condition": condition, "difficulty": name}
            points.append(
                estimate_mean(table, part, part.loss, _skill_interval(part), METHOD, at, weights=part.random_loss)
            )
    return points


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `skill` (natural), and by condition `skill_by_condition`, `skill_by_turn`, `skill_by_difficulty`, and
    `skill_bounds`: the skill under extreme assumptions on replies without a loss.
    """
    return {
        "skill": estimate(table),
        "skill_by_condition": [estimate(table, condition) for condition in table.conditions],
        "skill_bounds": [point for condition in table.conditions for point in bounds(table, condition)],
        "skill_by_turn": [point for condition in table.conditions for point in by_turn(table, condition)],
        "skill_by_difficulty": [point for condition in table.conditions for point in by_difficulty(table, condition)],
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the chart of skill by difficulty."""
    series = series_along(estimates, "skill_by_difficulty", axis="difficulty")
    alt_text = "1 is perfect play, 0 a random mover."
    return [Chart("skill_by_difficulty", "Skill by difficulty", alt_text, "", "skill", "dot", series, rank=130)]


def _graded_turns(sample: Sample) -> Sample:
    return sample.take(~(np.isnan(sample.loss) | np.isnan(sample.random_loss)))


def _playable(table: TurnTable, condition: str) -> Sample | None:
    """Return the graded turns of states in which some action loses something, or None if there are none."""
    sample = table.sample(condition)
    graded = None if sample is None else _graded_turns(sample)
    graded = None if graded is None else graded.take(graded.random_loss > 0)
    return graded if graded is not None and graded.n_turns else None


def _skill_interval(sample: Sample) -> Callable[[Floats, Floats], Interval]:
    """Return the interval of skill, which no loss in 0..1 takes above 1 or below 1 - 1 / the mean random loss."""
    mean = float(sample.random_loss.mean())
    return partial(_skill, floor=Floor(0.0, 1 / mean if mean > 0 else np.inf))


def _skill(losses: Floats, random_losses: Floats, floor: Floor) -> Interval:
    given = ratio(losses, random_losses, is_skewed=True, floor=floor)
    return Interval(1 - given.estimate, 1 - given.high, 1 - given.low, given.error, given.note)
