"""Estimators of other packages: run like Horizon's own, drawn by their own charts, refused when they break a rule."""

from pathlib import Path

import polars as pl
import pytest
from installed_package import install
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analyze import analyze_table, estimate_all
from horizon.analysis.chart import Chart
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core import registry
from horizon.core.errors import ContractError
from horizon.report.chart_builders import charts_of

LAST_TURN = '''"""The share of episodes that reach each turn."""
from horizon.analysis.chart import Chart, series_along
from horizon.core.estimator import Estimate


def estimates(table):
    sample = table.sample("natural")
    reached = [int((sample.turn == turn).sum()) for turn in range(1, int(sample.turn.max()) + 1)]
    n = table.n_episodes
    return {
        "reached": [
            Estimate(count / n, None, None, n, count, "share", at={"turn": turn})
            for turn, count in enumerate(reached, 1)
        ]
    }


def charts(estimates):
    series = series_along(estimates, "reached")
    return [Chart("reached", "Episodes that go on", "share by turn.", "turn", "share", "line", series, rank=15)]
'''


@pytest.fixture
def table() -> TurnTable:
    turns = simulated_turns(6, 4, hazard=0.3)
    return load_table(turns, simulated_episodes(turns))


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    install(folder, monkeypatch, {"example_reach": source}, {"horizon.estimators": {"reach": "example_reach"}})


def test_an_estimator_of_another_package_is_run_and_its_chart_has_its_place_on_the_page(
    table: TurnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, monkeypatch, LAST_TURN)
    analysis = analyze_table(table)
    reached = analysis.whole["reached"]
    assert isinstance(reached, list) and [each.estimate for each in reached] == [1.0] * 4
    charts = charts_of(analysis)
    assert [chart.slug for chart in charts[:3]] == ["error_by_turn", "reached", "smooth_by_turn"]
    assert charts[1].title == "Episodes that go on: synthetic, running_total"
    assert charts[1].series[0].places == (1.0, 2.0, 3.0, 4.0)


def test_a_chart_without_a_point_is_left_out(
    table: TurnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, monkeypatch, LAST_TURN.replace("count / n, None", "None, None"))
    assert "reached" not in [chart.slug for chart in charts_of(analyze_table(table))]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "estimator reach: example_reach has no function estimates"),
        ("def estimates(table): return [1]", "estimator reach returned list: return a dict"),
        ("def estimates(table): return {'reached': 0.5}", "estimator reach returned 'reached' = 0.5"),
        ("def estimates(table): return {'reached': [0.5]}", r"estimator reach returned 'reached' = \[0.5\]"),
        ("def estimates(table): return {'error_rate': []}", "'error_rate', as another one does: rename its key"),
    ],
)
def test_an_estimator_that_breaks_the_contract_is_refused_by_name(
    source: str, message: str, table: TurnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, monkeypatch, source)
    with pytest.raises(ContractError, match=message):
        estimate_all(table)


def test_every_shipped_chart_has_a_slug_and_a_rank_of_its_own_and_needs_no_estimate() -> None:
    charts: list[Chart] = []
    for name in registry.names("estimators"):
        module = registry.load("estimators", name)
        charts += module.charts({}) if hasattr(module, "charts") else []
    assert len(charts) >= 15
    assert len({chart.slug for chart in charts}) == len({chart.rank for chart in charts}) == len(charts)
    assert not any(series.points for chart in charts for series in chart.series)


def test_a_table_without_turns_has_no_chart() -> None:
    turns = simulated_turns(2, 2, hazard=0.3).filter(pl.lit(False))
    assert charts_of(analyze_table(load_table(turns))) == []


NERVE = """
COLUMNS = ("nerve",)

from horizon.core.estimator import Estimate


def estimates(table):
    sample = table.sample("natural")
    nerve = sample.take(sample.turn > 2).value("nerve")
    return {"nerve": Estimate(float(nerve.sum()), None, None, table.n_episodes, len(nerve), "sum")}
"""


def test_an_estimator_reads_the_numbers_that_it_names_from_the_extra_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, monkeypatch, NERVE)
    turns = simulated_turns(6, 4, hazard=0.3)
    extra = pl.struct(nerve=pl.col("turn") * 0.5, other=pl.lit(7)).struct.json_encode()
    nerve = estimate_all(load_table(turns.with_columns(extra=extra)))["nerve"]
    # Turns 3 and 4 of 6 episodes, at 0.5 a turn.
    assert getattr(nerve, "estimate", None) == 6 * (1.5 + 2.0)


def test_a_number_that_no_row_holds_is_not_a_number_everywhere(
    table: TurnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, monkeypatch, NERVE.replace("nerve.sum()", "sum(nerve != nerve)"))
    nerve = estimate_all(table)["nerve"]
    assert getattr(nerve, "estimate", None) == 12


def test_an_estimator_may_not_take_the_name_of_a_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, monkeypatch, NERVE.replace('("nerve",)', '("loss",)'))
    with pytest.raises(ContractError, match="estimator reach: COLUMNS has 'loss', a column of every row: rename it"):
        load_table(simulated_turns(6, 4, hazard=0.3))
