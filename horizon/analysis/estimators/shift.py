"""The cost of a shift: the accuracy lost between an original task and its shifted counterpart, on matched pairs.

Turns are paired where both sides were in the same state. Where positions differ (another opening) or play diverged,
whole episodes are compared, by seed where seeds are shared.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from horizon.analysis.chart import Chart, points_of, series_by_condition
from horizon.analysis.shift_pairs import PairedTurns, ShiftPair, paired_turns, shift_pairs
from horizon.analysis.stats.bootstrap import episode_sums
from horizon.analysis.stats.distributions import t_quantile, t_tail
from horizon.analysis.stats.intervals import LEVEL, Floats, Floor, Interval, holm, jackknife, ratio, welch_freedom
from horizon.analysis.stats.paired_tests import mcnemar, mean_difference, sign_flips
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = (
    "paired difference of accuracy on the same states, bootstrap over seeds (expanded percentiles, a pair more each "
    "way); p by exact sign flips of seeds"
)
PAIRED = "difference over all turns, paired on seeds and not on states, jackknife over seeds, Student's t"
UNPAIRED = "difference over all turns of each side's own seeds, jackknife over seeds, Welch's t"
_FEWEST_PAIRS = 3
_ACCURACY, _LOSS, _SKILL = "accuracy of all turns", "loss of all turns", "skill of all turns"
_COLUMNS = {_ACCURACY: (0, 1), _LOSS: (2, 3), _SKILL: (2, 4)}
"""Each figure is a ratio of two of a seed's sums (errors, turns, losses, graded turns, random losses)."""
_FLOORS = {_ACCURACY: Floor(-1.0, 1.0, ((1.0, 1.0, 0.0, 1.0), (0.0, 1.0, 1.0, 1.0))), _LOSS: Floor(-1.0, 1.0)}
"""The range of a difference, and the added pairs of Bonett & Price (2012)."""
NO_EFFECT: Mapping[str, float] = {"shift": 0.0}


@dataclass(frozen=True, slots=True)
class _Figure:
    """One figure of one pair, with the p value of no difference."""

    name: str
    estimate: Estimate
    p: float


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `shift`, a list over pairs, conditions and figures; empty without two groups that differ in a shift.

    An estimate is the cost of the shift, above 0 if the shifted side is worse. The figure `accuracy` rests on the same
    states. If some turns have no partner in the same state, there are also `accuracy of all turns`,
    `loss of all turns` and `skill of all turns`. `at` holds model, setting, shift, the value it is compared `against`,
    condition, figure, both sides' own values, `p`, and `p_holm`, corrected over all shifts of a figure and condition.
    For the paired figure, `only_original` and `only_shifted` count the pairs that one side alone got correct,
    `p_mcnemar` is McNemar's exact test of them as if turns of a seed were independent, and `n_turns` counts pairs; for
    the other figures it counts the turns of both sides.
    """
    families: dict[tuple[str, str], list[_Figure]] = {}
    for pair in shift_pairs(table):
        for condition in pair.original.conditions:
            for figure in _figures(pair, condition):
                at = {**pair.at, "condition": condition, "figure": figure.name, **figure.estimate.at, "p": figure.p}
                placed = replace(figure, estimate=replace(figure.estimate, at=at))
                families.setdefault((figure.name, condition), []).append(placed)
    points = []
    for family in families.values():
        corrected = holm([figure.p for figure in family])
        points += [
            replace(figure.estimate, at={**figure.estimate.at, "p_holm": p_holm})
            for figure, p_holm in zip(family, corrected, strict=True)
        ]
    return {"shift": points}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the cost of shifts on the same states, or over all turns if no state is the same."""
    points = points_of(estimates, "shift")
    is_paired = any(point.at["figure"] == "accuracy" for point in points)
    figure, where = ("accuracy", "on the same states") if is_paired else (_ACCURACY, "over all turns")
    alt_text = f"Accuracy lost to each shift {where}, with 95 % intervals; above 0 the shifted side is worse."
    series = series_by_condition(
        (point for point in points if point.at["figure"] == figure), "shift", "model", "setting"
    )
    axis = "accuracy, original - shifted"
    return [Chart("shift", "What shifts cost", alt_text, "", axis, "dot", series, rank=220)]


def _figures(pair: ShiftPair, condition: str) -> list[_Figure]:
    turns = paired_turns(pair, condition)
    if turns is None:
        return _whole(pair, condition)
    paired = _same_state_figure(turns)
    return [paired, *_whole(pair, condition)] if turns.n_apart else [paired]


def _same_state_figure(turns: PairedTurns) -> _Figure:
    """Return the loss of accuracy on the same states, in -1..1."""
    lost = turns.shifted.is_error.astype(float) - turns.original.is_error.astype(float)
    sums = np.column_stack([episode_sums(turns.seed, values, turns.n_seeds) for values in (lost, np.ones(len(lost)))])
    only_original, only_shifted = int((lost > 0).sum()), int((lost < 0).sum())
    at: dict[str, Json] = {
        "original": 1 - float(turns.original.is_error.mean()),
        "shifted": 1 - float(turns.shifted.is_error.mean()),
        "only_original": only_original,
        "only_shifted": only_shifted,
        "p_mcnemar": mcnemar(only_original, only_shifted),
    }
    note = f"{turns.n_apart} turns of both sides have no partner in the same state" if turns.n_apart else None
    estimate = mean_difference(sums).as_estimate(turns.n_seeds, len(lost), METHOD, note, at)
    return _Figure("accuracy", estimate, sign_flips(sums[:, 0]))


def _whole(pair: ShiftPair, condition: str) -> list[_Figure]:
    """Return the differences over all turns, for the figures that both sides have."""
    sides = [_by_seed(part, part.sample(condition)) for part in (pair.original, pair.shifted)]
    shared = sorted(sides[0].keys() & sides[1].keys())
    # A side with few instances draws them again under other seeds.
    is_paired = len(shared) >= max(_FEWEST_PAIRS, 0.5 * min(map(len, sides)))
    sums = [np.array([side[seed] for seed in (shared if is_paired else side)]) for side in sides]  # (seeds, sums) each
    figures = []
    for name, (above, below) in _COLUMNS.items():
        parts = [side[:, [above, below]] for side in sums if len(side) and side[:, below].any()]
        if len(parts) < 2:
            continue
        original, shifted = (float(part[:, 0].sum() / part[:, 1].sum()) for part in parts)
        at: dict[str, Json] = {"original": original, "shifted": shifted}
        if name != _LOSS:
            at = {"original": 1 - original, "shifted": 1 - shifted}
        n_turns = int(sum(side[:, 1 if name == _ACCURACY else 3].sum() for side in sums))
        if is_paired:
            interval, freedom = (
                jackknife(np.hstack(parts), _difference, is_skewed=name != _ACCURACY, floor=_FLOORS.get(name)),
                len(shared) - 1.0,
            )
        else:
            interval, freedom = _welch(parts)
        n_episodes, method = (len(shared), PAIRED) if is_paired else (sum(map(len, sums)), UNPAIRED)
        figures.append(
            _Figure(name, interval.as_estimate(n_episodes, n_turns, method, at=at), _p_value(interval, freedom))
        )
    return figures


def _welch(parts: Sequence[Floats]) -> tuple[Interval, float]:
    """Return the shifted side's ratio minus the original's, over each one's own seeds, and its degrees of freedom."""
    original, shifted = (ratio(part[:, 0], part[:, 1]) for part in parts)
    freedom = welch_freedom((original.error, shifted.error), [max(2, len(part)) for part in parts])
    difference, error = shifted.estimate - original.estimate, math.hypot(original.error, shifted.error)
    reach = t_quantile((1 + LEVEL) / 2, freedom) * error
    return Interval(difference, difference - reach, difference + reach, error), freedom


def _by_seed(table: TurnTable, sample: Sample | None) -> dict[int, Floats]:
    """Return each seed's sums: errors, turns, losses, graded turns, random losses."""
    if sample is None:
        return {}
    is_graded = ~(np.isnan(sample.loss) | np.isnan(sample.random_loss))
    columns = (
        sample.is_error.astype(float),
        np.ones(sample.n_turns),
        np.where(is_graded, sample.loss, 0.0),
        is_graded.astype(float),
        np.where(is_graded, sample.random_loss, 0.0),
    )
    sums = np.column_stack([episode_sums(sample.cluster, column, table.n_episodes) for column in columns])
    by_seed: dict[int, Floats] = {}
    for seed, own in zip(table.episodes.seed, sums, strict=True):
        if own[1]:
            by_seed[seed] = by_seed.get(seed, np.zeros(len(columns))) + own
    return by_seed


def _difference(totals: Floats) -> Floats:
    """Return the shifted side's ratio minus the original's, of shape (m,)."""
    return np.asarray(totals[:, 2] / totals[:, 3] - totals[:, 0] / totals[:, 1])


def _p_value(interval: Interval, freedom: float) -> float:
    """Return the two-sided p value of no difference by Student's t; 1 if the spread is unknown."""
    if not interval.error > 0:
        return 1.0 if math.isnan(interval.error) or not interval.estimate else 0.0
    return 2 * t_tail(abs(interval.estimate) / interval.error, freedom)
