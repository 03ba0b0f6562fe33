"""Two imported runs that share no game: each model's figures side by side, and where their protocols differ.

Nothing is paired, pooled or judged: the games and opponents differ, and often the rules for illegal moves too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from horizon.analysis.analyze import table_of
from horizon.analysis.estimators import competing_events, error_rate, loss, survival
from horizon.analysis.turn_table import TurnTable
from horizon.core.estimator import Estimate
from horizon.core.parameters import distinguishing_parameters
from horizon.runs.run_data import RunData

_MOST_VALUES = 3
"""Values of a point of the protocol that are listed; the others are counted."""
_NOT_COMPARED = ("episodes", "name")
_OPPONENT = "opponent"
NOTE = (
    "BASE and NEW are imported games and share none, so nothing is paired and no figure has a verdict; rates under "
    "different protocols are not comparable"
)


@dataclass(frozen=True, slots=True)
class SideFigure:
    """One figure of one model under one protocol on one side, over all its opponents."""

    side: str
    model: str
    protocol: str
    figure: str
    estimate: float | None
    low: float | None
    high: float | None
    n_episodes: int
    n_turns: int

    def as_json(self) -> dict[str, Any]:
        """Return the figure as a plain object for JSON."""
        return asdict(self)


def are_apart(base: Sequence[RunData], new: Sequence[RunData], fewest: int) -> bool:
    """Return whether all runs are imported and the sides share fewer games than a comparison needs."""
    if not all("imported" in run.manifest for run in (*base, *new)):
        return False
    seeds = [{seed for run in side for seed in run.turns["seed"].unique()} for side in (base, new)]
    return len(seeds[0] & seeds[1]) < fewest


def side_figures(base: Sequence[RunData], new: Sequence[RunData]) -> Iterator[SideFigure]:
    """Yield the figures of every model and protocol, those of one model together."""
    groups = [
        (model, side, protocol, part)
        for side, runs in (("BASE", base), ("NEW", new))
        for model, protocol, part in _groups(table_of(runs))
    ]
    for model, side, protocol, part in sorted(groups, key=lambda group: group[:3]):
        condition = error_rate.main_condition(part)
        lives, events = survival.estimates(part), competing_events.estimates(part)
        points = {
            "error rate": error_rate.estimate(part, condition),
            "mean loss": loss.estimate(part, condition),
            "H50": lives["h50"],
            "H50 illegal": events["h50_illegal"],
        }
        for figure, point in points.items():
            if isinstance(point, Estimate) and (point.estimate is not None or point.low is not None):
                counts = point.n_episodes, point.n_turns
                yield SideFigure(side, model, protocol, figure, point.estimate, point.low, point.high, *counts)


def protocol_differences(base: Sequence[RunData], new: Sequence[RunData]) -> list[str]:
    """Return the points in which the protocols of the sides differ, as `attempts: 1 -> 5`."""
    sides = [_points(runs) for runs in (base, new)]
    lines = []
    for name in sides[0] | sides[1]:
        values = [side.get(name, []) for side in sides]
        if sorted(values[0]) != sorted(values[1]):
            lines.append(f"{name}: {_words(values[0])} -> {_words(values[1])}")
    return lines


def _groups(table: TurnTable) -> Iterator[tuple[str, str, TurnTable]]:
    """Yield model, its distinguishing protocol settings, and their part of the table, all opponents together."""
    for model in table.values("model"):
        own = table.only("model", model)
        texts = own.episodes.parameters
        distinctions = distinguishing_parameters(dict.fromkeys(texts), leave_out=(_OPPONENT,))
        names = [distinctions[text].replace("protocol.", "") for text in texts]
        for name in sorted(set(names)):
            yield str(model), name, own.choose(np.array([own_name == name for own_name in names], dtype=bool))


def _points(runs: Sequence[RunData]) -> dict[str, list[str]]:
    """Return the values of each point of the protocols of one side."""
    points: dict[str, list[str]] = {}
    for run in runs:
        plan: Mapping[str, Any] = run.manifest["plan"]
        for protocol in plan.get("protocols", ()):
            for name, value in protocol.items():
                if name not in _NOT_COMPARED:
                    _add(points, name, value)
        for name in ("opponent", "colour"):
            values = (plan.get("protocol") or {}).get(name)
            for value in values if isinstance(values, list) else [values]:
                _add(points, name, value)
    return points


def _add(points: dict[str, list[str]], name: str, value: object) -> None:
    text = "not recorded" if value is None else str(value)
    if text not in points.setdefault(name, []):
        points[name].append(text)


def _words(values: Sequence[str]) -> str:
    more = f" and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
    return " | ".join(values[:_MOST_VALUES]) + more if values else "none"
