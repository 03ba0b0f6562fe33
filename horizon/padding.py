"""Neutral text of a wanted length, for the condition `padded`: plain sentences that ask for nothing.

Pure; the tokenizer comes in as a function.
"""

from collections.abc import Callable
from itertools import count

from horizon.seeds import generator

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
_WORDS = ("meanwhile", "slowly", "again", "later", "nearby", "often")


def neutral_text(seed: int, n_tokens: int, count_tokens: Callable[[str], int]) -> str:
    """Return text of `n_tokens` tokens, as near as words allow; empty for 0 and below.

    The same seed gives texts that begin alike, whatever their length. Cost: about ten counts of the whole text.
    """
    if n_tokens <= 0:
        return ""
    random = generator(seed, "neutral text")
    sentences: list[str] = []
    total = 0
    # Sentence by sentence as counted alone, which may be a little off for the whole.
    for number in count():
        if total >= n_tokens:
            break
        sentence = f"{random.choice(_SUBJECTS).capitalize()} {random.choice(_PREDICATES)}."
        sentences.append(sentence)
        total += max(1, count_tokens(" " + sentence if number else sentence))
    words = " ".join(sentences).split(" ")
    low, high = 0, len(words)
    while count_tokens(" ".join(words)) < n_tokens:
        words.append(random.choice(_WORDS))
        high = len(words)
    # The shortest beginning that is long enough: counts grow with the words.
    while low < high:
        middle = (low + high) // 2
        if count_tokens(" ".join(words[:middle])) < n_tokens:
            low = middle + 1
        else:
            high = middle
    return " ".join(words[:high])
