"""Claims about rates, losses, skill, results and the focus gap on tables small enough to reckon by hand."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.condition_contrast import contrast
from horizon.analysis.estimators import aborted_bounds, error_by_turn, error_rate, focus_gap, loss, results, skill
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate


def rows(condition: str, errors: list[list[str]], lost: float | None = None) -> pl.DataFrame:
    """One list of error kinds an episode."""
    return pl.DataFrame(
        [
            {
                "run_id": "r",
                "episode_id": f"e{episode}",
                "environment": "hanoi",
                "parameters": "{}",
                "seed": episode,
                "model": "m",
                "condition": condition,
                "turn": turn + 1,
                "error": kind,
                "loss": lost,
                "random_loss": 0.5,
                "prior_errors": 0,
            }
            for episode, kinds in enumerate(errors)
            for turn, kind in enumerate(kinds)
        ],
        schema_overrides={"loss": pl.Float64},
    )


N, W, U = "none", "wrong", "unparsable"


def test_the_error_rate_counts_every_kind_but_none() -> None:
    table = load_table(rows("natural", [[N, W, U, N], [N, N, N, W]]))
    found = error_rate.estimate(table)
    assert (found.estimate, found.n_episodes, found.n_turns) == (3 / 8, 2, 8)
    kinds = {each.at["kind"]: each.estimate for each in error_rate.kinds(table)}
    assert kinds == {"no_answer": 0, "unparsable": 1 / 8, "illegal": 0, "wrong": 2 / 8} | dict.fromkeys(
        ("truncated", "refusal", "malformed_call"), 0
    )


def test_error_by_turn_counts_the_episodes_still_running() -> None:
    table = load_table(rows("natural", [[W, N, N], [W, W], [N]]))
    found = error_by_turn.estimate(table)
    assert [(each.at["turn"], each.estimate, each.n_turns) for each in found] == [
        (1, 2 / 3, 3),
        (2, 0.5, 2),
        (3, 0, 1),
    ]


def test_the_focus_gap_is_the_paired_t_test_with_a_pair_won_and_a_pair_lost_more() -> None:
    # Ten errors of history against four of the state itself; one turn an episode, so scipy's test is the same thing.
    natural = [[W]] * 10 + [[N]] * 10
    fresh = [[W]] * 4 + [[N]] * 14 + [[W]] * 2
    found = focus_gap.estimate(load_table(pl.concat([rows("natural", natural), rows("fresh", fresh)])))
    assert found.estimate == pytest.approx(0.2)
    test = stats.ttest_rel([1] * 10 + [0] * 10 + [1, 0], [1] * 4 + [0] * 14 + [1] * 2 + [0, 1])
    reach = stats.t.ppf(0.975, 19) * (4 / 22) / test.statistic
    assert (found.low, found.high) == pytest.approx((4 / 22 - reach, 4 / 22 + reach))


def test_a_gap_without_its_condition_says_which_one_is_missing() -> None:
    found = focus_gap.estimate(load_table(rows("natural", [[W, N]])))
    assert found.estimate is None
    assert found.note == "condition fresh was not played: add --condition fresh"


def test_playing_like_a_random_mover_has_no_skill_and_perfect_play_has_all_of_it() -> None:
    random_play, perfect = rows("natural", [[N, N], [N, N]], lost=0.5), rows("natural", [[N, N], [N, N]], lost=0.0)
    assert skill.estimate(load_table(random_play)).estimate == 0
    assert skill.estimate(load_table(perfect)).estimate == 1


def test_ungraded_turns_are_left_out_of_skill_and_counted() -> None:
    table = load_table(pl.concat([rows("natural", [[N, N]], lost=0.25), rows("natural", [[], [W]])]))
    found = skill.estimate(table)
    assert found.estimate == 0.5
    assert found.n_turns == 2
    assert found.note == "1 of 3 turns were not graded and are left out"
    assert skill.estimate(load_table(rows("natural", [[N]]))).estimate is None


def test_results_are_told_by_opponent() -> None:
    turns = simulated_turns(4, 2)
    episodes = simulated_episodes(turns, opponent="random").with_columns(
        outcome=pl.Series(["won", "lost", "won", "aborted"])
    )
    found = results.estimates(load_table(turns, episodes))["results"]
    assert isinstance(found, list)
    assert [(each.at["outcome"], each.at["count"], each.n_episodes) for each in found] == [
        ("won", 2, 3),
        ("lost", 1, 3),
    ]


def test_a_known_hazard_is_recovered_within_the_interval() -> None:
    table = load_table(simulated_turns(200, 30, hazard=0.05, seed=3))
    found = error_rate.estimate(table)
    assert found.low is not None and found.high is not None
    assert found.low < 0.05 < found.high
    assert found.high - found.low < 0.02


def test_losses_are_averaged_over_graded_turns_only() -> None:
    table = load_table(simulated_turns(50, 4, hazard=0.5, seed=1))
    found = loss.by_turn(table)
    by_hand = [table.samples["natural"].loss[table.samples["natural"].turn == turn].mean() for turn in range(1, 5)]
    assert np.allclose([each.estimate for each in found], by_hand)


def test_practice_and_loss_of_focus_sum_to_the_gap_on_the_same_states() -> None:
    arms = ("natural", "fresh", "foreign")
    turns = load_table(simulated_turns(n_episodes=60, hazard=0.2, conditioning=0.3, conditions=arms, seed=3))
    gap, practice, loss = (
        contrast(turns, one, other, third)
        for one, other, third in (
            ("natural", "fresh", "foreign"),
            ("foreign", "fresh", "natural"),
            ("natural", "foreign", "fresh"),
        )
    )
    assert gap.estimate is not None and practice.estimate is not None and loss.estimate is not None
    assert practice.estimate + loss.estimate == pytest.approx(gap.estimate)
    # Only the model's own errors harm it here, so that all of the gap is loss of focus.
    assert practice.low is not None and practice.high is not None and practice.low <= 0 <= practice.high
    assert loss.low is not None and loss.low > 0


def test_the_slope_of_the_gap_is_least_squares_on_doublings_of_turns() -> None:
    turns = simulated_turns(n_episodes=60, hazard=0.1, drift=0.2, seed=4)
    found = focus_gap.slope(load_table(turns))
    keys = ["episode_id", "turn"]
    natural, fresh = (
        turns.filter(condition=name).sort(keys).select(*keys, error=~pl.col("correct"))
        for name in ("natural", "fresh")
    )
    paired = natural.join(fresh, on=keys, suffix="_fresh")
    differences = paired["error"].cast(float) - paired["error_fresh"].cast(float)
    peer = stats.linregress(np.log2(paired["turn"].to_numpy()), differences.to_numpy())
    assert found.estimate == pytest.approx(peer.slope)
    assert found.low is not None and found.low > 0


def test_skill_is_told_by_thirds_of_difficulty() -> None:
    found = skill.by_difficulty(load_table(simulated_turns(n_episodes=40)))
    assert [each.at["difficulty"] for each in found] == list(skill.STRATA)
    assert sum(each.n_turns for each in found) == 40 * 20


def test_the_natural_rate_beside_a_probe_is_that_of_the_probed_states() -> None:
    # Odd turns are easy and even ones hard; only the even ones were probed: natural is 50 % over all, 100 % there.
    episode, turn = (part.ravel() + 1 for part in np.indices((6, 10)))
    rows = pl.DataFrame(
        {
            "run_id": "r",
            "episode_id": [f"e{number}" for number in episode],
            "environment": "hanoi-v1",
            "seed": episode,
            "model": "m",
            "condition": "natural",
            "turn": turn,
            "error": np.where(turn % 2 == 0, "wrong", "none"),
        }
    )
    probed = rows.filter(pl.col("turn") % 2 == 0).with_columns(condition=pl.lit("fresh"))
    table = load_table(pl.concat([rows, probed]))
    rates = error_rate.estimates(table)
    there = rates["natural_on_probed_states"]
    assert isinstance(there, list)
    assert [(point.at["condition"], point.estimate, point.n_turns) for point in there] == [("fresh", 1.0, 30)]
    assert isinstance(rates["error_rate"], Estimate) and rates["error_rate"].estimate == 0.5
    curve = error_by_turn.estimates(table)["natural_where_probed"]
    assert isinstance(curve, list)
    assert {point.estimate for point in curve} == {1.0}
    whole = load_table(pl.concat([rows, rows.with_columns(condition=pl.lit("fresh"))]))
    assert error_by_turn.estimates(whole)["natural_where_probed"] == []


def test_skill_never_leaves_its_range_and_ungraded_replies_bound_it() -> None:
    # 99 of 100 replies are no move; the one move is perfect. Skill alone says 1.0.
    draw = np.random.default_rng(0)
    episode, turn = (part.ravel() for part in np.indices((20, 10)))
    is_graded = draw.random(200) < 0.1
    frame = pl.DataFrame(
        {
            "run_id": "r",
            "episode_id": [f"e{number:02d}" for number in episode],
            "environment": "chess-v1",
            "seed": episode,
            "model": "m",
            "condition": "natural",
            "turn": turn + 1,
            "error": np.where(is_graded, "none", "illegal"),
            "loss": [0.0 if graded else None for graded in is_graded],
            "random_loss": 0.25,
        }
    )
    found = skill.estimates(load_table(frame))
    assert isinstance(found["skill"], Estimate) and found["skill"].estimate == 1.0
    assert found["skill"].high == 1.0 and found["skill"].low is not None and found["skill"].low < 1.0
    bounds = found["skill_bounds"]
    assert isinstance(bounds, list)
    by_case = {str(point.at["ungraded_as"]): point for point in bounds}
    share = 1 - is_graded.mean()
    assert by_case["perfect"].estimate == pytest.approx(1.0)
    assert by_case["a random mover"].estimate == pytest.approx(1 - share)
    assert by_case["the worst"].estimate == pytest.approx(1 - share / 0.25)
    assert all(point.low is not None and point.low >= 1 - 1 / 0.25 for point in bounds)


def test_aborted_episodes_bound_the_error_rate_from_all_correct_to_all_wrong() -> None:
    turns = simulated_turns(20, 10, hazard=0.3)
    ends = simulated_episodes(turns).with_columns(
        outcome=pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("aborted")).otherwise(pl.lit("turn_limit"))
    )
    bounds = aborted_bounds.estimates(load_table(turns, ends))["error_rate_bounds"]
    assert isinstance(bounds, Estimate) and bounds.estimate is not None
    assert bounds.low is not None and bounds.low <= 0.75 * bounds.estimate
    assert bounds.high is not None and bounds.high >= 0.75 * bounds.estimate + 0.25
    none = aborted_bounds.estimates(load_table(turns))["error_rate_bounds"]
    assert isinstance(none, Estimate) and none.estimate is None


def test_skill_in_a_bin_lies_within_its_own_interval() -> None:
    # At turn 2 every reply loses all, and a random mover loses less than at turn 1.
    is_late = pl.col("turn") == 2
    frame = rows("natural", [[N, W]] * 3).with_columns(
        loss=pl.when(is_late).then(1.0).otherwise(0.5), random_loss=pl.when(is_late).then(0.6).otherwise(0.9)
    )
    points = skill.by_turn(load_table(frame))
    assert points[1].estimate == pytest.approx(1 - 1 / 0.6)
    for point in points:
        assert point.low is not None and point.high is not None and point.estimate is not None
        assert point.low - 1e-12 <= point.estimate <= point.high + 1e-12
