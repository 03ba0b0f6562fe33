"""Claims about `horizon.analyze` of anybody's rows: all kinds of table alike, and one line for each mistake."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from simulated_turns import simulated_turns

import horizon
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.core.errors import UsageError

ROWS: dict[str, list[Any]] = {
    "episode_id": ["a", "a", "a", "b", "b", "b"],
    "turn": [1, 2, 3, 1, 2, 3],
    "correct": [True, False, True, True, True, False],
}
USED = ("episode_id", "turn", "correct", "condition", "seed", "model", "environment", "loss", "random_loss")


def test_every_kind_of_table_gives_the_same_analysis() -> None:
    expected = horizon.analyze(ROWS).to_dict()
    assert expected["error_rate"]["estimate"] == pytest.approx(2 / 6)
    frame = pl.DataFrame(ROWS)
    for table in (frame, frame.lazy(), pd.DataFrame(ROWS), pa.table(ROWS), frame.to_arrow()):
        assert horizon.analyze(table).to_dict() == expected


def test_rows_of_our_own_give_the_estimates_of_our_own_table() -> None:
    turns = simulated_turns(20, 12, hazard=0.3, drift=0.1, seed=4)
    ours = analyze_table(load_table(turns))
    theirs = horizon.analyze(turns.select(*USED, "context_tokens", "error", "prior_errors"))
    for name in ("error_rate", "focus_gap", "skill", "h50", "self_conditioning"):
        assert theirs[name] == ours[name], name


def test_errors_in_the_history_of_natural_rows_are_counted() -> None:
    turns = simulated_turns(20, 12, hazard=0.3, conditioning=0.2, seed=1)
    counted = horizon.analyze(turns.select(*USED))
    given = horizon.analyze(turns.select(*USED, "prior_errors"))
    assert counted["self_conditioning"] == given["self_conditioning"]


def test_integers_floats_and_categories_are_read_as_what_they_mean() -> None:
    loose = pd.DataFrame(ROWS).assign(
        correct=[1, 0, 1, 1, 1, 0], turn=[1.0, 2.0, 3.0, 1.0, 2.0, 3.0], loss=[0.1, np.nan, None, 0.2, 0.0, 1.0]
    )
    loose["episode_id"] = loose["episode_id"].astype("category")
    assert horizon.analyze(loose).error_rate == horizon.analyze(ROWS).error_rate


def test_models_in_one_frame_are_groups_compared_on_equal_episode_ids() -> None:
    one = pl.DataFrame({**ROWS, "model": ["one"] * 6})
    many = pl.concat([one.with_columns(episode_id=pl.format("{}{}", "episode_id", pl.lit(i))) for i in range(4)])
    other = many.with_columns(model=pl.lit("other"), correct=pl.lit(True))
    analysis = horizon.analyze(pl.concat([many, other]))
    assert [group.model for group in analysis.groups] == ["one", "other"]
    difference = analysis["comparison"][0]
    assert isinstance(difference, horizon.Estimate) and difference.estimate == pytest.approx(2 / 6)
    assert difference.n_episodes == 8 and difference.no_effect == 0


def changed(**columns: Any) -> dict[str, list[Any]]:
    return {name: values for name, values in {**ROWS, **columns}.items() if values is not None}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (changed(turn=None), "no column 'turn'"),
        (changed(episode_id=None, episode=ROWS["episode_id"]), "no column 'episode_id': did you mean 'episode'"),
        (changed(turn=[0, 1, 2, 1, 2, 3]), "row 0 has turn=0: it must be a whole number from 1"),
        (changed(turn=[1, 2, 2.5, 1, 2, 3]), "row 2 has turn=2.5"),
        (changed(turn=["1"] * 6), "column 'turn' holds '1'"),
        (changed(correct=["yes"] * 6), "column 'correct' holds 'yes'.*true or false"),
        (changed(correct=[True, None, True, True, True, True]), "row 1 has no value in column 'correct'"),
        (changed(correct=[1, 2, 1, 1, 1, 1]), "row 1 has correct=2"),
        (changed(loss=[0.1, 1.5, 0, 0, 0, 0]), "row 1 has loss=1.5: it must be a number from 0 to 1"),
        (changed(loss=["low"] * 6), "column 'loss' holds 'low'"),
        (changed(error=["none", "wrng", "none", "none", "none", "wrong"]), "row 1 has error='wrng'"),
        (changed(error=["wrong"] * 6), "row 0 has error='wrong': it must be none exactly where 'correct' is true"),
        (changed(seed=["x"] * 6), "column 'seed' holds 'x'"),
        (changed(episode_id=["a"] * 6), "turn 1 of episode 'a' is there twice"),
        (changed(condition=["corrupted:0.3"] * 6), "needs a column 'prior_errors'"),
        (changed(turn=[1, 2]), "can't be read as a table"),
        (3, "int is no table of turns"),
    ],
)
def test_a_mistake_in_the_rows_is_one_line_with_column_value_and_fix(rows: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as raised:
        horizon.analyze(rows)
    assert "\n" not in str(raised.value)
