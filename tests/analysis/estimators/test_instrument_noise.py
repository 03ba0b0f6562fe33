"""Claims about the noise of the instrument: the binomial's own flip rate and intraclass correlation come out."""

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_turns

from horizon.analysis.estimators import instrument_noise
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate

ARMS = ("natural", "repeat:1", "repeat:2", "fresh")


def figures(turns: pl.DataFrame) -> dict[str, Estimate]:
    answers = instrument_noise.estimates(load_table(turns))["instrument_noise"]
    assert isinstance(answers, list)
    return {str(each.at["figure"]): each for each in answers}


def with_rates(rates: np.ndarray, seed: int = 1) -> pl.DataFrame:
    """Return 200 episodes of one turn whose verdicts are drawn at these error rates, (200,), under every condition."""
    turns = simulated_turns(200, 1, conditions=ARMS)
    draws = np.random.default_rng(seed).random(turns.height)
    wrong = pl.Series(draws < rates[turns["seed"].to_numpy()])
    return turns.with_columns(error=pl.when(wrong).then(pl.lit("wrong")).otherwise(pl.lit("none")))


def test_without_noise_nothing_differs_and_all_variance_is_between_states() -> None:
    noise = figures(with_rates((np.arange(200) % 4 == 0).astype(float)))
    assert noise["verdict differs"].estimate == 0 and noise["icc"].estimate == pytest.approx(1)


def test_pure_noise_differs_as_two_draws_do_and_has_no_variance_between_states() -> None:
    # P(two draws differ) = 2 p (1 - p) = 0.42.
    noise = figures(with_rates(np.full(200, 0.3), seed=2))
    differs, correlation = noise["verdict differs"], noise["icc"]
    assert differs.low < 0.42 < differs.high  # type: ignore[operator]
    assert correlation.low < 0 < correlation.high  # type: ignore[operator]


def test_the_interval_of_the_correlation_holds_the_truth_in_nearly_all_studies() -> None:
    # Half of the states err at 0.1 and half at 0.9: 1 - 0.18 / 0.5 = 0.64.
    rates = np.where(np.arange(200) % 2, 0.1, 0.9)
    held = [figures(with_rates(rates, seed))["icc"] for seed in range(40)]
    assert sum(each.low < 0.64 < each.high for each in held) >= 34  # type: ignore[operator]


def test_what_a_condition_changes_is_beside_the_noise_of_the_same_states() -> None:
    turns = with_rates(np.full(200, 0.0))
    wrong = pl.when(pl.col("condition") == "fresh").then(pl.lit("wrong")).otherwise(pl.lit("none"))
    noise = figures(turns.with_columns(error=wrong))
    assert noise["verdict differs from fresh"].estimate == 1 and noise["verdict differs"].estimate == 0


def test_runs_without_repetitions_have_no_figure() -> None:
    assert instrument_noise.estimates(load_table(simulated_turns(4, 4))) == {}
