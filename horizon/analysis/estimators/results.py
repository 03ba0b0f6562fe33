"""How the episodes ended: the share of each outcome against each opponent."""

from collections import Counter

from horizon.analysis.stats.intervals import Interval
from horizon.analysis.stats.shares import wilson
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate

METHOD = "share of finished episodes, Wilson's interval"


def estimate(table: TurnTable, opponent: str | None) -> list[Estimate]:
    """Return the share of each outcome among the episodes against an opponent, most frequent first."""
    facts = table.episodes
    outcomes = [
        outcome
        for outcome, other in zip(facts.outcome, facts.opponent, strict=True)
        if other == opponent and outcome is not None
    ]
    points = []
    for outcome, count in Counter(sorted(outcomes)).most_common():
        low, high = wilson(count / len(outcomes), len(outcomes))
        at = {"outcome": outcome, "opponent": opponent, "count": count}
        interval = Interval(count / len(outcomes), float(low), float(high), 0.0)
        points.append(interval.as_estimate(len(outcomes), 0, METHOD, at=at))
    return points


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `results`, a list over opponents and outcomes; empty without an episodes table."""
    return {"results": [point for opponent in table.values("opponent") for point in estimate(table, opponent)]}
