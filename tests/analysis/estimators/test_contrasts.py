"""Claims about contrasts: scipy's paired test on shared states, never a difference of rates over unlike turns."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from simulated_turns import simulated_turns

from horizon.analysis.analysis import as_json
from horizon.analysis.estimators import contrasts
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate

ARMS = ("natural", "fresh", "padded", "healed", "foreign", "corrupted:0.25", "corrupted:0.75", "window:4")


def by_name(estimates: Estimate | list[Estimate]) -> dict[str, Estimate]:
    assert isinstance(estimates, list)
    return {str(each.at["name"]): each for each in estimates}


def test_every_contrast_of_the_design_is_there_by_name() -> None:
    table = load_table(simulated_turns(20, 8, conditions=ARMS))
    plain = as_json(contrasts.estimates(table))["contrasts"]
    assert set(plain) == {
        "natural-fresh",
        "natural-healed",
        "natural-foreign",
        "foreign-fresh",
        "padded-fresh",
        "healed-padded",
        "corrupted:0.25-healed",
        "corrupted:0.75-healed",
        "natural-window:4",
    }
    assert {"estimate", "low", "high", "n_episodes", "n_turns", "method"} <= set(plain["natural-healed"])


def test_with_one_turn_an_episode_a_contrast_is_the_paired_t_test_with_a_pair_lost_and_a_pair_won_more() -> None:
    turns = simulated_turns(60, 1, hazard=0.4, conditions=("natural", "healed"))
    contrast = by_name(contrasts.estimates(load_table(turns))["contrasts"])["natural-healed"]
    natural, healed = (
        (~turns.filter(condition=name).sort("seed")["correct"]).cast(pl.Int64).to_numpy()
        for name in ("natural", "healed")
    )
    one, other = np.append(natural, [1, 0]), np.append(healed, [0, 1])
    centre = np.mean(one) - np.mean(other)
    reach = stats.t.ppf(0.975, 59) * centre / stats.ttest_rel(one, other).statistic
    assert contrast.estimate == pytest.approx(np.mean(natural) - np.mean(healed))
    assert (contrast.low, contrast.high) == pytest.approx((centre - reach, centre + reach))


def test_only_shared_states_count() -> None:
    # Odd turns are hard and even ones easy, whatever the history; only even turns were posed healed.
    turns = simulated_turns(40, 10, conditions=("natural", "healed"))
    hard = pl.col("turn") % 2 == 1
    turns = turns.with_columns(error=pl.when(hard).then(pl.lit("wrong")).otherwise(pl.lit("none")))
    turns = turns.filter((pl.col("condition") == "natural") | ~hard)
    contrast = by_name(contrasts.estimates(load_table(turns))["contrasts"])["natural-healed"]
    assert contrast.estimate == 0
    assert contrast.n_turns == 40 * 5


def test_a_contrast_that_was_not_played_names_what_to_add() -> None:
    named = by_name(contrasts.estimates(load_table(simulated_turns(5, 4)))["contrasts"])
    assert named["natural-healed"].note == "condition healed was not played: add --condition healed"
    assert named["natural-fresh"].estimate is not None


def test_along_the_turns_a_collapse_shows_in_the_turn_where_it_happens() -> None:
    turns = simulated_turns(60, 8, hazard=0.2, conditions=("natural", "healed"))
    draw = np.random.default_rng(0)
    collapsed = (pl.col("condition") == "natural") & (pl.col("turn") >= 3) & pl.lit(draw.random(turns.height) < 0.75)
    turns = turns.with_columns(error=pl.when(collapsed).then(pl.lit("wrong")).otherwise(pl.col("error")))
    points = contrasts.estimates(load_table(turns))["contrasts_by_turn"]
    assert isinstance(points, list)
    by_turn = {each.at["turn"]: each for each in points if each.at["contrast"] == "natural - healed"}
    assert (by_turn[2].low or 0) < 0 < (by_turn[2].high or 0)
    assert all((by_turn[turn].low or 0) > 0.2 for turn in range(3, 9))
