"""Jobs of the decoder and what it writes, in tokens, and what the prompts of jobs have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from horizon.models._local.recall import ALL_TOKENS, TokenRecall, first_difference


@dataclass(frozen=True, slots=True)
class Job:
    """One requested reply: the whole prompt as tokens, and how to decode from it. `temperature` 0 is greedy.

    `choices`, if there are any, are the only allowed replies; with `is_scored` the likeliest of them is chosen as a
    whole, instead of token by token. `recall` is what may be used of the prompt.
    """

    conversation: str
    prompt: list[int]
    max_tokens: int
    seed: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    choices: tuple[tuple[int, ...], ...] = ()
    is_scored: bool = False
    recall: TokenRecall = ALL_TOKENS


@dataclass(slots=True, eq=False)
class WrittenReply:
    """One reply as tokens, without its end token. `reused_tokens` of the prompt came from a cache.

    `log_likelihoods` holds those of all scored choices, in their order, without their common prefix; that of a single
    choice is whole.
    """

    tokens: list[int] = field(default_factory=list)
    has_ended: bool = False
    reused_tokens: int = 0
    log_likelihoods: list[float] = field(default_factory=list)


def common_prompt(job: Job, other: Job) -> int:
    """Return how many first tokens of two prompts are read in the same way."""
    length = first_difference(job.recall.seals, other.recall.seals, common_prefix(job.prompt, other.prompt))
    return length if other.recall.rounding is None else min(length, other.recall.rounding.end)


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the common prefix of two sequences, at a cost in its own length."""
    length = min(len(one), len(other))
    low, reach = 0, 32
    # Equal up to `low`: double the step until something differs, then bisect.
    while low < length and one[low : low + reach] == other[low : low + reach]:
        low = min(length, low + reach)
        reach *= 2
    high = min(length, low + reach)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
