"""Neutral text of a wanted length, in place of a history or of its thinking: plain sentences that ask for nothing.

Pure but for the model's tokenizer.
"""

from collections.abc import Callable

from horizon.core.model import Model
from horizon.core.seeds import derive, generator

_SUBJECTS = (
    "the baker",
    "a gardener",
    "the old bridge",
    "a small boat",
    "the market square",
    "a grey cat",
    "the postman",
    "the school choir",
    "a quiet street",
    "the harbour office",
    "an apple tree",
    "the evening train",
    "a wooden bench",
    "the village pond",
    "the clock tower",
    "a young painter",
)
_PREDICATES = (
    "was there long before the road was built",
    "can be seen from the hill on clear days",
    "gets a fresh coat of paint in spring",
    "is a favourite of visitors from the coast",
    "stands in the shade for most of the day",
    "was mentioned in the local paper last year",
    "looks much the same in every season",
    "belongs to a family with many cousins",
    "was quiet when the rain began",
    "has a story that nobody tells in full",
    "is best visited early in the morning",
    "was cleaned before the holidays",
)


def token_counter(model: Model) -> Callable[[str], int]:
    """Return what counts a text's tokens; without a tokenizer, four characters a token."""

    def count(text: str) -> int:
        n_tokens = model.count_tokens(text)
        return n_tokens if n_tokens is not None else -(-len(text) // 4)

    return count


def neutral_text(seed: int, n_tokens: int, count_tokens: Callable[[str], int]) -> str:
    """Return text of `n_tokens` tokens, as near as whole words allow; empty for 0 and below.

    It is the beginning of one endless text for each seed (`neutral_words`). Cost: about 15 counts of the whole text.
    """
    if n_tokens <= 0:
        return ""
    # A word is rarely more than three tokens and hardly ever less than one quarter.
    high = 8
    while count_tokens(neutral_words(seed, high)) < n_tokens:
        high *= 2
    low = 0
    # The shortest beginning that is long enough: counts grow with the words.
    while low < high:
        middle = (low + high) // 2
        if count_tokens(neutral_words(seed, middle)) < n_tokens:
            low = middle + 1
        else:
            high = middle
    return neutral_words(seed, high)


def neutral_thinking(seed: int, episode_id: str, turn: int, n_words: int) -> str:
    """Return the neutral text that a history has in place of the thinking of one turn."""
    return neutral_words(derive(seed, "thinking", episode_id, turn), n_words)


def neutral_words(seed: int, n_words: int) -> str:
    """Return the first words of a seed's endless text of plain sentences."""
    random = generator(seed, "neutral text")
    words: list[str] = []
    while len(words) < n_words:
        words += f"{random.choice(_SUBJECTS).capitalize()} {random.choice(_PREDICATES)}.".split(" ")
    return " ".join(words[:n_words])
