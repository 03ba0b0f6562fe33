"""The hazard of a first error by turn, of any kind and of each: the share that errs now of those without an error yet.

In bins of turns, with bands that hold the whole curve at once. Other endings (solved, lost) have a hazard too.
Natural turns, or fresh ones if there are no natural ones.
"""

from horizon.analysis.binned_hazard import binned_hazards, with_bands
from horizon.analysis.chart import Chart, series_along
from horizon.analysis.first_events import first_events
from horizon.analysis.played_line import played_line, with_assumption
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate, Estimates

METHOD = (
    "first events of this kind per turn of episodes without an event yet, Wilson's interval; `band` bounds hold the "
    "whole curve with 95 % (Sidak); assumes that cut-off episodes (turn limit) are like the others"
)
ANY = "any error"


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `hazard_by_kind`, a list over events and bins of turns; `at` holds `band_low` and `band_high`."""
    line = played_line(table)
    if line is None:
        return {"hazard_by_kind": []}
    first = first_events(table, line.sample)
    events = {ANY: first.has_erred}
    for place, label in enumerate(first.labels, 1):
        if place > first.n_error_kinds or first.n_error_kinds > 1:
            events[label.replace("_", " ")] = first.event == place
    points = [
        point
        for event, has in events.items()
        for point in binned_hazards(first.last, has, first.instance, METHOD, {"event": event})
    ]
    return line.mark({"hazard_by_kind": points})


def charts(estimates: Estimates) -> list[Chart]:
    """Return the hazards with their simultaneous bands."""
    alt_text = "chance per turn that an episode without an event yet has this one; the bands hold whole curves."
    series = tuple(with_bands(line) for line in series_along(estimates, "hazard_by_kind", by="event"))
    chart = Chart("hazard_by_kind", "Hazard by kind", alt_text, "turn", "hazard per turn", "line", series, rank=71)
    return [with_assumption(chart, estimates, "hazard_by_kind")]
