"""The first event of an episode: an error of some kind, another ending (solved, lost, ...), or neither.

A solved puzzle can no longer err, so its ending competes with errors. Only episodes cut off by the turn limit or by
the user are censored. Knows turn tables, no estimator.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from horizon.analysis.turn_table import Flags, Floats, Ints, Sample, TurnTable
from horizon.core.records import ERROR_KINDS

CENSORED = ("turn_limit", "unfinished", "unscored", "stopped")
"""Outcomes that cut off the record of an episode without ending it."""
UNKNOWN = "end not recorded"


@dataclass(frozen=True, slots=True)
class FirstEvents:
    """The first event of each episode that has a turn; arrays of shape (episodes,).

    `last` is the turn of the event, or the last recorded turn; `event` is 0 if the episode is censored, else an index
    into `labels` from 1: the kinds of error first, then the other endings. `ends` is the reason why each record ends.
    """

    last: Ints
    event: Ints
    labels: tuple[str, ...]
    n_error_kinds: int
    instance: Ints
    ends: tuple[str, ...]
    longest: int
    """The longest episode, in turns, whether or not an error came earlier."""

    @property
    def n_episodes(self) -> int:
        """The number of these episodes."""
        return len(self.last)

    @property
    def n_turns(self) -> int:
        """The number of turns up to and including each episode's first event."""
        return int(self.last.sum())

    @property
    def has_erred(self) -> Flags:
        """Whether the first event is an error."""
        return (self.event > 0) & (self.event <= self.n_error_kinds)

    @property
    def has_ended_otherwise(self) -> Flags:
        """Whether the episode ended, as solved or lost, without an error."""
        return self.event > self.n_error_kinds

    def any_error(self) -> Ints:
        """Return the events as 0 (censored), 1 (any error), 2 (ended otherwise)."""
        return np.where(self.has_erred, 1, np.where(self.has_ended_otherwise, 2, 0))


def first_events(table: TurnTable, sample: Sample, kinds: Sequence[str] = ERROR_KINDS[1:]) -> FirstEvents:
    """Return the first event of each episode of a sample; only errors of these kinds count as errors."""
    counted = np.isin(sample.kind, [ERROR_KINDS.index(kind) for kind in kinds])
    last, erred = first_errors(sample.cluster, sample.turn, counted)
    codes = np.unique(sample.cluster)
    ends, _ = first_errors(sample.cluster, sample.turn, np.zeros(sample.n_turns, dtype=bool))
    first = np.searchsorted(sample.cluster * (1 << 32) + sample.turn, codes * (1 << 32) + last)
    occurring = [kind for kind in kinds if (sample.kind[first[erred > 0]] == ERROR_KINDS.index(kind)).any()]
    why = tuple(table.episodes.outcome[code] or UNKNOWN for code in codes)
    otherwise = sorted({end for end, has in zip(why, erred, strict=True) if not has} - {*CENSORED, UNKNOWN})
    labels = (*occurring, *otherwise)
    of_kind = {ERROR_KINDS.index(kind): place for place, kind in enumerate(occurring, 1)}
    of_end = {end: place for place, end in enumerate(otherwise, len(occurring) + 1)}
    event = np.array(
        [
            of_kind[kind] if has else of_end.get(end, 0)
            for kind, has, end in zip(sample.kind[first].tolist(), erred.tolist(), why, strict=True)
        ],
        dtype=np.int64,
    )
    return FirstEvents(last, event, labels, len(occurring), table.instance[codes], why, int(ends.max()))


def first_errors(cluster: Ints, turn: Ints, is_error: Flags) -> tuple[Ints, Floats]:
    """Return each episode's turn of first error, or its last turn, and whether it erred; rows come in order."""
    codes = np.unique(cluster)
    place = np.searchsorted(codes, cluster)
    last = np.zeros(len(codes), dtype=np.int64)
    np.maximum.at(last, place, turn)
    first = np.full(len(codes), np.iinfo(np.int64).max)
    np.minimum.at(first, place[is_error], turn[is_error])
    erred = first <= last
    return np.where(erred, first, last), erred.astype(float)
