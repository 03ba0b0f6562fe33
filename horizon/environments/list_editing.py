"""List editing: insert, delete, move and replace by position; a question asks for an element or the whole list.

Rules: A list of words is edited step by step; positions count from 1.
Observation: The list at the start; then this turn's edits (see `restate`).
Action: The element at the position asked for, or the whole list in order, after the edits.
Oracle: Exact editing. A wrong answer changes nothing.
Difficulty: `length` of the list and `edits` per turn; constant over turns except for the length of the list.
References: Kim & Schuster (2023), Entity tracking in language models, ACL.
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.domains.bookkeeping import Questions
from horizon.domains.name_matching import parse_names
from horizon.domains.word_list import WORDS
from horizon.domains.wording_shifts import display_names, language, read_shift

World = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits of a turn, each a word with positions (from 0) or an item; the position asked for (-1: the list)."""

    edits: tuple[tuple[str, int, int], ...]
    asked: int


@dataclass(frozen=True)
class ListEditing(Questions[World, Edits]):
    """List editing; the world is a list of word indices."""

    name: ClassVar[str] = "list_editing"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "follow insertions, deletions, moves and replacements in a list"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {
        "edits": (1, 2, 3, 4, 6, 8, 12, 20),
        "length": (3, 4, 6, 8, 12, 20, 40),
    }

    length: int = parameter(4, "items at the start; the length stays within 2 of it", low=3, high=40)
    edits: int = parameter(1, "edits per turn", low=1, high=20)
    question: str = parameter("element", "kind of question", choices=("element", "list"))

    def start(self, seed: int) -> World:
        """Return a seeded list of different words."""
        order = sorted(range(len(WORDS)), key=lambda item: self.draw(seed, 0, "start", item))
        return tuple(order[: self.length])

    def event(self, seed: int, played: int, world: World) -> Edits:
        number = self.draw(seed, played)
        edits = []
        size = len(world)
        for place in range(self.edits):
            if number < 1 << 30:
                number = self.draw(seed, played, place)
            number, kind = divmod(number, 4)
            number, item = divmod(number, len(WORDS))
            number, at = divmod(number, size)
            number, to = divmod(number, size - 1)
            if kind == 0 and size >= self.length + 2:
                kind = 1
            elif kind == 1 and size <= max(2, self.length - 2):
                kind = 0
            if kind == 0:
                number, at = divmod(number, size + 1)
                edits.append(("insert", at, item))
                size += 1
            elif kind == 1:
                edits.append(("delete", at, -1))
                size -= 1
            elif kind == 2:
                edits.append(("move", at, to + (to >= at)))
            else:
                edits.append(("replace", at, item))
        return Edits(tuple(edits), -1 if self.question == "list" else number % size)

    def after(self, world: World, event: Edits) -> World:
        items = list(world)
        for word, at, other in event.edits:
            if word == "insert":
                items.insert(at, other)
            elif word == "delete":
                del items[at]
            elif word == "move":
                items.insert(other, items.pop(at))
            else:
                items[at] = other
        return tuple(items)

    def truth(self, world: World, event: Edits) -> str:
        if event.asked < 0:
            return ", ".join([WORDS[item] for item in world])
        return WORDS[world[event.asked]]

    def answers(self, world: World, event: Edits) -> tuple[str, ...]:
        """Return all elements before and after; for lists: true, old, two exchanged, and shortened."""
        after = self.after(world, event)
        if event.asked >= 0:
            return tuple(dict.fromkeys([WORDS[item] for item in (*after, *world)]))
        swapped = (after[1], after[0], *after[2:])
        return tuple(dict.fromkeys(self.truth(items, event) for items in (after, world, swapped, after[:-1])))

    def instructions(self) -> str:
        is_list = self.question == "list"
        asked = "the whole list, separated by commas" if is_list else "the word at the position asked for"
        german = "die ganze Liste, durch Kommas getrennt" if is_list else "das Wort an dieser Stelle"
        return self._choose_text(
            v1="A list of words is edited step by step. Positions count from 1. 'move 3 to 1' takes the word at "
            f"position 3 out and puts it back in at position 1. Afterwards tell {asked}.",
            v2="You are editing a list of words step by step. Positions are counted from 1: 'move 3 to 1' takes the "
            "word at position 3 out of the list and puts it back in at position 1. After the edits you are asked a "
            f"question. Answer with {asked}.",
            german="Eine Liste von Wörtern wird Schritt für Schritt geändert. Die Stellen zählen von 1 an. 'move 3 to "
            f"1' nimmt das Wort an Stelle 3 heraus und fügt es an Stelle 1 wieder ein. Nenne danach {german}.",
        )

    def answer_example(self) -> str:
        if self.question == "list":
            return "WORD, WORD, ..."
        return "WORD" if read_shift(self.shift) & {"names", "notation"} else "apple"

    def describe(self, seed: int, world: World) -> str:
        names = self._names(seed)
        places = range(len(world) - 1, -1, -1) if "mirror" in read_shift(self.shift) else range(len(world))
        listed = ", ".join(f"{place + 1} {names[WORDS[world[place]]]}" for place in places)
        return f"{'Liste' if language(self.shift) == 'german' else 'List'}: {listed}."

    def describe_event(self, seed: int, event: Edits) -> str:
        names = self._names(seed)
        texts = []
        for word, at, other in event.edits:
            if word == "insert":
                texts.append(f"insert {names[WORDS[other]]} at {at + 1}")
            elif word == "delete":
                texts.append(f"delete {at + 1}")
            elif word == "move":
                texts.append(f"move {at + 1} to {other + 1}")
            else:
                texts.append(f"replace {at + 1} by {names[WORDS[other]]}")
        return f"{'Änderung' if language(self.shift) == 'german' else 'Edit'}: {', '.join(texts)}."

    def describe_question(self, seed: int, event: Edits) -> str:
        german = language(self.shift) == "german"
        if event.asked < 0:
            return "Wie lautet die Liste jetzt?" if german else "What is the list now?"
        place = event.asked + 1
        return (
            f"Welches Wort steht jetzt an Stelle {place}?" if german else f"Which word stands at position {place} now?"
        )

    def format_answer(self, seed: int, answer: str) -> str:
        names = self._names(seed)
        return ", ".join(names[word] for word in answer.split(", "))

    def parse_answer(self, seed: int, world: World, event: Edits, text: str) -> str | None:
        fillers = frozenset({"the", "word", "is", "das", "wort", "ist"} | {str(n) for n in range(1, self.length + 4)})
        words = parse_names(text, self._names(seed), fillers)
        if not words or (event.asked >= 0 and len(words) != 1):
            return None
        return ", ".join(words)

    def write(self, world: World) -> str:
        return " ".join(WORDS[item] for item in world)

    def read(self, text: str) -> World:
        unknown = [word for word in text.split() if word not in WORDS]
        if unknown or not self.length - 3 < len(text.split()) < self.length + 3:
            raise UsageError(f"'{text}' is not a list of about {self.length} known words: write words of word_list")
        return tuple(WORDS.index(word) for word in text.split())

    def _names(self, seed: int) -> dict[str, str]:
        return display_names(self.shift, seed, "item", WORDS)


ENVIRONMENT = ListEditing
