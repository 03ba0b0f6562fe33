"""The columns of a turn table that analysis reads, checked and sorted, with a code for the episode of each turn.

Data frames in, data frames out: aborted episodes and copies of others are left out and counted. Knows no estimator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from horizon.analysis.columns import add_digests, extra_names
from horizon.analysis.instances import EPISODE, without_copies
from horizon.core.errors import UsageError
from horizon.core.records import ERROR_KINDS, Turn

NEEDED = ("run_id", "episode_id", "environment", "seed", "model", "condition", "turn", "error")
"""Required columns; the others are filled with missing values if a table lacks them."""

OPTIONAL: Mapping[str, Any] = {
    "parameters": pl.String(),
    "loss": pl.Float64(),
    "random_loss": pl.Float64(),
    "context_tokens": pl.Float64(),
    "prior_errors": pl.Int64(),
    "state_code": pl.Int64(),
    "action_code": pl.Int64(),
}
STORED = tuple(name for name in (*NEEDED, *OPTIONAL) if name in Turn.__dataclass_fields__)
"""Those that a run's table stores as they are: enough if nothing is paired by text."""

Labels = tuple[str | None, ...]
"""Model, environment, parameters and opponent of an episode; None for each that is not known."""


@dataclass(frozen=True, slots=True)
class TurnFrame:
    """Checked turns, sorted by condition, episode and turn, and their episodes.

    `cluster` in both frames is the episode's code. `extras` names the columns from `extra`, `aborted` has the labels
    of the episodes left out as aborted, and `n_copies` counts those left out as copies.
    """

    turns: pl.DataFrame
    episodes: pl.DataFrame
    extras: tuple[str, ...]
    aborted: tuple[Labels, ...]
    n_copies: int


def columns_read() -> tuple[str, ...]:
    """Return all columns that analysis reads: digests instead of states and replies, which are most of a table."""
    return (*NEEDED, *OPTIONAL, *extra_names())


def prepare_turns(turns: pl.DataFrame, episodes: pl.DataFrame | None) -> TurnFrame:
    """Check a table of turns and give its episodes codes; `episodes` marks the aborted ones.

    Raises:
        UsageError: a column is missing, a turn is counted from 0, an error kind is unknown, or a state was
            recorded twice for one condition (the same run given twice).
    """
    missing = [name for name in NEEDED if name not in turns.columns]
    if missing:
        raise UsageError(f"turn table has no column '{missing[0]}': give the turns.parquet of a run")
    turns = add_digests(turns)
    extras = tuple(name for name in extra_names() if name in turns.columns)
    there = {name: kind for name, kind in OPTIONAL.items() if name in turns.columns}
    there |= dict.fromkeys(extras, pl.Float64())
    light = turns.select(*NEEDED, *(pl.col(name).cast(kind) for name, kind in there.items()))
    if "parameters" not in there:
        light = light.with_columns(parameters=pl.lit(None, pl.String))
    light, aborted = _without_aborted(light, episodes)
    light, n_copies = without_copies(light, episodes)
    facts = light.group_by(EPISODE, maintain_order=True).agg(
        pl.col("environment", "parameters", "seed", "model").first()
    )
    facts = facts.sort(EPISODE).with_row_index("cluster")
    light = light.join(facts.select("cluster", *EPISODE), on=EPISODE, how="left")
    light = light.select("condition", "cluster", "turn", *(name for name in there if name != "parameters"), "error")
    light = light.sort("condition", "cluster", "turn")
    _check(light, facts)
    return TurnFrame(light, facts, extras, aborted, n_copies)


def _without_aborted(turns: pl.DataFrame, episodes: pl.DataFrame | None) -> tuple[pl.DataFrame, tuple[Labels, ...]]:
    """Return the turns of the other episodes, and the labels of the aborted ones, None where unknown."""
    if episodes is None:
        return turns, ()
    aborted = episodes.filter(pl.col("outcome") == "aborted")
    names = ("model", "environment", "parameters", "opponent")
    labels = aborted.select(
        *(pl.col(name).cast(pl.String) if name in aborted.columns else pl.lit(None).alias(name) for name in names)
    )
    rows = labels.rows() if aborted.columns and labels.height == aborted.height else [(None,) * 4] * aborted.height
    return turns.join(aborted.select(EPISODE), on=EPISODE, how="anti"), tuple(rows)


def _check(light: pl.DataFrame, facts: pl.DataFrame) -> None:
    if light.height == 0:
        return
    unknown = set(light["error"].unique()) - set(ERROR_KINDS)
    if unknown:
        raise UsageError(f"error kind '{min(unknown, key=str)}' is unknown: the kinds are {', '.join(ERROR_KINDS)}")
    first_turn = int(light["turn"].fill_null(0).to_numpy().min())
    if first_turn < 1:
        raise UsageError(f"turn {first_turn} in the turn table: turns count from 1")
    key = pl.struct("condition", "cluster", "turn")
    repeated = light.select((key == key.shift(1)).fill_null(False)).to_series()
    if repeated.any():
        row = light.filter(repeated).row(0, named=True)
        episode = facts.row(row["cluster"], named=True)
        raise UsageError(
            f"turn {row['turn']} of episode {episode['episode_id']} of run {episode['run_id']} is recorded twice "
            f"as {row['condition']}: give each run once"
        )
