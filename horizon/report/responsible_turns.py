"""Maps of responsible turns in the report: the memory of harm as a figure, and the effects for the episode viewer.

Reads what `horizon attribute` left beside the runs; computes no likelihood.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from horizon.analysis.chart import Chart
from horizon.analysis.memory_of_harm import memory_of_harm
from horizon.report.banded_points import banded_series
from horizon.report.damaged_files import read_whole
from horizon.runs.attribution_file import Attribution, read_attribution
from horizon.runs.run_data import RunData

_VERBS = {"heal": "healed", "hide": "hidden"}
_NOTE = "Assumes that the sampled errors are like the others; later turns stay as they were played."


def harm_charts(runs: Sequence[RunData]) -> list[Chart]:
    """Return a figure for each run and edit that was mapped: the mean effect of an earlier turn by lag."""
    charts = []
    mapped = [(run, attribution) for run in runs for attribution in _attributions(run)]
    for number, (run, attribution) in enumerate(mapped, 1):
        verb = _VERBS[attribution.edit]
        series = []
        for erred, name in ((True, "wrong turn"), (False, "right turn")):
            points = memory_of_harm(attribution.maps, erred=erred)
            curve = banded_series(f"{name} {verb}", points, "lag")
            if curve.points:
                series.append(curve)
        charts.append(
            Chart(
                f"memory_of_harm-{number}" if len(mapped) > 1 else "memory_of_harm",
                f"Memory of harm, earlier turns {verb}: {attribution.model}",
                f"Gain in log-likelihood of the right reply when one earlier turn is {verb}, by turns ago.",
                "turns ago",
                "gain in log-likelihood (nats)",
                "line",
                tuple(series),
                rank=75,
                notes=(f"{len(attribution.maps)} errors of {run.name}.", _NOTE),
                y_unit="number",
            )
        )
    return [chart for chart in charts if chart.series]


def effects_of(run: RunData) -> Mapping[tuple[str, int], list[dict[str, Any]]]:
    """Return the effects on each mapped error by (episode, turn): the earlier turns, as the viewer shows them."""
    effects: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for attribution in _attributions(run):
        for error in attribution.maps:
            cells = [
                [earlier.turn, round(earlier.effect, 3)] for earlier in error.effects if math.isfinite(earlier.effect)
            ]
            if cells:
                effects.setdefault((error.episode_id, error.turn), []).append(
                    {"edit": _VERBS[attribution.edit], "cells": cells}
                )
    return effects


def _attributions(run: RunData) -> list[Attribution]:
    if run.folder is None:
        return []
    read = (read_whole(partial(read_attribution, run.folder, edit)) for edit in _VERBS)
    return [attribution for attribution in read if attribution is not None and attribution.maps]
