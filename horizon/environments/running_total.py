"""Running total: look words up in a dictionary and add their numbers; every turn asks for the total.

Rules: A dictionary gives every word a number. Each turn names some words; their numbers are added to the total.
Observation: The dictionary and the total at the start; then the words of each turn (see `restate`).
Action: The total after this turn, a whole number.
Oracle: Exact sum. A wrong answer changes nothing: the next turn adds to the true total. `extra` holds the turn's
    `increment`, so that an answer can be compared with the answer before it (step accuracy).
Difficulty: `lookups` words per turn and `largest` number; constant over turns.
References: Sinha et al. (2025), The illusion of diminishing returns: measuring long horizon execution in LLMs,
    arXiv 2509.09677.
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.records import Json
from horizon.core.seeds import generator
from horizon.domains.bookkeeping import Moment, Questions
from horizon.domains.name_matching import parse_integer
from horizon.domains.word_list import WORDS
from horizon.domains.wording_shifts import display_names, language, read_shift


@dataclass(frozen=True)
class RunningTotal(Questions[int, tuple[tuple[str, int], ...]]):
    """Running total over a dictionary of words; the world is the total."""

    name: ClassVar[str] = "running_total"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "look words up and add their numbers to a total"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {
        "lookups": (1, 2, 3, 4, 6, 8, 12, 20, 30, 50),
        "largest": (9, 99, 999, 9999),
    }

    lookups: int = parameter(1, "words per turn", low=1, high=50)
    words: int = parameter(10, "words in the dictionary", low=2, high=len(WORDS))
    largest: int = parameter(9, "largest number in the dictionary", low=1, high=1_000_000)
    negative: bool = parameter(False, "include negative numbers")

    def start(self, seed: int) -> int:
        return 0

    def event(self, seed: int, played: int, world: int) -> tuple[tuple[str, int], ...]:
        """Return this turn's words with their numbers."""
        entries = _entries(seed, self.words, self.largest, self.negative)
        number = self.draw(seed, played)
        if self.lookups == 1:
            return (entries[number % self.words],)
        words = []
        for place in range(self.lookups):
            number, index = divmod(number, self.words)
            words.append(entries[index])
            if number < self.words:
                number = self.draw(seed, played, place)
        return tuple(words)

    def after(self, world: int, event: tuple[tuple[str, int], ...]) -> int:
        for _, number in event:
            world += number
        return world

    def truth(self, world: int, event: tuple[tuple[str, int], ...]) -> str:
        return str(world)

    def answers(self, world: int, event: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
        """Return the true total and close ones: the old total, one word left out or counted twice, off by 1 or 10."""
        total = self.after(world, event)
        near = (total, world, total + event[-1][1], total - event[-1][1], total + 1, total - 1, total + 10)
        return tuple(dict.fromkeys(str(total) for total in near))

    def extra(self, state: Moment[int], action: str | None) -> Mapping[str, Json]:
        """Return the sum of this turn's numbers as `increment`."""
        event = self.event(state.seed, state.played, state.world)
        return {"increment": sum(number for _, number in event)}

    def instructions(self) -> str:
        return self._choose_text(
            v1="A dictionary gives every word a number. Each turn names words. Look up their numbers and add them to "
            "the total. After each turn tell the new total.",
            v2="You are keeping a running total. A dictionary gives the value of each word. When words are listed, "
            "look up the value of each one, add it to the total, and answer with the new total.",
            german="Ein Wörterbuch gibt jedem Wort eine Zahl. In jeder Runde werden Wörter genannt. Schlage ihre "
            "Zahlen nach und zähle sie zur Summe hinzu. Nenne nach jeder Runde die neue Summe.",
        )

    def answer_example(self) -> str:
        return "12"

    def describe(self, seed: int, world: int) -> str:
        names = self._names(seed)
        entries = list(_entries(seed, self.words, self.largest, self.negative))
        is_mirrored = "mirror" in read_shift(self.shift)
        if is_mirrored:
            entries.reverse()
        listed = [
            f"{number} = {names[word]}" if is_mirrored else f"{names[word]} = {number}" for word, number in entries
        ]
        if language(self.shift) == "german":
            return f"Wörterbuch: {', '.join(listed)}.\nDie Summe ist jetzt {world}."
        return f"Dictionary: {', '.join(listed)}.\nThe total is now {world}."

    def describe_event(self, seed: int, event: tuple[tuple[str, int], ...]) -> str:
        names = self._names(seed)
        label = "Wörter" if language(self.shift) == "german" else "Words"
        return f"{label}: {', '.join(names[word] for word, _ in event)}."

    def describe_question(self, seed: int, event: tuple[tuple[str, int], ...]) -> str:
        return "Wie groß ist die Summe jetzt?" if language(self.shift) == "german" else "What is the total now?"

    def format_answer(self, seed: int, answer: str) -> str:
        return answer

    def parse_answer(self, seed: int, world: int, event: tuple[tuple[str, int], ...], text: str) -> str | None:
        return parse_integer(text)

    def write(self, world: int) -> str:
        return str(world)

    def read(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"'{text}' is not a total: give an integer") from None

    def _names(self, seed: int) -> dict[str, str]:
        entries = _entries(seed, self.words, self.largest, self.negative)
        return display_names(self.shift, seed, "word", tuple(word for word, _ in entries))


ENVIRONMENT = RunningTotal


@lru_cache(maxsize=4096)
def _entries(seed: int, words: int, largest: int, negative: bool) -> tuple[tuple[str, int], ...]:
    """Return an instance's dictionary, words in alphabetical order."""
    draw = generator(seed, "running_total")
    chosen = sorted(draw.sample(WORDS, words))
    return tuple((word, draw.randint(1, largest) * (draw.choice((1, -1)) if negative else 1)) for word in chosen)
