"""Claims about equivalence: the p value is statsmodels', and few episodes never show that there is no effect."""

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_turns
from statsmodels.stats.weightstats import ttost_paired

from horizon.analysis.equivalence_test import MARGIN
from horizon.analysis.estimators import equivalence
from horizon.analysis.turn_table import load_table


def test_with_one_turn_an_episode_it_is_the_paired_tost_of_statsmodels() -> None:
    turns = simulated_turns(80, 1, hazard=0.3, conditions=("natural", "healed"))
    tests = equivalence.estimates(load_table(turns))["equivalence"]
    assert isinstance(tests, list)
    flags = [
        (~turns.filter(condition=name).sort("seed")["correct"]).cast(pl.Float64).to_numpy()
        for name in ("natural", "healed")
    ]
    p, _, _ = ttost_paired(*flags, -MARGIN, MARGIN)
    assert tests[0].at["name"] == "natural-healed"
    # The contrast's own interval may count a pair more each way.
    assert float(str(tests[0].at["p"])) == pytest.approx(p, abs=0.02)


def test_many_turns_without_an_effect_are_equivalent_and_few_are_not() -> None:
    many, few = (
        equivalence.estimates(load_table(simulated_turns(size, 20, hazard=0.1)))["equivalence"] for size in (400, 6)
    )
    assert isinstance(many, list) and isinstance(few, list)
    assert many[0].at["is_equivalent"] is True
    assert few[0].at["is_equivalent"] is False


@pytest.mark.long
def test_an_effect_at_the_margin_is_called_none_in_a_twentieth_of_studies() -> None:
    called = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        turns = simulated_turns(30, 10, seed=seed)
        chance = pl.Series(np.where(turns["condition"] == "natural", 0.15, 0.10))
        error = np.where(draw.random(turns.height) < chance.to_numpy(), "wrong", "none")
        tests = equivalence.estimates(load_table(turns.with_columns(error=pl.Series(error))))["equivalence"]
        assert isinstance(tests, list)
        called += tests[0].at["is_equivalent"] is True
    # 10 of 200 are expected at most; more than 19 happens once in 300 times.
    assert called <= 19
