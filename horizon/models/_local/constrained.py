"""Replies constrained to a list: the allowed next tokens, and the likelihood of each reply. Knows tokens only."""

from collections.abc import Sequence

import torch
from torch import Tensor

Choices = Sequence[Sequence[int]]


def allowed_tokens(choices: Choices, written: Sequence[int], ends: frozenset[int]) -> list[int]:
    """Return the tokens that may follow the written ones: those of a choice, or the end tokens after a whole one."""
    n_written = len(written)
    tokens: set[int] = set()
    for choice in choices:
        if list(choice[:n_written]) == list(written):
            tokens |= {choice[n_written]} if len(choice) > n_written else ends
    return sorted(tokens)


def mask_logits(logits: Tensor, allowed: Sequence[int]) -> Tensor:
    """Return a row of logits, shape (words,), with minus infinity for all but the allowed tokens."""
    kept = torch.full_like(logits, float("-inf"))
    places = torch.tensor(list(allowed), device=logits.device)
    kept[places] = logits[places]
    return kept


def common_prefix_length(choices: Choices) -> int:
    """Return the length of the common prefix of all choices; at least one token of each is not counted."""
    first, length = choices[0], 0
    while all(len(choice) > length + 1 and choice[length] == first[length] for choice in choices):
        length += 1
    return length


def log_likelihood(before: Tensor, after: Tensor, tokens: Sequence[int], ends: frozenset[int]) -> float:
    """Return the log-likelihood of tokens and then an end, in nats.

    `before` has shape (words,), the logits that the first token is drawn from; `after` (tokens, words), those after
    each token. The end counts, so that a reply differs from a longer one with the same prefix.
    """
    chances = torch.log_softmax(torch.cat([before[None], after]).double(), dim=-1)
    own = sum(float(chances[place, token]) for place, token in enumerate(tokens))
    return own + float(torch.logsumexp(chances[-1, sorted(ends)], dim=-1)) if ends else own
