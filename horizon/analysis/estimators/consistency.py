"""Consistency: how often a model chooses the same action for the same state in another form, correct or not.

Rows hold the action of the unshifted task, whatever form was shown, so that actions compare as texts.
"""

import numpy as np

from horizon.analysis.chart import Chart, points_of, series_by_condition
from horizon.analysis.shift_pairs import PairedTurns, paired_turns, shift_pairs
from horizon.analysis.stats.bootstrap import episode_sums
from horizon.analysis.stats.intervals import share
from horizon.analysis.turn_table import Flags, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = "share of the same states with the same action, Wilson's interval at the effective number of turns"


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `consistency`, a list over shifts, conditions and subsets of states; empty without shifts.

    `at` holds model, setting, shift, the value it is compared `against`, condition, the `count` of equal actions, and
    the subset `among`: `all` (a reply without an action equals only another one without), `both answered`,
    `both right` or `both wrong`. Two correct replies may differ where several actions are correct.
    """
    points = []
    for pair in shift_pairs(table):
        for condition in pair.original.conditions:
            turns = paired_turns(pair, condition)
            if turns is None:
                continue
            original, shifted = turns.original, turns.shifted
            chosen = {
                "all": np.ones(original.n_turns, dtype=bool),
                "both answered": (original.action_code != 0) & (shifted.action_code != 0),
                "both right": ~original.is_error & ~shifted.is_error,
                "both wrong": original.is_error & shifted.is_error,
            }
            for among, kept in chosen.items():
                if kept.any():
                    points.append(_same(turns, kept, {**pair.at, "condition": condition, "among": among}))
    return {"consistency": points}


def charts(estimates: Estimates) -> list[Chart]:
    """Return how often the shifted side gets the same action."""
    points = [point for point in points_of(estimates, "consistency") if point.at["among"] == "all"]
    alt_text = "Share of the same states in which the shifted side gets the same action."
    series = series_by_condition(points, "shift", "model", "setting")
    title, axis = "Same action under a shift", "share of states with the same action"
    return [Chart("consistency", title, alt_text, "", axis, "dot", series, rank=230)]


def _same(turns: PairedTurns, kept: Flags, at: dict[str, Json]) -> Estimate:
    same = turns.original.action_code[kept] == turns.shifted.action_code[kept]
    seed = turns.seed[kept]
    sums = [episode_sums(seed, values, turns.n_seeds) for values in (same.astype(float), np.ones(len(same)))]
    at = {**at, "count": int(same.sum())}
    return share(sums[0], sums[1]).as_estimate(len(np.unique(seed)), len(same), METHOD, at=at)
