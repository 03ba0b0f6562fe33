"""What a model may use of a prompt it has read: which tokens are sealed off, and which of the history are rounded.

From messages and their places in the prompt's text to tokens; the decoder knows tokens only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from horizon.core.records import Message, Recall

EXACT_BITS = 32
"""With so many bits nothing is rounded: keys and values have no more."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """The tokens from `start` to `end`, whose keys and values are rounded to `bits` before later tokens are read."""

    start: int
    end: int
    bits: int


@dataclass(frozen=True, slots=True)
class TokenRecall:
    """What may be used of a prompt's tokens; by default all of them, exactly.

    `seals` has a number for each token: one with a number above 0 is attended to only by tokens of the same number,
    those of its own message. An empty tuple, like tokens after its end, is 0.
    """

    seals: tuple[int, ...] = ()
    rounding: Rounding | None = None


ALL_TOKENS = TokenRecall()


def token_recall(
    recall: Recall,
    messages: Sequence[Message],
    spans: Sequence[tuple[int, int]],
    offsets: Sequence[tuple[int, int]],
) -> TokenRecall:
    """Return what a recall of messages means for tokens.

    `spans` are the places of the messages' contents in the prompt's text, `offsets` those of the tokens. A token that
    holds a character of a hidden message is hidden; the template's own tokens around it are not.
    """
    covers = _covers(offsets)
    seals = [0] * len(covers)
    for place in recall.hidden:
        start, end = spans[place]
        for index, (low, high) in enumerate(covers):
            if (low < end and high > start) or (low == high and start <= low < end):
                seals[index] = place + 1
    rounding = None
    replies = [place for place, message in enumerate(messages) if message.role == "assistant"]
    if recall.bits is not None and replies:
        rules_end = spans[0][1] if messages[0].role == "system" else 0
        start, end = (sum(low < place for low, _ in covers) for place in (rules_end, spans[replies[-1]][1]))
        rounding = Rounding(start, end, recall.bits)
    return TokenRecall(tuple(seals) if any(seals) else (), rounding)


def first_difference(one: Sequence[int], other: Sequence[int], length: int) -> int:
    """Return the first place, up to `length`, at which two lists of seals differ; each continues with 0."""
    if not one and not other:
        return length
    for place in range(min(length, max(len(one), len(other)))):
        if (one[place] if place < len(one) else 0) != (other[place] if place < len(other) else 0):
            return place
    return length


def open_keys(seals: Sequence[int], first: int, past: int, length: int, device: torch.device) -> Tensor | None:
    """Return which keys `first` to `length` are open to the tokens from `past` on, as booleans (tokens, keys).

    None where no key is sealed.
    """
    numbers = [*seals[first:length], *([0] * (length - max(first, len(seals))))]
    if not any(numbers):
        return None
    keys = torch.tensor(numbers, device=device)
    readers = keys[past - first :, None]
    are_open: Tensor = (keys == 0) | (keys == readers)
    return are_open


def round_numbers(numbers: Tensor, bits: int) -> Tensor:
    """Return numbers of shape (heads, tokens, width), rounded to whole steps, symmetric, for each head and token.

    With b bits the steps are -(2**(b-1) - 1) to 2**(b-1) - 1, and the largest number of a head and token is the last
    one, so that no number moves by more than half a step: max|x| / (2 * (2**(b-1) - 1)).
    """
    if bits >= EXACT_BITS:
        return numbers
    exact = numbers.float()
    step = exact.abs().amax(dim=-1, keepdim=True) / (2 ** (bits - 1) - 1)
    # A token of zeros has no step.
    steps = torch.round(exact / torch.where(step > 0, step, 1.0))
    whole: Tensor = (steps * step).to(numbers.dtype)
    return whole


def _covers(offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the text that each token covers: some tokenizers leave the space before a word out of its offsets."""
    covers: list[tuple[int, int]] = []
    reached = 0
    for start, end in offsets:
        covers.append((min(start, reached), end))
        reached = max(reached, end)
    return covers
