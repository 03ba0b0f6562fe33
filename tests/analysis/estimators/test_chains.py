"""Claims about chains: what they count, on which states, and what can't be told without both conditions."""

import numpy as np
import polars as pl
import pytest
from lifelines import KaplanMeierFitter
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.estimators import chains
from horizon.analysis.turn_table import load_table
from horizon.core.estimator import Estimate


def turns_of(natural: np.ndarray, fresh: np.ndarray) -> pl.DataFrame:
    """Return the rows of errors by condition, arrays of shape (episodes, turns)."""
    n_episodes, n_turns = natural.shape
    parts = []
    for condition, errors in (("natural", natural), ("fresh", fresh)):
        turns = simulated_turns(n_episodes, n_turns, conditions=("natural",))
        episode = turns["episode_id"].str.slice(1).cast(pl.Int64).to_numpy()
        kinds = np.where(errors[episode, turns["turn"].to_numpy() - 1], "wrong", "none")
        parts.append(turns.with_columns(error=pl.Series(kinds), condition=pl.lit(condition)))
    return pl.concat(parts)


def answers(natural: np.ndarray, fresh: np.ndarray) -> dict[str, Estimate | list[Estimate]]:
    turns = turns_of(natural, fresh)
    return chains.estimates(load_table(turns, simulated_episodes(turns)))


def by_length(points: object, of: str) -> dict[object, float | None]:
    assert isinstance(points, list)
    return {point.at["length"]: point.estimate for point in points if point.at["of"] == of}


def test_the_success_of_chains_is_the_kaplan_meier_curve_of_lifelines() -> None:
    generator = np.random.default_rng(3)
    natural, fresh = generator.random((60, 12)) < 0.08, generator.random((60, 12)) < 0.08
    first = np.where(natural.any(axis=1), natural.argmax(axis=1) + 1, 12)
    curve = KaplanMeierFitter().fit(first, natural.any(axis=1)).survival_function_at_times([2, 3, 5, 7, 10])
    chained = by_length(answers(natural, fresh)["chains"], "chain")
    assert [chained[length] for length in (2, 3, 5, 7, 10)] == pytest.approx(curve.to_list())


def test_single_turns_count_only_where_the_chain_still_holds() -> None:
    natural = np.zeros((20, 3), dtype=bool)
    natural[:8, 0] = True
    # After an error every single turn fails, too; elsewhere every third one at turn 2.
    fresh = np.zeros((20, 3), dtype=bool)
    fresh[:8] = True
    fresh[8:12, 1] = True
    single = by_length(answers(natural, fresh)["chains"], "single turns")
    assert list(single.values()) == pytest.approx([(1 - 8 / 20) * (1 - 4 / 12)] * 2)


def test_a_history_that_changes_nothing_has_no_gap_and_an_interval_around_it() -> None:
    errors = np.random.default_rng(5).random((40, 10)) < 0.05
    gap = answers(errors, errors)["chain_gap"]
    assert isinstance(gap, Estimate)
    assert gap.estimate == 0
    assert gap.low is not None and gap.high is not None and gap.low < 0 < gap.high


def test_a_history_that_costs_chains_shows_above_zero() -> None:
    generator = np.random.default_rng(7)
    gap = answers(generator.random((80, 8)) < 0.15, generator.random((80, 8)) < 0.02)["chain_gap"]
    assert isinstance(gap, Estimate)
    assert gap.low is not None and gap.low > 0


def test_without_fresh_or_with_few_episodes_there_is_no_estimate_but_a_reason() -> None:
    turns = simulated_turns(20, 5, conditions=("natural",))
    alone = chains.estimates(load_table(turns, simulated_episodes(turns)))["chain_gap"]
    assert isinstance(alone, Estimate) and alone.note is not None and "add --condition fresh" in alone.note
    few = answers(np.zeros((4, 3), dtype=bool), np.zeros((4, 3), dtype=bool))["chain_gap"]
    assert isinstance(few, Estimate) and few.estimate is None and few.note is not None


def test_an_error_at_a_turn_without_a_probe_breaks_the_chain_too() -> None:
    generator = np.random.default_rng(8)
    natural, fresh = generator.random((400, 4)) < 0.2, generator.random((400, 4)) < 0.2
    turns = turns_of(natural, fresh)
    # As under probe_turns=2: every episode poses fresh at two of its four turns.
    posed = np.argsort(generator.random((400, 4)), axis=1) < 2
    episode = turns["episode_id"].str.slice(1).cast(pl.Int64).to_numpy()
    is_kept = (turns["condition"] == "natural").to_numpy() | posed[episode, turns["turn"].to_numpy() - 1]
    few = turns.filter(pl.Series(is_kept))
    single = by_length(chains.estimates(load_table(few, simulated_episodes(few)))["chains"], "single turns")
    holds = np.cumsum(natural, axis=1) - natural == 0
    accuracies = [1 - fresh[holds[:, turn] & posed[:, turn], turn].mean() for turn in range(4)]
    assert single[4] == pytest.approx(np.prod(accuracies))


def test_every_second_turn_is_no_chain() -> None:
    errors = np.random.default_rng(9).random((40, 6)) < 0.1
    turns = turns_of(errors, errors)
    probed = turns.filter((pl.col("condition") == "natural") | (pl.col("turn") % 2 == 1))
    found = chains.estimates(load_table(probed, simulated_episodes(probed)))
    assert found["chains"] == found["chain_gap_by_length"] == []
    gap = found["chain_gap"]
    assert isinstance(gap, Estimate)
    assert gap.estimate is None
    assert "a chain needs every turn" in str(gap.note)
