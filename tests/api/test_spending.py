"""Claims about `horizon.play` with prices and a limit: the cost is that of the tokens, and a stop is resumable."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import horizon
from horizon.core.errors import UsageError
from horizon.play import session
from horizon.play.budget import Spending
from horizon.report.spending import spending_lines
from horizon.runs import run_folder
from horizon.runs.prices import as_price_list
from horizon.scenarios.scenario import make

MODEL = "synthetic:hazard=0.3,tokens=0.001"
UNIT = {"input": 1e6, "output": 1e6}
"""One unit of money for each token."""
KEYS: dict[str, Any] = {"model": MODEL, "episodes": 4, "turns": 5, "conditions": ("natural",), "live_episodes": 2}


def spending(run: horizon.Run) -> dict[str, Any]:
    (total,) = run.analyze().to_dict()["spending"]
    return dict(total)


@pytest.mark.parametrize("prices", [UNIT, {MODEL: UNIT}])
def test_a_run_in_memory_costs_what_its_tokens_cost(prices: dict[str, Any]) -> None:
    run = horizon.play("running_total", prices=prices, **KEYS)
    tokens = run.turns.select(pl.col("context_tokens").sum() + pl.col("completion_tokens").sum()).item()
    assert spending(run)["cost"] == tokens > 0
    assert run.warnings == ()


def test_a_limit_stops_a_run_in_memory_and_in_a_folder_alike_and_the_folder_is_resumed_to_the_end(
    tmp_path: Path,
) -> None:
    whole = horizon.play("running_total", prices=UNIT, **KEYS)
    limit = spending(whole)["cost"] / 3
    cut = horizon.play("running_total", prices=UNIT, max_cost=limit, **KEYS)
    stored = horizon.play("running_total", prices=UNIT, max_cost=limit, out=tmp_path / "run", **KEYS)
    for run in (cut, stored):
        assert 0 < run.turns.height < whole.turns.height
        assert spending(run)["cost"] >= limit
        assert [warning.partition(":")[0] for warning in run.warnings] == [f"stopped at max_cost {limit:g}"]
    assert cut.turns["reply"].to_list() == stored.turns["reply"].to_list()
    assert f"horizon play --resume --out {tmp_path / 'run'} --max-cost" in stored.warnings[0]
    options = session.RunOptions(resume=True, spending=Spending(as_price_list(UNIT), 10 * limit))
    session.run(make({"environment": "running_total", **KEYS}, "test"), tmp_path / "run", options)
    assert run_folder.read_turns(tmp_path / "run")["reply"].to_list() == whole.turns["reply"].to_list()


def test_the_line_of_the_cost_names_opponents_whose_tokens_are_not_counted() -> None:
    keys = {**KEYS, "episodes": 1, "turns": 2, "judge_engine": "none", "prices": UNIT}
    for opponent, names in (("random", False), (MODEL, True)):
        (line,) = spending_lines(horizon.play("chess", opponent=opponent, **keys).analyze())[-1:]
        assert (f"not counted: the tokens of the opponent {MODEL}" in line) is names


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"max_cost": 1.0}, "max_cost needs prices"),
        ({"max_cost": 0, "prices": UNIT}, "max_cost=0 is no limit: give an amount above 0"),
        ({"max_cost": "1", "prices": UNIT}, "max_cost='1' is no limit"),
        ({"prices": {"input": 0.1}}, "prices has no output"),
        ({"prices": {"input": -1, "output": 1}}, "prices: input -1 is no price"),
        ({"max_cost": 1.0, "prices": {"openai:other": UNIT}}, "has no prices for 'synthetic"),
    ],
)
def test_prices_and_limits_that_can_not_be_kept_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        horizon.play("running_total", **KEYS, **keys)
