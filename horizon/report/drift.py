"""Drift in the report: natural - fresh of the right reply's log-likelihood by turn, and both by themselves.

Reads what `horizon drift` left beside the runs; computes no likelihood.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from horizon.analysis.chart import Chart, Series
from horizon.analysis.drift import ALL, UNERRED, DriftEstimates, drift
from horizon.core.estimator import Estimate
from horizon.report.banded_points import banded_series
from horizon.report.damaged_files import read_whole
from horizon.runs.drift_file import Drift, read_drift
from horizon.runs.run_data import RunData

_NOTE = "Assumes that the reference answer in its usual form represents all right replies."


def drift_charts(runs: Sequence[RunData]) -> list[Chart]:
    """Return two figures for each run that was scored: the difference by selection of turns, and the two levels."""
    scored = [(run, read_whole(partial(read_drift, run.folder))) for run in runs if run.folder is not None]
    known = [(run, file) for run, file in scored if file is not None and file.turns]
    charts: list[Chart] = []
    for number, (run, file) in enumerate(known, 1):
        charts += _charts(run, file, f"-{number}" if len(known) > 1 else "")
    return [chart for chart in charts if chart.series]


def _charts(run: RunData, file: Drift, suffix: str) -> list[Chart]:
    selections = {name: drift(file.turns, name, ends_at_errors=run.ends_at_errors) for name in (ALL, UNERRED)}
    notes = (f"{len(file.turns)} turns of {run.name}.", *_slopes(selections), _NOTE)
    both = selections[ALL]
    return [
        Chart(
            f"drift{suffix}",
            f"Drift of the right reply: {file.model}",
            "Log-likelihood of the right reply after the history minus that without it, by turn.",
            "turn",
            "natural - fresh (nats)",
            "line",
            _series((name, estimates.difference) for name, estimates in selections.items()),
            rank=76,
            notes=notes,
            y_unit="number",
        ),
        Chart(
            f"drift_levels{suffix}",
            f"Log-likelihood of the right reply: {file.model}",
            "Log-likelihood of the right reply after the history and without it, by turn.",
            "turn",
            "log-likelihood (nats)",
            "line",
            _series((("natural", both.natural), ("fresh", both.fresh))),
            rank=77,
            notes=(notes[0], _NOTE),
            y_unit="number",
        ),
    ]


def _series(curves: Iterable[tuple[str, list[Estimate]]]) -> tuple[Series, ...]:
    drawn = (banded_series(name, points, "turn") for name, points in curves)
    return tuple(series for series in drawn if series.points)


def _slopes(selections: Mapping[str, DriftEstimates]) -> list[str]:
    return [
        f"Per doubling of the turn, {name}: {slope.estimate:+.2f} nats [{slope.low:+.2f}, {slope.high:+.2f}]."
        for name, estimates in selections.items()
        for slope in [estimates.slope]
        if slope.estimate is not None and slope.low is not None and slope.high is not None
    ]
