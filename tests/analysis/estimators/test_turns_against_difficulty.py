"""Claims about turns against difficulty: a planted rise is found, and harder positions alone are no rise."""

import json

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from horizon.analysis.estimators.turns_against_difficulty import estimates
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate


def games(
    draw: np.random.Generator, slope: float = 0.0, effect: float = 1.0, spread: float = 0.0, n: int = 60
) -> pl.DataFrame:
    """Return games of 20 turns whose positions get harder; the log odds of an error are linear in the difficulty."""
    turn = np.arange(1, 21)
    hard = 0.12 * turn + draw.standard_normal((n, 20))
    logit = -2.0 + effect * hard + slope * np.log2(turn) + spread * draw.standard_normal((n, 1))
    wrong = draw.random((n, 20)) < 1 / (1 + np.exp(-logit))
    episode, place = (part.ravel() for part in np.indices((n, 20)))
    return pl.DataFrame(
        {
            "run_id": "r",
            "episode_id": [f"e{number:03d}" for number in episode],
            "environment": "chess-v1",
            "seed": episode,
            "model": "m",
            "condition": "natural",
            "turn": place + 1,
            "error": np.where(wrong.ravel(), "wrong", "none"),
            "extra": [json.dumps({"difficulty": value}) for value in hard.ravel()],
        }
    )


def rows(table: TurnTable) -> dict[str, Estimate]:
    found = estimates(table)["turns_against_difficulty"]
    assert isinstance(found, list)
    return {str(row.at["held"]): row for row in found}


def test_harder_positions_alone_look_like_a_rise_until_they_are_held() -> None:
    draw, n_falsely_above = np.random.default_rng(1), 0
    for _ in range(10):
        found = rows(load_table(games(draw, spread=1.0)))
        before, after = found["before"], found["after"]
        assert before.low is not None and before.low > 1
        assert after.low is not None and after.high is not None
        n_falsely_above += after.low > 1
        assert after.estimate == pytest.approx(1.0, abs=0.45)
    assert n_falsely_above <= 2


def test_a_planted_rise_per_doubling_is_within_its_interval_after() -> None:
    draw, n_held = np.random.default_rng(2), 0
    for _ in range(10):
        after = rows(load_table(games(draw, slope=0.5)))["after"]
        assert after.low is not None and after.high is not None
        n_held += after.low <= np.exp(0.5) <= after.high
    assert n_held >= 8


def test_before_is_the_logistic_regression_of_statsmodels_on_the_turn_alone() -> None:
    frame = games(np.random.default_rng(3), n=400)
    peer = sm.Logit(
        (frame["error"] == "wrong").to_numpy().astype(float), sm.add_constant(np.log2(frame["turn"].to_numpy()))
    ).fit(disp=0)
    assert rows(load_table(frame))["before"].estimate == pytest.approx(float(np.exp(peer.params[1])), rel=1e-3)


def test_without_covariates_the_turn_has_no_after_and_the_note_says_why() -> None:
    found = rows(load_table(games(np.random.default_rng(4)).drop("extra")))
    assert found["before"].estimate is not None
    assert found["after"].estimate is None
    assert "no covariate" in str(found["after"].note)


def test_games_that_end_at_their_first_error_are_noted() -> None:
    frame = games(np.random.default_rng(5))
    first = pl.col("turn").filter(pl.col("error") != "none").min().over("episode_id").fill_null(99)
    found = rows(load_table(frame.filter(pl.col("turn") <= first)))
    assert "end at their first error" in str(found["after"].note)
