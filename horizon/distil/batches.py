"""What a student is trained on in one step: token sequences, and what should follow at some of their places.

What may follow is a row of a table that is made once, so that a batch is a few numbers per place. Knows arrays only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PAD_ID, UNKNOWN_ID, END_ID, REPLY_ID, ASKED_ID = range(5)
"""The numbers of the special tokens, as `tokenizers.SPECIAL` orders them."""
NOTE_ID = 5
"""Chess: the number of the token behind a reply that was not played."""
_PARTS = 3


@dataclass(slots=True)
class Dialogue:
    """One conversation as tokens; `aims` are a place, the row of the table for what follows it, and a weight."""

    tokens: list[int] = field(default_factory=list)
    aims: list[tuple[int, int, float]] = field(default_factory=list)

    def aim(self, row: int, weight: float = 1.0) -> None:
        """Add an aim after the last token."""
        self.aims.append((len(self.tokens) - 1, row, weight))


@dataclass(frozen=True, slots=True)
class AimTable:
    """The tokens that may follow, with their shares, which sum to 1 per row; both are (rows, choices)."""

    tokens: NDArray[np.int32]
    shares: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences of similar length, padded on the right. Shapes: tokens (rows, columns); the others (aims,)."""

    tokens: NDArray[np.int32]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    aims: NDArray[np.int32]
    weights: NDArray[np.float32]


class Lessons(Protocol):
    """A source of batches; those of a step depend on seed and step alone, so that training can resume."""

    @property
    def words(self) -> int:
        """The number of tokens of the vocabulary."""
        ...

    def table(self) -> AimTable:
        """Return what the aims of all batches mean."""
        ...

    def batches(self, seed: int, step: int, done: float) -> list[Batch]:
        """Return the batches of a step, whose gradients are added; `done` is the share of training before it."""
        ...


def pad(dialogues: Sequence[Dialogue]) -> Batch:
    """Return dialogues as one batch."""
    tokens = np.full((len(dialogues), max(len(dialogue.tokens) for dialogue in dialogues)), PAD_ID, dtype=np.int32)
    rows, columns, aims, weights = [], [], [], []
    for row, dialogue in enumerate(dialogues):
        tokens[row, : len(dialogue.tokens)] = dialogue.tokens
        for column, aim, weight in dialogue.aims:
            rows.append(row)
            columns.append(column)
            aims.append(aim)
            weights.append(weight)
    return Batch(
        tokens,
        np.array(rows, dtype=np.int32),
        np.array(columns, dtype=np.int32),
        np.array(aims, dtype=np.int32),
        np.array(weights, dtype=np.float32),
    )


def pad_alike(dialogues: Sequence[Dialogue]) -> list[Batch]:
    """Return dialogues as batches of similar length, which spares a third of the tokens to pad."""
    ordered = sorted(dialogues, key=lambda dialogue: len(dialogue.tokens))
    size = -(-len(ordered) // _PARTS)
    return [pad(ordered[first : first + size]) for first in range(0, len(ordered), size)]


def join(batches: Sequence[Batch]) -> Batch:
    """Return batches as one; a gradient is the same, and where calls cost more than products it takes fewer calls."""
    width = max(batch.tokens.shape[1] for batch in batches)
    firsts = np.cumsum([0, *(len(batch.tokens) for batch in batches[:-1])]).astype(np.int32)
    return Batch(
        np.concatenate(
            [
                np.pad(batch.tokens, ((0, 0), (0, width - batch.tokens.shape[1])), constant_values=PAD_ID)
                for batch in batches
            ]
        ),
        np.concatenate([batch.rows + first for batch, first in zip(batches, firsts, strict=True)]),
        np.concatenate([batch.columns for batch in batches]),
        np.concatenate([batch.aims for batch in batches]),
        np.concatenate([batch.weights for batch in batches]),
    )
