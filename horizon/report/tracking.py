"""What an experiment tracker gets of an analysis: parameters, figures, curves and the page, one record per group.

A tracker is a module of `horizon.trackers`, or of another package's entry point in the group of that name, with
`TRACKER`, a function from a record to the place where it was logged, and perhaps `check`, which refuses a missing
package. It runs last, and what it raises is reported in one line: a run is never lost to its tracker.
"""

import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import points_of
from horizon.core import registry
from horizon.core.errors import ContractError
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate
from horizon.core.parameters import Value
from horizon.runs.run_data import RunData

_LONGEST = 300
"""Characters of a failure's reason."""
_AXIS = "turn"


@dataclass(frozen=True, slots=True)
class TurnCurve:
    """A curve along turns: its name, such as `error_by_turn/natural`, and at each turn figure, low and high end."""

    name: str
    points: tuple[tuple[int, float, float | None, float | None], ...]


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """One model in one setting, as a tracker logs it.

    `figures` are single estimates with the ends of their intervals as `NAME_low` and `NAME_high`.
    """

    name: str
    parameters: dict[str, Value]
    figures: dict[str, float]
    curves: tuple[TurnCurve, ...]
    page: Path


Tracker = Callable[[LoggedRun], str]
"""Logs a record and returns where it is."""


def check_trackers(names: Sequence[str]) -> None:
    """Check that trackers can be used, before anything is played.

    Raises:
        UsageError: there is no such tracker, or its package is not installed.
        PluginError, ContractError: another package's tracker is broken.
    """
    for name in names:
        module = registry.load("trackers", name)
        if not callable(getattr(module, "TRACKER", None)):
            raise ContractError(f"tracker {name}: {module.__name__} has no function TRACKER")
        getattr(module, "check", lambda: None)()


def log_analysis(names: Sequence[str], analysis: Analysis, page: Path) -> list[str]:
    """Log an analysis to every tracker, and return a line for each: where it is, or why it is not."""
    records = [_record(group, analysis.runs, page) for group in analysis.groups]
    return [line for name in names for line in _log(name, records)]


def _log(name: str, records: Sequence[LoggedRun]) -> list[str]:
    tracker = registry.load("trackers", name).TRACKER
    places = []
    for record in records:
        try:
            # Trackers greet on standard output, which is for data.
            with contextlib.redirect_stdout(sys.stderr):
                places.append(str(tracker(record)))
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - whatever a tracker raises, the run is complete
            reason = f"{type(problem).__name__}: {problem}".split("\n")[0][:_LONGEST]
            return [
                *_lines(name, places),
                visible(
                    f"not logged to {name} ({reason}); the run is complete, log it with: horizon report --log {name}"
                ),
            ]
    return _lines(name, places)


def _lines(name: str, places: Sequence[str]) -> list[str]:
    return [visible(f"logged to {name}: {place}") for place in dict.fromkeys(places)]


def _record(group: Group, runs: Sequence[RunData], page: Path) -> LoggedRun:
    ids = set(group.table.episodes.run_id)
    own = [run for run in runs if not ids.isdisjoint(run.turns["run_id"].unique())]
    parameters: dict[str, Value] = {"model": group.model, "environment": group.environment}
    for run in own[:1]:
        plan: Any = run.manifest.get("plan") or {}
        parameters |= {f"plan.{key}": _plain(value) for key, value in plan.items() if value is not None}
    if group.opponent is not None:
        parameters["opponent"] = group.opponent
    parameters |= {"run_ids": ", ".join(sorted(ids)), "folders": ", ".join(run.name for run in own)}
    parameters |= {
        "n_episodes": group.table.n_episodes,
        "n_turns": sum(s.n_turns for s in group.table.samples.values()),
    }
    figures: dict[str, float] = {}
    for key, estimate in group.estimates.items():
        if isinstance(estimate, Estimate) and estimate.estimate is not None:
            ends = {key: estimate.estimate, f"{key}_low": estimate.low, f"{key}_high": estimate.high}
            figures |= {name: value for name, value in ends.items() if value is not None}
    return LoggedRun(f"{group.model}, {group.setting}", parameters, figures, _curves(group), page)


def _curves(group: Group) -> tuple[TurnCurve, ...]:
    by_name: dict[str, list[tuple[int, float, float | None, float | None]]] = {}
    for point in points_of(group.estimates, "error_by_turn"):
        turn, rate = point.at.get("first_turn", point.at.get(_AXIS)), point.estimate
        if isinstance(turn, int) and rate is not None:
            name = f"error_by_turn/{point.at.get('condition', 'natural')}"
            by_name.setdefault(name, []).append((turn, rate, point.low, point.high))
    return tuple(TurnCurve(name, tuple(points)) for name, points in by_name.items())


def _plain(value: Any) -> Value:
    return value if isinstance(value, bool | int | float | str) else json.dumps(value, ensure_ascii=False)
