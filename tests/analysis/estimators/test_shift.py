"""Claims about shifts: tests equal statsmodels' and scipy's, intervals cover the truth, pairs share states only."""

import json

import numpy as np
import polars as pl
import pytest
from scipy import stats
from simulated_turns import simulated_episodes, simulated_turns
from statsmodels.stats.contingency_tables import mcnemar as peer_mcnemar
from statsmodels.stats.multitest import multipletests

from horizon.analysis.estimators import consistency, shift
from horizon.analysis.stats.paired_tests import mean_difference, sign_flips
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate

Rows = list[tuple[int, int, bool, str | None]]


def side(rows: Rows, run: str, state: str = "s", model: str = "m", **parameters: str) -> pl.DataFrame:
    """Return natural turns from (seed, turn, is right, action) of one run."""
    return pl.DataFrame(
        {
            "run_id": run,
            "episode_id": [f"{run}-{seed}" for seed, *_ in rows],
            "environment": "puzzle",
            "parameters": json.dumps(parameters),
            "seed": [seed for seed, *_ in rows],
            "model": model,
            "condition": "natural",
            "turn": [turn for _, turn, *_ in rows],
            "state": [f"{state} {seed} {turn}" for seed, turn, *_ in rows],
            "error": ["none" if right else "wrong" for _, _, right, _ in rows],
            "action": pl.Series([action for *_, action in rows], dtype=pl.String),
        }
    )


def shifts(*sides: pl.DataFrame) -> list[Estimate]:
    found = shift.estimates(load_table(pl.concat(sides)))["shift"]
    assert isinstance(found, list)
    return found


def alike(*sides: pl.DataFrame) -> dict[str, Estimate]:
    found = consistency.estimates(load_table(pl.concat(sides)))["consistency"]
    assert isinstance(found, list)
    return {str(each.at["among"]): each for each in found}


def right(share: float, n_seeds: int, seed: int, n_turns: int = 1) -> Rows:
    drawn = np.random.default_rng(seed).random((n_seeds, n_turns)) < share
    return [(at, turn + 1, bool(drawn[at, turn]), "a") for at in range(n_seeds) for turn in range(n_turns)]


def test_one_turn_a_seed_gives_mcnemars_exact_test_and_the_difference_of_accuracies() -> None:
    one, other = right(0.7, 80, 1), right(0.5, 80, 2)
    found = shifts(side(one, "a", shift="none"), side(other, "b", shift="flip"))
    assert len(found) == 1
    table = np.zeros((2, 2))
    for (_, _, first, _), (_, _, second, _) in zip(one, other, strict=True):
        table[int(first), int(second)] += 1
    peer = float(peer_mcnemar(table, exact=True).pvalue)
    assert found[0].at["p_mcnemar"] == pytest.approx(peer)
    assert found[0].at["p"] == pytest.approx(peer)
    assert (found[0].at["only_original"], found[0].at["only_shifted"]) == (table[1, 0], table[0, 1])
    assert found[0].estimate == pytest.approx((table[1, 0] - table[0, 1]) / 80)
    assert found[0].n_episodes == found[0].n_turns == 80
    assert (found[0].at["shift"], found[0].at["against"], found[0].at["figure"]) == ("flip", "none", "accuracy")


def test_sign_flips_of_seeds_are_scipys_exact_permutation_test() -> None:
    differences = np.array([3.0, -1.0, 2.0, 0.0, 4.0, -2.0, 1.0, 3.0, 5.0, -1.0])
    peer = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flips(differences) == pytest.approx(peer.pvalue)


def test_turns_of_a_seed_that_err_together_are_no_independent_evidence() -> None:
    # Three seeds lost all ten turns: thirty discordant pairs for McNemar, but only three seeds that flip.
    one = [(at, turn, True, "a") for at in range(6) for turn in range(1, 11)]
    other = [(at, turn, at >= 3, "a") for at in range(6) for turn in range(1, 11)]
    found = shifts(side(one, "a", shift="none"), side(other, "b", shift="flip"))[0]
    assert found.at["p_mcnemar"] == pytest.approx(2 * 0.5**30)
    assert found.at["p"] == pytest.approx(2 * 0.5**3)


@pytest.mark.parametrize(
    ("n_seeds", "n_turns", "lost", "won", "spread"),
    [(60, 1, 0.15, 0.05, 0.0), (200, 1, 0.3, 0.1, 0.0), (30, 10, 0.1, 0.1, 0.5), (8, 40, 0.2, 0.05, 0.3)],
)
def test_the_interval_holds_the_truth_in_95_of_100_studies(
    n_seeds: int, n_turns: int, lost: float, won: float, spread: float
) -> None:
    generator = np.random.default_rng(1)

    def rates(n: int) -> tuple[np.ndarray, np.ndarray]:
        # Seeds differ in how often they are lost and won: a gamma of mean 1.
        own = generator.gamma(1 / spread, spread, n) if spread else np.ones(n)
        return np.minimum(lost * own, 0.6), np.minimum(won * own, 0.4)

    many = rates(400_000)
    truth = float(many[0].mean() - many[1].mean())
    held = 0
    for _ in range(300):
        down, up = rates(n_seeds)
        drawn = generator.random((n_seeds, n_turns))
        difference = (drawn < down[:, None]).astype(float) - (drawn > 1 - up[:, None])
        found = mean_difference(np.column_stack([difference.sum(axis=1), np.full(n_seeds, n_turns)]))
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 300 <= 0.98


def test_no_discordant_pair_still_leaves_an_interval() -> None:
    one = right(0.5, 40, 1)
    found = shifts(side(one, "a", shift="none"), side(one, "b", shift="flip"))[0]
    # Bonett and Price for 0 and 0 of 40: 1.96 sqrt((2 / 42) / 42) to either side; the bootstrap takes whole pairs.
    assert found.estimate == 0.0
    assert found.low is not None and found.high is not None
    assert -0.1 < found.low < -0.04 and 0.04 < found.high < 0.1
    assert found.at["p"] == 1.0


def test_all_shifts_of_a_figure_are_corrected_by_holm() -> None:
    others = [side(right(0.7 - 0.1 * n, 60, n), f"r{n}", shift=name) for n, name in enumerate(("x", "y", "z"))]
    found = shifts(side(right(0.8, 60, 9), "a", shift="none"), *others)
    peer = multipletests([each.at["p"] for each in found], method="holm")[1]
    assert [each.at["p_holm"] for each in found] == pytest.approx(list(peer))


def test_states_that_went_apart_are_not_paired_and_are_told() -> None:
    one = side(right(0.5, 20, 1, 2), "a", shift="none")
    other = side(right(0.5, 20, 2, 2), "b", shift="flip")
    other = other.with_columns(state=pl.when(turn=2).then(pl.lit("elsewhere")).otherwise(pl.col("state")))
    found = {str(each.at["figure"]): each for each in shifts(one, other)}
    assert set(found) == {"accuracy", "accuracy of all turns"}
    assert found["accuracy"].n_turns == 20
    assert found["accuracy"].note == "40 turns of both sides have no partner in the same state"
    assert found["accuracy of all turns"].n_turns == 80


def test_other_openings_are_held_against_each_other_by_seed_as_the_paired_t_test_does() -> None:
    first, second = right(0.8, 25, 1, 8), right(0.5, 25, 2, 8)
    found = shifts(side(first, "a", "book", opening="book"), side(second, "b", "other", opening="chess960"))[0]
    means = [
        np.array([value for _, _, value, _ in rows], dtype=float).reshape(25, 8).mean(axis=1)
        for rows in (first, second)
    ]
    peer = stats.ttest_rel(*means)
    assert found.at["figure"] == "accuracy of all turns"
    assert found.at["shift"] == "opening=chess960" and found.at["against"] == "opening=book"
    assert found.estimate == pytest.approx(means[0].mean() - means[1].mean())
    # A pair of turns won and one lost more, of 202 instead of 200.
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()), abs=0.005)
    assert found.at["p"] == pytest.approx(peer.pvalue, rel=0.3)
    assert "not on states" in found.method


def test_starts_without_shared_seeds_are_compared_by_welch() -> None:
    first, second = right(0.8, 25, 1, 8), [(at + 1000, *rest) for at, *rest in right(0.5, 15, 2, 8)]
    found = shifts(side(first, "a", "book", opening="book"), side(second, "b", "other", opening="start"))[0]
    means = [
        np.array([value for _, _, value, _ in rows], dtype=float).reshape(-1, 8).mean(axis=1)
        for rows in (first, second)
    ]
    peer = stats.ttest_ind(*means, equal_var=False)
    assert found.estimate == pytest.approx(means[0].mean() - means[1].mean())
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval()))
    assert found.at["p"] == pytest.approx(peer.pvalue)
    assert (found.n_episodes, found.n_turns, found.method) == (40, 320, shift.UNPAIRED)


def test_losses_and_skill_stand_beside_where_turns_are_graded() -> None:
    graded = [
        side(right(0.6, 12, n, 5), name, name, opening=opening).with_columns(
            loss=pl.Series(np.random.default_rng(n).random(60) * scale), random_loss=pl.lit(0.5)
        )
        for n, (name, opening, scale) in enumerate((("a", "book", 0.2), ("b", "random", 0.4)))
    ]
    found = {str(each.at["figure"]): each for each in shifts(*graded)}
    means = [float(each["loss"].to_numpy().mean()) for each in graded]
    assert found["loss of all turns"].estimate == pytest.approx(means[1] - means[0])
    assert found["skill of all turns"].at["original"] == pytest.approx(1 - means[0] / 0.5)
    assert found["skill of all turns"].estimate == pytest.approx((means[1] - means[0]) / 0.5)


def test_groups_that_differ_in_more_than_one_shift_or_in_the_model_are_no_pair() -> None:
    rows = right(0.5, 10, 1)
    plain, both = side(rows, "a", shift="none", opening="book"), side(rows, "b", shift="flip", opening="random")
    assert shifts(plain, both) == []
    assert shifts(side(rows, "a", shift="none"), side(rows, "b", model="other", shift="flip")) == []
    assert shifts(side(rows, "a", shift="none", disks="3"), side(rows, "b", shift="flip", disks="4")) == []


def test_a_shift_under_a_shifted_opening_is_told_by_its_setting() -> None:
    rows = right(0.5, 10, 1)
    found = shifts(side(rows, "a", shift="none", opening="random"), side(rows, "b", shift="flip", opening="random"))
    assert [each.at["setting"] for each in found] == ["puzzle opening=random"]


def test_consistency_counts_equal_actions_and_takes_silence_for_an_action_of_its_own() -> None:
    one: Rows = [(0, 1, True, "e2e4"), (1, 1, True, "d2d4"), (2, 1, False, "a2a3"), (3, 1, False, None)]
    other: Rows = [(0, 1, True, "e2e4"), (1, 1, False, "h2h3"), (2, 1, False, "a2a4"), (3, 1, False, None)]
    found = alike(side(one, "a", shift="none"), side(other, "b", shift="mirror"))
    assert {among: (each.at["count"], each.n_turns) for among, each in found.items()} == {
        "all": (2, 4),
        "both answered": (1, 3),
        "both right": (1, 1),
        "both wrong": (1, 2),
    }
    # One turn a seed, and the Poisson ends of Brown, Cai & DasGupta (2001) where there are so few.
    low = stats.chi2.ppf(0.05, 4) / 2 / 4
    assert (found["all"].low, found["all"].high) == pytest.approx((low, 1 - low))


def test_a_seed_played_twice_counts_once() -> None:
    rows = right(0.5, 10, 1)
    found = shifts(side(rows, "a", shift="none"), side(rows, "c", shift="none"), side(rows, "b", shift="flip"))
    assert found[0].n_turns == 10


def test_one_run_alone_has_neither_shift_nor_consistency() -> None:
    turns = simulated_turns()
    table = load_table(turns, simulated_episodes(turns))
    assert shift.estimates(table) == {"shift": []}
    assert consistency.estimates(table) == {"consistency": []}
