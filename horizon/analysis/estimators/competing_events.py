"""Competing events: the share of episodes whose first event by a turn is an error of each kind, or another ending.

Aalen-Johansen needs no assumption on how solved or lost episodes would have continued. Also how the episodes ended,
and the first illegal move, whatever other errors come earlier. Natural turns, or fresh ones if there are no natural
ones.
"""

import numpy as np

from horizon.analysis.chart import Chart, named_series, points_of, series_along
from horizon.analysis.first_events import CENSORED, UNKNOWN, FirstEvents, first_events
from horizon.analysis.played_line import NOT_PLAYED, played_line, with_assumption
from horizon.analysis.stats.competing_risks import Incidence, cumulative_incidence
from horizon.analysis.stats.intervals import missing, share
from horizon.analysis.survival_curve import curve_points, free_of_error, horizon, turns_shown
from horizon.analysis.turn_table import Ints, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = (
    "share of all episodes with this first event by the turn, Aalen-Johansen, Wilson's interval at the effective "
    "number of episodes; assumes only that cut-off episodes (turn limit) are like the others"
)
ENDS_METHOD = "share of episodes, Wilson's interval at the effective number of episodes"
ILLEGAL_METHOD = (
    "share of all episodes without an illegal move by the turn, other endings counted as free of one, Aalen-Johansen"
)
ILLEGAL_HORIZON = f"first turn by which this share of all episodes has an illegal move; {ILLEGAL_METHOD}"
ANY = "any error"


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `incidence_by_kind` (by turn, at most 60), `first_events` (how the episodes ended), and of the first
    illegal move `free_of_illegal` by turn, `h50_illegal` and `h80_illegal`.
    """
    none: dict[str, Estimate | list[Estimate]] = {"incidence_by_kind": [], "first_events": [], "free_of_illegal": []}
    line = played_line(table)
    if line is None:
        empty = missing(NOT_PLAYED, ILLEGAL_HORIZON)
        return {**none, "h50_illegal": empty, "h80_illegal": empty}
    first, illegal = first_events(table, line.sample), first_events(table, line.sample, ("illegal",))
    return line.mark(
        {
            "incidence_by_kind": _incidences(first),
            "first_events": _ends(first),
            **_illegal(illegal),
        }
    )


def charts(estimates: Estimates) -> list[Chart]:
    """Return the incidence by kind, how the episodes ended, and the curve without an illegal move."""
    ends = points_of(estimates, "first_events")
    alt_text = "share of all episodes whose first event by the turn is of this kind; the rest is still free of any."
    names = [str(point.at["event"]) for point in ends]
    charts = [
        Chart(
            "incidence_by_kind",
            "First events by turn",
            alt_text,
            "turn",
            "share of all episodes",
            "step",
            series_along(estimates, "incidence_by_kind", by="event"),
            rank=72,
        ),
        Chart(
            "first_events",
            "What became of the episodes",
            "share of episodes by their first event; censored ones were cut off without an error.",
            "",
            "share of episodes",
            "dot",
            named_series(ends, names),
            rank=74,
        ),
        Chart(
            "free_of_illegal",
            "Episodes without an illegal move",
            "share of all episodes without an illegal move by the turn.",
            "turn",
            "share of all episodes",
            "step",
            series_along(estimates, "free_of_illegal"),
            rank=76,
        ),
    ]
    return [with_assumption(chart, estimates, "first_events") for chart in charts]


def _incidences(first: FirstEvents) -> list[Estimate]:
    """Return the incidence of any error and of each other ending, then of each kind of error where there are two."""
    n_kinds = len(first.labels)
    whole = cumulative_incidence(first.last, first.any_error(), 2, first.instance)
    by_kind = cumulative_incidence(first.last, first.event, n_kinds, first.instance)
    points = _points(whole, 0, ANY, first)
    for place, label in enumerate(first.labels):
        if place >= first.n_error_kinds or first.n_error_kinds > 1:
            points += _points(by_kind, place, _plain(label), first)
    return points


def _points(incidence: Incidence, row: int, event: str, first: FirstEvents) -> list[Estimate]:
    return [
        Estimate(
            float(incidence.share[row, place]),
            float(incidence.low[row, place]),
            float(incidence.high[row, place]),
            first.n_episodes,
            first.n_turns,
            METHOD,
            at={"event": event, "turn": place + 1, "at_risk": int(incidence.at_risk[place])},
        )
        for place in turns_shown(incidence.at_risk)
    ]


def _ends(first: FirstEvents) -> list[Estimate]:
    """Return the share of episodes by first event; the censored ones by why they were cut off."""
    chosen: dict[str, Ints] = {
        f"error: {_plain(label)}" if place <= first.n_error_kinds else label: first.event == place
        for place, label in enumerate(first.labels, 1)
    }
    ends = np.array(first.ends)
    for why in (*CENSORED, UNKNOWN):
        chosen[f"censored: {_plain(why)}"] = (first.event == 0) & (ends == why)
    points = []
    _, cluster = np.unique(first.instance, return_inverse=True)
    sizes = np.bincount(cluster).astype(float)
    for event, which in chosen.items():
        if which.any():
            at: dict[str, Json] = {"event": event, "count": int(which.sum())}
            interval = share(np.bincount(cluster, which.astype(float)).astype(float), sizes)
            points.append(interval.as_estimate(first.n_episodes, first.n_turns, ENDS_METHOD, at=at))
    return points


def _illegal(first: FirstEvents) -> dict[str, Estimate | list[Estimate]]:
    counts = (first.n_episodes, first.n_turns)
    if not first.has_erred.any():
        empty = missing("no illegal move was played", ILLEGAL_HORIZON)
        return {"free_of_illegal": [], "h50_illegal": empty, "h80_illegal": empty}
    curve = free_of_error(first)
    return {
        "free_of_illegal": curve_points(curve, counts[1], ILLEGAL_METHOD),
        "h50_illegal": horizon(curve, 0.5, *counts, method=ILLEGAL_HORIZON, longest=first.longest),
        "h80_illegal": horizon(curve, 0.8, *counts, method=ILLEGAL_HORIZON, longest=first.longest),
    }


def _plain(label: str) -> str:
    return label.replace("_", " ")
