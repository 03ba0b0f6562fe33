"""Claims about the loaded table: episodes are coded alike for all conditions, and bad tables are refused by name."""

import numpy as np
import polars as pl
import pytest
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.turn_table import load_table, same_states
from horizon.core.errors import UsageError


def test_the_probe_of_a_state_carries_its_episodes_code() -> None:
    table = load_table(simulated_turns(5, 4).sample(fraction=1.0, shuffle=True, seed=1))
    natural, fresh = table.samples["natural"], table.samples["fresh"]
    assert natural.cluster.tolist() == fresh.cluster.tolist() == [i for i in range(5) for _ in range(4)]
    assert natural.turn.tolist() == [1, 2, 3, 4] * 5


def test_aborted_episodes_are_left_out_and_counted() -> None:
    turns = simulated_turns(6, 3)
    table = load_table(turns, simulated_episodes(turns, aborted=["e0001", "e0004"]))
    assert table.n_episodes == 4
    assert table.n_aborted == 2
    assert table.samples["natural"].n_turns == 12
    assert "e0001" not in table.episodes.episode_id


def test_states_probed_for_some_turns_only_are_paired_with_their_own_natural_turns() -> None:
    turns = simulated_turns(4, 6).filter((pl.col("condition") == "natural") | (pl.col("turn") % 3 == 0))
    table = load_table(turns)
    natural, fresh = same_states([table.samples["natural"], table.samples["fresh"]])
    assert natural.turn.tolist() == fresh.turn.tolist() == [3, 6] * 4
    assert np.array_equal(natural.cluster, fresh.cluster)


def test_one_model_of_two_is_cut_out_with_codes_of_its_own() -> None:
    table = load_table(pl.concat([simulated_turns(3, 2, model="a"), simulated_turns(2, 2, model="b")]))
    assert table.values("model") == ("a", "b")
    part = table.only("model", "b")
    assert part.n_episodes == 2
    assert part.samples["fresh"].cluster.tolist() == [0, 0, 1, 1]


def test_an_unknown_loss_is_no_number_and_never_nought() -> None:
    turns = simulated_turns(2, 2).with_columns(loss=pl.lit(None, pl.Float64)).drop("context_tokens")
    sample = load_table(turns).samples["natural"]
    assert np.isnan(sample.loss).all()
    assert np.isnan(sample.context_tokens).all()


def test_the_same_run_twice_is_refused() -> None:
    turns = simulated_turns(2, 2)
    with pytest.raises(UsageError, match="turn 1 of episode e0000 of run run-synthetic-0 is recorded twice as"):
        load_table(pl.concat([turns, turns]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.lit(0).alias("turn"), "turns count from 1"),
        (pl.lit("wrogn").alias("error"), "error kind 'wrogn' is unknown"),
    ],
)
def test_impossible_rows_are_refused(change: pl.Expr, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_table(simulated_turns(1, 1).with_columns(change))


def test_a_table_without_a_needed_column_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match="no column 'model'"):
        load_table(simulated_turns(1, 1).drop("model"))


def test_an_empty_table_loads_empty() -> None:
    table = load_table(simulated_turns(1, 1).clear())
    assert table.n_episodes == 0
    assert table.conditions == ()


def test_episodes_of_one_instance_are_one_cluster_whatever_the_opponent_the_model_or_the_run() -> None:
    turns = simulated_turns(6, 3)
    runs = [turns.with_columns(run_id=pl.lit(run), model=pl.lit(run)) for run in ("a", "b")]
    table = load_table(pl.concat(runs))
    assert (table.n_episodes, table.n_instances) == (12, 6)
    assert list(table.instance) == [*range(6), *range(6)]
    sample = table.samples["natural"]
    assert table.instance_sums(sample.cluster, np.ones(sample.n_turns)).tolist() == [6.0] * 6


def test_a_seed_that_a_run_gives_twice_names_no_instance() -> None:
    table = load_table(simulated_turns(5, 3).with_columns(seed=pl.lit(0)))
    assert table.n_instances == 5


def test_an_episode_that_another_run_holds_row_by_row_counts_once() -> None:
    long, short = simulated_turns(8, 4).with_columns(run_id=pl.lit("x")), simulated_turns(8, 4)
    short = short.filter(pl.col("seed") < 5).with_columns(run_id=pl.lit("y"))
    whole = load_table(pl.concat([long, short]))
    assert (whole.n_episodes, whole.n_copies) == (8, 5)
    assert set(whole.episodes.run_id) == {"x"}
    # One row is another: the episode is another, of the same instance.
    wrong = pl.when((pl.col("seed") == 0) & (pl.col("turn") == 2)).then(pl.lit("illegal")).otherwise(pl.col("error"))
    changed = load_table(pl.concat([long, short.with_columns(error=wrong)]))
    assert (changed.n_episodes, changed.n_copies, changed.n_instances) == (9, 4, 8)
