"""The turn table that estimators read: plain arrays by condition, with a code for the episode of each turn.

Episodes have codes from 0; the instances that they play are the clusters of every interval. Aborted episodes and
copies of others are left out and counted. Knows no file, model or estimator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from horizon.analysis.instances import EPISODE, instance_codes
from horizon.analysis.turn_frame import OPTIONAL, prepare_turns
from horizon.core.records import ERROR_KINDS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

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


def load_table(turns: pl.DataFrame, episodes: pl.DataFrame | None = None) -> TurnTable:
    """Check and code a table of turns; `episodes` holds outcomes and opponents, and marks aborted episodes.

    Cost: about 1 second and 150 bytes per turn for a million turns.

    Raises:
        UsageError: a column is missing, a turn is counted from 0, an error kind is unknown, or a state was
            recorded twice for one condition (the same run given twice).
    """
    frame = prepare_turns(turns, episodes)
    parts = frame.turns.partition_by("condition", as_dict=True)
    samples = {str(name): _sample(part, frame.extras) for (name,), part in parts.items()}
    return TurnTable(samples, _facts(frame.episodes, episodes), len(frame.aborted), frame.n_copies, frame.aborted)


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
