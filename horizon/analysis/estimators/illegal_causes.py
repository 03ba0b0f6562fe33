"""Why moves were illegal: the share of each cause among illegal replies, and how many were legal earlier in the game.

A reply that was legal some plies ago is stale: a clear sign that the model lost track of the position.
"""

from collections.abc import Mapping

import numpy as np

from horizon.analysis.chart import Chart, Series, points_of
from horizon.analysis.stats.intervals import share
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import ERROR_KINDS, ILLEGAL_CAUSES, Json

COLUMNS = ("stale_plies",)
CHOICES: Mapping[str, tuple[str, ...]] = {"illegal_cause": ILLEGAL_CAUSES}
METHOD = (
    "share of illegal replies with a known cause, Wilson's interval at the effective number of replies (variance "
    "between episodes)"
)
STALE_METHOD = f"{METHOD}; a reply of unknown earlier positions counts as not stale, so that this is the least share"
PLIES: tuple[tuple[int, int], ...] = ((1, 2), (3, 4), (5, 8), (9, 16), (17, 10**9))
"""Bins of how many plies ago a stale reply was legal, both ends included; the model's turns are 2 plies apart."""


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `illegal_causes` by condition and cause, `stale_replies` by condition, and `stale_plies` (natural).

    `stale_plies` are shares by how many plies ago the reply was legal. All are empty if no illegal reply has a cause.
    """
    causes: list[Estimate] = []
    stale: list[Estimate] = []
    for condition in table.conditions:
        illegal = _illegal(table, condition)
        if illegal is None:
            continue
        code = illegal.value("illegal_cause")
        for place, cause in enumerate(ILLEGAL_CAUSES, 1):
            if (code == place).any():
                at: dict[str, Json] = {"condition": condition, "cause": cause, "count": int((code == place).sum())}
                causes.append(estimate_mean(table, illegal, (code == place).astype(float), share, METHOD, at))
        is_stale = np.isfinite(illegal.value("stale_plies"))
        at = {"condition": condition, "count": int(is_stale.sum())}
        stale.append(estimate_mean(table, illegal, is_stale.astype(float), share, STALE_METHOD, at))
    return {"illegal_causes": causes, "stale_replies": stale, "stale_plies": _plies(table)}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the causes by condition, and how long ago stale replies were legal."""
    points = points_of(estimates, "illegal_causes")
    by_condition: dict[str, list[Estimate]] = {}
    for point in points:
        by_condition.setdefault(str(point.at["condition"]), []).append(point)
    series = tuple(
        Series(name, tuple(str(point.at["cause"]).replace("_", " ") for point in own), tuple(own))
        for name, own in by_condition.items()
    )
    stale = [point for point in points_of(estimates, "stale_replies") if point.at["condition"] == "natural"]
    share_stale = f"; {stale[0].estimate:.0%} of natural ones were legal earlier in the game" if stale else ""
    plies = points_of(estimates, "stale_plies")
    ages = Series("natural", tuple(str(point.at["plies_ago"]) for point in plies), plies)
    axis = "share of illegal replies"
    alt_text = f"share of illegal replies by cause{share_stale}."
    return [
        Chart("illegal_causes", "Why moves were illegal", alt_text, "", axis, "dot", series, rank=122),
        Chart(
            "stale_plies",
            "Illegal replies that were legal earlier",
            alt_text,
            "plies ago",
            axis,
            "dot",
            (ages,),
            rank=124,
        ),
    ]


def _illegal(table: TurnTable, condition: str) -> Sample | None:
    """Return the illegal turns of a condition whose cause is known, or None where there is none."""
    sample = table.sample(condition)
    if sample is None:
        return None
    chosen = (sample.kind == ERROR_KINDS.index("illegal")) & np.isfinite(sample.value("illegal_cause"))
    return sample.take(chosen) if chosen.any() else None


def _plies(table: TurnTable) -> list[Estimate]:
    illegal = _illegal(table, "natural")
    if illegal is None:
        return []
    ago, points = illegal.value("stale_plies"), []
    for first, last in PLIES:
        inside = (ago >= first) & (ago <= last)
        if np.isfinite(ago).any():
            words = f"{first} or more" if last > 10**6 else f"{first} to {last}"
            at: dict[str, Json] = {"plies_ago": words, "count": int(inside.sum())}
            points.append(estimate_mean(table, illegal, inside.astype(float), share, STALE_METHOD, at))
    return points
