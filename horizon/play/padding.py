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

_MOST_GUESSES = 8
"""Then the interval is halved instead, for tokenizers whose counts are out of proportion."""


def token_counter(model: Model) -> Callable[[str], int]:
    """Return what counts a text's tokens; without a tokenizer, four characters a token."""

    def count(text: str) -> int:
        n_tokens = model.count_tokens(text)
        return n_tokens if n_tokens is not None else -(-len(text) // 4)

    return count


def neutral_text(seed: int, n_tokens: int, count_tokens: Callable[[str], int]) -> str:
    """Return text of `n_tokens` tokens, as near as whole words allow; empty for 0 and below.

    It is the beginning of one endless text for each seed (`neutral_words`). Cost: about 5 counts of the whole text.
    """
    if n_tokens <= 0:
        return ""
    # The shortest beginning that is long enough is above `low` words and at most `high`: counts grow with the words,
    # almost in proportion, so that each count gives the next guess.
    low, high = 0, 0
    guess, n_guesses = n_tokens, 0
    while not high or high - low > 1:
        n_counted = count_tokens(neutral_words(seed, guess))
        is_enough = n_counted >= n_tokens
        low, high = (low, guess) if is_enough else (guess, high)
        n_guesses += 1
        nearest = round(guess * n_tokens / n_counted) if n_counted else 2 * guess
        guess = min(nearest, guess - 1) if is_enough else max(nearest, guess + 1)
        if high:
            guess = min(max(guess, low + 1), high - 1) if n_guesses <= _MOST_GUESSES else (low + high) // 2
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
