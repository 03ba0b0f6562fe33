"""Claims about the CSV tables: one row for each estimate, with the columns of the JSON."""

import csv
from pathlib import Path

import polars as pl
import pytest
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.report.csv_tables import write_csv


@pytest.fixture(scope="module")
def two_opponents() -> TurnTable:
    easy, hard = simulated_turns(12, 10, hazard=0.2, seed=1), simulated_turns(12, 10, hazard=0.6, seed=2)
    episodes = pl.concat(
        [simulated_episodes(easy, opponent="random"), simulated_episodes(hard, opponent="stockfish:level=1")]
    )
    return load_table(pl.concat([easy, hard]), episodes)


def test_csv_files_hold_a_row_for_each_estimate(two_opponents: TurnTable, tmp_path: Path) -> None:
    analysis = analyze_table(two_opponents)
    paths = {path.stem: path for path in write_csv(analysis, tmp_path)}
    with paths["error_by_turn"].open() as file:
        rows = list(csv.DictReader(file))
    wanted = sum(len(group["error_by_turn"]) for group in analysis.to_dict()["groups"])
    assert len(rows) == wanted
    assert {row["opponent"] for row in rows} == {"random", "stockfish:level=1"}
