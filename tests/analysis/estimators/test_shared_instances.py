"""Claims about what is one sample: copies of an instance widen no evidence, and unlike plans are never pooled."""

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analyze import analyze_table, table_of
from horizon.analysis.compare_runs import compare_data
from horizon.analysis.estimators import regression, self_conditioning, smooth, survival
from horizon.analysis.power import spread
from horizon.analysis.run_plans import plan_text
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.errors import UsageError
from horizon.core.estimator import Estimate
from horizon.runs.run_data import RunData

ARMS = ("natural", "fresh", "healed")
PLAN = {"environment": "running_total-v1", "model": "m", "seed": 0, "episodes": 12, "turns": 15, "temperature": 0.0}


def against(n_opponents: int) -> TurnTable:
    """Return the same turns played against each opponent: as much evidence as one opponent gives."""
    turns = simulated_turns(24, 15, hazard=0.2, conditioning=0.3, conditions=ARMS)
    episodes = simulated_episodes(turns).drop("opponent", strict=False)
    rows, ends = [], []
    for place in range(n_opponents):
        name = pl.col("episode_id") + f"-{place}"
        rows.append(turns.with_columns(name))
        ends.append(episodes.with_columns(name, opponent=pl.lit(f"o{place}")))
    return load_table(pl.concat(rows), pl.concat(ends))


def width(figure: Estimate | list[Estimate], is_ratio: bool = False) -> float:
    one = figure[0] if isinstance(figure, list) else figure
    assert one.low is not None and one.high is not None
    return float(np.log(one.high / one.low)) if is_ratio else one.high - one.low


@pytest.mark.parametrize(
    ("name", "least"), [("self_conditioning", 0.9), ("regression", 0.9), ("smooth_by_turn", 0.85), ("survival", 0.9)]
)
def test_an_instance_played_against_four_opponents_is_one_cluster(name: str, least: float) -> None:
    module = {"self_conditioning": self_conditioning, "regression": regression, "smooth_by_turn": smooth}
    is_ratio = name in ("self_conditioning", "regression")
    one, four = (
        width(module.get(name, survival).estimates(against(count))[name], is_ratio)  # type: ignore[attr-defined]
        for count in (1, 4)
    )
    # Four times the evidence would halve the width.
    assert four > least * one


def test_a_pilot_of_one_instance_each_against_four_opponents_has_the_spread_of_instances() -> None:
    assert spread(against(4)).n_episodes == spread(against(1)).n_episodes == 24


def run(folder: str, plan: dict[str, object], seed: int = 0) -> RunData:
    turns = simulated_turns(12, 15, hazard=0.2, conditions=("natural", "fresh"), model="m", seed=seed)
    turns = turns.with_columns(run_id=pl.lit(folder), state=pl.lit("s"))
    return RunData(None, {"plan": plan}, turns, simulated_episodes(turns))


def test_runs_of_another_temperature_are_groups_of_their_own_that_name_it() -> None:
    runs = [run("a", PLAN), run("b", {**PLAN, "temperature": 0.7}, 1), run("c", {**PLAN, "seed": 5, "episodes": 9}, 2)]
    analysis = analyze_table(table_of(runs), runs)
    assert {group.differs_in: group.table.n_episodes for group in analysis.groups} == {
        "temperature=0.0": 24,
        "temperature=0.7": 12,
    }
    assert all(group.differs_in in group.setting for group in analysis.groups)
    assert [group["differs_in"] for group in analysis.to_dict()["groups"]] == ["temperature=0.0", "temperature=0.7"]


def test_compare_refuses_a_side_of_unlike_plans() -> None:
    runs = [run("a", PLAN), run("b", {**PLAN, "on_error": "stop"}, 1)]
    with pytest.raises(UsageError, match=r"different plans .*on_error=stop"):
        compare_data(runs, [run("c", PLAN, 2)])


def test_speed_and_seed_are_no_difference_of_plans() -> None:
    assert plan_text(PLAN) == plan_text({**PLAN, "seed": 9, "episodes": 1, "model": "n", "batch_size": 64})
    assert plan_text(PLAN) != plan_text({**PLAN, "max_tokens": 8})
