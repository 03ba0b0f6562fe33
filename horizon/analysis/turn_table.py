"""The turn table that estimators read: checked once, then plain arrays with a code for the episode of each turn.

Episodes have codes from 0; the instances that they play are the clusters of every interval. Aborted episodes and
copies of others are left out and counted. Knows no file, model or estimator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from horizon.analysis.columns import add_digests, extra_names
from horizon.analysis.instances import EPISODE, instance_codes, without_copies
from horizon.core.errors import UsageError
from horizon.core.records import ERROR_KINDS, Turn

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

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

Side = Literal["model", "environment", "opponent", "run_id"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The turns of one condition, in order of episode and turn; every array has shape (turns,).

    `loss` and `random_loss` are in 0..1, `context_tokens` is a count; NaN where unknown. `kind` indexes `ERROR_KINDS`.
    `state_code` and `action_code` are codes of texts, 0 for none. `extra` holds the numbers that estimators request.
    """

    cluster: Ints
    turn: Ints
    is_error: Flags
    kind: Ints
    loss: Floats
    random_loss: Floats
    context_tokens: Floats
    prior_errors: Ints
    state_code: Ints
    action_code: Ints
    extra: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def n_turns(self) -> int:
        """The number of these turns."""
        return len(self.turn)

    @property
    def n_episodes(self) -> int:
        """The number of different episodes that the turns come from."""
        return int((np.diff(self.cluster) != 0).sum()) + 1 if self.n_turns else 0

    def value(self, name: str) -> Floats:
        """Return a number from the rows' `extra` that an estimator's `COLUMNS` names; NaN where a row has none."""
        return self.extra[name] if name in self.extra else np.full(self.n_turns, np.nan)

    def take(self, which: NDArray[Any]) -> "Sample":
        """Return the turns selected by a mask or by increasing indices."""
        arrays = {name: getattr(self, name)[which] for name in self.__slots__ if name != "extra"}
        return Sample(**arrays, extra={name: values[which] for name, values in self.extra.items()})


@dataclass(frozen=True, slots=True)
class EpisodeFacts:
    """The columns of the episodes, at the index of each episode's code; tuples of shape (episodes,).

    `outcome` is None without an episodes table.
    """

    run_id: tuple[str, ...]
    episode_id: tuple[str, ...]
    environment: tuple[str, ...]
    parameters: tuple[str | None, ...]
    seed: tuple[int, ...]
    model: tuple[str, ...]
    opponent: tuple[str | None, ...]
    outcome: tuple[str | None, ...]
    plan: tuple[str | None, ...] = ()
    """The other settings of the runs' plans, as JSON; empty if no plan is known."""


@dataclass(frozen=True, slots=True)
class TurnTable:
    """Turns by condition, and the columns of their episodes.

    `n_aborted` episodes were left out, and `n_copies` whose rows another run holds. `instance` is the code of the
    instance that each episode plays, shape (episodes,): the clusters of every interval, as episodes of one instance
    are equally hard, whatever the opponent, the model or the run.
    """

    samples: Mapping[str, Sample]
    episodes: EpisodeFacts
    n_aborted: int = 0
    n_copies: int = 0
    aborted: tuple[tuple[str | None, ...], ...] = ()
    """Model, environment, parameters and opponent of each aborted episode, if the episodes table has them."""
    instance: Ints = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        facts = self.episodes
        runs = list(zip(facts.run_id, facts.model, facts.opponent, strict=True))
        codes = instance_codes(facts.environment, facts.parameters, facts.seed, runs)
        object.__setattr__(self, "instance", codes)

    @property
    def n_instances(self) -> int:
        """The number of different instances that the episodes play."""
        return int(self.instance.max()) + 1 if len(self.instance) else 0

    def instance_sums(self, cluster: Ints, values: Floats) -> Floats:
        """Return the sum of values in each instance, shape (instances,), from the episode and value of each turn."""
        sums = np.bincount(self.instance[cluster], weights=values, minlength=self.n_instances)
        return sums.astype(np.float64, copy=False)

    @property
    def n_episodes(self) -> int:
        """The number of episodes, including those without a turn of some condition."""
        return len(self.episodes.seed)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions present, `natural` and `fresh` first."""
        first = [name for name in ("natural", "fresh") if name in self.samples]
        return (*first, *sorted(set(self.samples) - set(first)))

    def up_to(self, turn: int) -> "TurnTable":
        """Return the table without the turns after this one, with all episodes."""
        samples = {name: sample.take(sample.turn <= turn) for name, sample in self.samples.items()}
        return replace(self, samples={name: sample for name, sample in samples.items() if sample.n_turns})

    def sample(self, condition: str) -> Sample | None:
        """Return the turns of a condition, or None if there are none."""
        return self.samples.get(condition)

    def only(self, side: Side, value: str | None) -> "TurnTable":
        """Return the part whose episodes have this model, environment, opponent or run, with new codes."""
        kept = np.array([own == value for own in getattr(self.episodes, side)], dtype=bool)
        return self.choose(kept)

    def choose(self, kept: Flags) -> "TurnTable":
        """Return the part with these episodes, a mask of shape (episodes,), with new codes."""
        codes = np.cumsum(kept) - 1
        samples = {}
        for name, sample in self.samples.items():
            part = sample.take(kept[sample.cluster])
            if part.n_turns:
                samples[name] = replace(part, cluster=codes[part.cluster])
        indices = np.flatnonzero(kept)
        columns = [getattr(self.episodes, name) for name in EpisodeFacts.__slots__]
        facts = EpisodeFacts(*(tuple(column[i] for i in indices) if column else () for column in columns))
        return TurnTable(samples, facts, self.n_aborted, self.n_copies, self.aborted)

    def values(self, side: Side) -> tuple[str | None, ...]:
        """Return the different models, environments, opponents or runs, sorted, None first."""
        return tuple(sorted(set(getattr(self.episodes, side)), key=lambda value: (value is not None, value or "")))


def same_states(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples cut to the states (episode and turn) that all of them posed, in the same order."""
    keys = [sample.cluster * (1 << 32) + sample.turn for sample in samples]
    shared = keys[0]
    for key in keys[1:]:
        shared = shared[_is_among(shared, key)]
    return [sample.take(_is_among(key, shared)) for sample, key in zip(samples, keys, strict=True)]


def error_differences(minuend: Sample, subtrahend: Sample, *also: Sample) -> tuple[Sample, Floats]:
    """Return the first sample's states that all of them posed, and its errors minus the second's at each, -1 to 1."""
    one, other, *_ = same_states([minuend, subtrahend, *also])
    return one, one.is_error.astype(float) - other.is_error.astype(float)


def columns_read() -> tuple[str, ...]:
    """Return all columns that analysis reads: digests instead of states and replies, which are most of a table."""
    return (*NEEDED, *OPTIONAL, *extra_names())


def load_table(turns: pl.DataFrame, episodes: pl.DataFrame | None = None) -> TurnTable:
    """Check and code a table of turns; `episodes` holds outcomes and opponents, and marks aborted episodes.

    Cost: about 1 second and 150 bytes per turn for a million turns.

    Raises:
        UsageError: a column is missing, a turn is counted from 0, an error kind is unknown, or a state was
            recorded twice for one condition (the same run given twice).
    """
    missing = [name for name in NEEDED if name not in turns.columns]
    if missing:
        raise UsageError(f"turn table has no column '{missing[0]}': give the turns.parquet of a run")
    turns = add_digests(turns)
    extras = [name for name in extra_names() if name in turns.columns]
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
    samples = {
        str(name): _sample(part, extras) for (name,), part in light.partition_by("condition", as_dict=True).items()
    }
    return TurnTable(samples, _facts(facts, episodes), len(aborted), n_copies, aborted)


def _without_aborted(
    turns: pl.DataFrame, episodes: pl.DataFrame | None
) -> tuple[pl.DataFrame, tuple[tuple[str | None, ...], ...]]:
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


def _sample(part: pl.DataFrame, extras: Sequence[str]) -> Sample:
    kinds = (
        part["error"]
        .replace_strict(list(ERROR_KINDS), list(range(len(ERROR_KINDS))), return_dtype=pl.Int64)
        .to_numpy()
    )
    return Sample(
        cluster=part["cluster"].cast(pl.Int64).to_numpy(),
        turn=part["turn"].cast(pl.Int64).to_numpy(),
        is_error=kinds != 0,
        kind=kinds,
        **{name: _column(part, name) for name in OPTIONAL if name != "parameters"},
        extra={name: part[name].fill_null(float("nan")).to_numpy() for name in extras},
    )


def _facts(facts: pl.DataFrame, episodes: pl.DataFrame | None) -> EpisodeFacts:
    if episodes is None:
        facts = facts.with_columns(opponent=pl.lit(None, pl.String), outcome=pl.lit(None, pl.String))
    else:
        known = episodes.select(
            *EPISODE, *(name for name in ("opponent", "outcome", "plan") if name in episodes.columns)
        )
        facts = facts.join(known, on=EPISODE, how="left", maintain_order="left")
    columns = [name for name in EpisodeFacts.__slots__ if name in facts.columns]
    return EpisodeFacts(**{name: tuple(facts[name].to_list()) for name in columns})


def _column(part: pl.DataFrame, name: str) -> NDArray[Any]:
    """Return an optional column with NaN or 0 for missing values; a column that the table lacks takes no memory."""
    nothing = float("nan") if OPTIONAL[name] == pl.Float64 else 0
    if name not in part.columns:
        return np.broadcast_to(np.array(nothing), part.height)
    return part[name].fill_null(nothing).to_numpy()


def _is_among(keys: Ints, sorted_keys: Ints) -> Flags:
    """Return whether each key is one of the sorted keys, by binary search."""
    if not len(sorted_keys):
        return np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[places] == keys)
