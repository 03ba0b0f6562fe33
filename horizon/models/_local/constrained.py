"""Replies held to a list: what may be written next, and how likely each whole reply is. Knows tokens only."""

from collections.abc import Sequence

import torch
from torch import Tensor

Choices = Sequence[Sequence[int]]


def allowed_next(choices: Choices, written: Sequence[int], ends: frozenset[int]) -> list[int]:
    """Return the tokens that may follow what is written: those that lead to a choice, the ends where one is whole."""
    n_written = len(written)
    found: set[int] = set()
    for choice in choices:
        if list(choice[:n_written]) == list(written):
            found |= {choice[n_written]} if len(choice) > n_written else ends
    return sorted(found)


def only(logits: Tensor, allowed: Sequence[int]) -> Tensor:
    """Return a row of logits, shape (words,), with all but the allowed tokens ruled out."""
    kept = torch.full_like(logits, float("-inf"))
    places = torch.tensor(list(allowed), device=logits.device)
    kept[places] = logits[places]
    return kept


def shared_beginning(choices: Choices) -> int:
    """Return how many tokens all choices begin with alike; at least one token of each is left out."""
    first, length = choices[0], 0
    while all(len(each) > length + 1 and each[length] == first[length] for each in choices):
        length += 1
    return length


def log_likelihood(before: Tensor, after: Tensor, tokens: Sequence[int], ends: frozenset[int]) -> float:
    """Return the log-likelihood of tokens and then an end, in nats.

    `before` has shape (words,), the logits that the first token is drawn from; `after` (tokens, words), those after
    each token. The end counts, so that a reply that begins another is told from it.
    """
    chances = torch.log_softmax(torch.cat([before[None], after]).double(), dim=-1)
    own = sum(float(chances[place, token]) for place, token in enumerate(tokens))
    return own + float(torch.logsumexp(chances[-1, sorted(ends)], dim=-1)) if ends else own
