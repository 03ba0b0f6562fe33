"""Claims about episodes asked without a history: their course is estimated, under its own name and assumption."""

import polars as pl
import pytest
from simulated_turns import simulated_turns

from horizon.analysis.estimators import (
    competing_events,
    hazard_by_kind,
    parametric_horizon,
    survival,
    turns_against_difficulty,
)
from horizon.analysis.played_line import NO_HISTORY
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate

ESTIMATORS = (survival, competing_events, hazard_by_kind, parametric_horizon, turns_against_difficulty)


def table(condition: str) -> TurnTable:
    turns = simulated_turns(20, 8, hazard=0.05, drift=0.2, conditions=("natural",), seed=1)
    return load_table(turns.with_columns(condition=pl.lit(condition)))


def points(table: TurnTable, estimator: object) -> list[Estimate]:
    answers = estimator.estimates(table).values()  # type: ignore[attr-defined]
    return [point for value in answers for point in (value if isinstance(value, list) else [value])]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_fresh_turns_alone_have_the_figures_of_the_same_turns_called_natural(estimator: object) -> None:
    natural, fresh = points(table("natural"), estimator), points(table("fresh"), estimator)
    assert natural and len(natural) == len(fresh)
    for one, other in zip(natural, fresh, strict=True):
        assert (one.estimate, one.low, one.high) == (other.estimate, other.low, other.high)
        assert NO_HISTORY not in (one.note or "") and "condition" not in one.at
        assert other.note is not None and other.note.endswith(NO_HISTORY)
        assert other.at == {"condition": "fresh", **one.at}


def test_the_assumption_is_beneath_every_figure_of_fresh_turns_and_of_no_other() -> None:
    for condition in ("natural", "fresh"):
        for estimator in ESTIMATORS:
            charts = estimator.charts(estimator.estimates(table(condition)))
            assert all((NO_HISTORY in chart.notes) == (condition == "fresh") for chart in charts)


def test_probes_never_replace_natural_turns() -> None:
    both = simulated_turns(20, 8, hazard=0.2, conditions=("natural", "fresh"), seed=2)
    alone = both.filter(pl.col("condition") == "natural")
    for estimator in (survival, competing_events, hazard_by_kind):
        assert points(load_table(both), estimator) == points(load_table(alone), estimator)
