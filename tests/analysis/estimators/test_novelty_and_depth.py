"""Claims about curves by novelty and depth: counts worked by hand, a known slope recovered, empty where nothing is."""

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_turns

from horizon.analysis.columns import add_digests
from horizon.analysis.estimators import depth, novelty
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate


def listed(found: Estimate | list[Estimate]) -> list[Estimate]:
    assert isinstance(found, list)
    return found


def puzzles(n_episodes: int = 40, slope: float = 0.5, seed: int = 0) -> pl.DataFrame:
    """Return three-move puzzles whose error rate is 0.2 + slope * novelty at every turn; depth counts down from 3."""
    generator = np.random.default_rng(seed)
    value = np.repeat(generator.random(n_episodes).round(3), 3)
    turn = np.tile([1, 2, 3], n_episodes)
    is_error = generator.random(3 * n_episodes) < 0.2 + slope * value
    return pl.DataFrame(
        {
            "run_id": "r",
            "episode_id": [f"e{at // 3:04d}" for at in range(3 * n_episodes)],
            "environment": "puzzle",
            "seed": np.arange(3 * n_episodes) // 3,
            "model": "m",
            "condition": "natural",
            "turn": turn,
            "error": np.where(is_error, "wrong", "none"),
            "extra": [f'{{"novelty":{at},"depth":{4 - when}}}' for at, when in zip(value, turn, strict=True)],
        }
    )


def test_each_depth_has_the_error_rate_of_its_turns() -> None:
    turns = puzzles()
    found = listed(depth.estimates(load_table(turns))["error_by_depth"])
    assert [each.at["depth"] for each in found] == [1, 2, 3]
    for each, turn in zip(found, (3, 2, 1), strict=True):
        wrong = turns.filter(turn=turn)["error"].to_numpy() == "wrong"
        assert each.estimate == pytest.approx(wrong.mean())
        assert each.n_turns == 40


def test_fifths_by_novelty_hold_a_fifth_of_the_turns_each_and_all_of_them_together() -> None:
    found = listed(novelty.estimates(load_table(puzzles()))["error_by_novelty"])
    assert len(found) == 5
    assert sum(each.n_turns for each in found) == 120
    assert all(20 <= each.n_turns <= 28 for each in found)
    edges = [float(str(each.at[name])) for each in found for name in ("first_novelty", "last_novelty")]
    assert edges == sorted(edges)


@pytest.mark.long
def test_the_slope_on_novelty_covers_the_known_one() -> None:
    held = 0
    for seed in range(200):
        found = listed(novelty.estimates(load_table(puzzles(60, 0.5, seed)))["novelty_slope"])[0]
        assert found.low is not None and found.high is not None
        held += found.low <= 0.5 <= found.high
    assert 0.91 <= held / 200 <= 0.985


def test_positions_of_one_novelty_make_one_bin_without_a_slope() -> None:
    turns = puzzles().with_columns(extra=pl.lit('{"novelty":0.25}'))
    found = novelty.estimates(load_table(turns))
    assert [each.at["novelty"] for each in listed(found["error_by_novelty"])] == [0.25]
    assert found["novelty_slope"] == []


def test_runs_without_novelty_or_depth_have_no_such_curve() -> None:
    table = load_table(simulated_turns(4, 4))
    assert novelty.estimates(table) == {"error_by_novelty": [], "novelty_slope": []}
    assert depth.estimates(table) == {"error_by_depth": []}


def test_numbers_are_read_from_keys_and_never_from_what_a_reply_spells() -> None:
    extra = [
        '{"novelty":0.25,"depth":2}',
        '{"novelty": 1e-3, "depth": 12.0}',
        '{"attempts":[{"reply":"{\\"novelty\\":0.9}"}]}',
        '{"novelty":null,"themes":["depth"]}',
        None,
    ]
    found = add_digests(pl.DataFrame({"extra": extra}))
    assert found["novelty"].to_list() == [0.25, 0.001, None, None, None]
    assert found["depth"].to_list() == [2.0, 12.0, None, None, None]


def test_equal_texts_have_equal_codes_in_any_table_and_null_has_none() -> None:
    one = add_digests(pl.DataFrame({"state": ["a", "b"], "action": ["e2e4", None]}))
    other = add_digests(pl.DataFrame({"state": ["c", "a"], "action": [None, "e2e4"]}))
    assert one["state_code"][0] == other["state_code"][1] != one["state_code"][1]
    assert one["action_code"].to_list() == [other["action_code"][1], 0]
    assert one["action_code"][0] != 0
