"""Permutation tracking: cups with things under them are permuted; a question asks for the thing under a cup.

Rules: There are things under numbered cups. Each turn cups exchange positions, together with their things.
Observation: The thing under each cup at the start; then the exchanges (see `restate`).
Action: The name of the thing under the cup that is asked for, after this turn's changes.
Oracle: Exact composition of permutations. A wrong answer changes nothing.
Difficulty: `cups`, `changes` per turn, and `moves`: a swap of two or any permutation; constant over turns.
References: Kim & Schuster (2023), Entity tracking in language models, ACL; Merrill, Petty & Sabharwal (2024), The
    illusion of state in state-space models, ICML (words of S5).
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.domains.bookkeeping import Questions
from horizon.domains.name_matching import parse_names
from horizon.domains.wording_shifts import display_names, language, read_shift

THINGS = ("ball", "coin", "key", "ring", "bean", "dice", "shell", "pearl", "stone", "cork")
_FILLERS = frozenset({"the", "a", "an", "der", "die", "das", "is", "it"})
_ORDERS = {n: tuple(permutations(range(n)))[1:] for n in range(2, 6)}
World = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shuffle:
    """The changes, each as the old position of the new content of every position; and the position asked for."""

    changes: tuple[World, ...]
    asked: int


@dataclass(frozen=True)
class Permutation(Questions[World, Shuffle]):
    """Permutation tracking; the world is the thing under each cup."""

    name: ClassVar[str] = "permutation"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "follow things under cups that exchange positions"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {
        "changes": (1, 2, 3, 4, 6, 8, 12, 16, 20),
        "cups": (2, 3, 4, 5, 6, 7),
    }

    cups: int = parameter(3, "number of cups", low=2, high=len(THINGS))
    changes: int = parameter(1, "changes per turn", low=1, high=20)
    moves: str = parameter("swap", "two cups swap, or any rearrangement (up to 5 cups)", choices=("swap", "any"))

    def __post_init__(self) -> None:
        """Refuse rearrangements of more than 5 cups."""
        super().__post_init__()
        if self.moves == "any" and self.cups > 5:
            raise UsageError(f"permutation: moves=any goes up to cups=5, not {self.cups}: use moves=swap")

    def start(self, seed: int) -> World:
        """Return the things in a seeded order."""
        return tuple(sorted(range(self.cups), key=lambda thing: self.draw(seed, 0, "start", thing)))

    def event(self, seed: int, played: int, world: World) -> Shuffle:
        changes = []
        number, asked = divmod(self.draw(seed, played), self.cups)
        for place in range(self.changes):
            if number < 1000:
                number = self.draw(seed, played, place)
            if self.moves == "any":
                number, index = divmod(number, len(_ORDERS[self.cups]))
                changes.append(_ORDERS[self.cups][index])
                continue
            number, one = divmod(number, self.cups)
            number, other = divmod(number, self.cups - 1)
            other += other >= one
            order = list(range(self.cups))
            order[one], order[other] = other, one
            changes.append(tuple(order))
        return Shuffle(tuple(changes), asked)

    def after(self, world: World, event: Shuffle) -> World:
        for change in event.changes:
            world = tuple([world[old] for old in change])
        return world

    def truth(self, world: World, event: Shuffle) -> str:
        return THINGS[world[event.asked]]

    def answers(self, world: World, event: Shuffle) -> tuple[str, ...]:
        return THINGS[: self.cups]

    def instructions(self) -> str:
        return self._choose_text(
            v1=f"Things lie under {self.cups} cups. Each turn cups change places, and what lies under them goes "
            "along. Tell what lies under the cup that is asked for afterwards.",
            v2=f"There are {self.cups} cups in numbered places, with a different object under each one. When cups "
            "change places, the objects under them move along. You are asked which object is under a cup after that. "
            "Answer with the name of the object.",
            german=f"Unter {self.cups} Bechern liegen Dinge. In jeder Runde wechseln Becher ihre Plätze, und was "
            "darunter liegt, geht mit. Sage, was danach unter dem genannten Becher liegt.",
        )

    def answer_example(self) -> str:
        return "NAME" if read_shift(self.shift) & {"names", "notation"} else THINGS[0]

    def describe(self, seed: int, world: World) -> str:
        things = self._things(seed)
        listed = [f"{self._place(place)}: {things[THINGS[world[place]]]}" for place in self._order()]
        return f"{'Becher' if language(self.shift) == 'german' else 'Cups'}: {', '.join(listed)}."

    def describe_event(self, seed: int, event: Shuffle) -> str:
        return " ".join(self._change(change) for change in event.changes)

    def describe_question(self, seed: int, event: Shuffle) -> str:
        place = self._place(event.asked)
        if language(self.shift) == "german":
            return f"Was liegt jetzt unter Becher {place}?"
        return f"What lies under cup {place} now?"

    def format_answer(self, seed: int, answer: str) -> str:
        return self._things(seed)[answer]

    def parse_answer(self, seed: int, world: World, event: Shuffle, text: str) -> str | None:
        things = parse_names(text, self._things(seed), _FILLERS)
        return things[0] if things is not None and len(things) == 1 else None

    def write(self, world: World) -> str:
        return " ".join(str(thing) for thing in world)

    def read(self, text: str) -> World:
        parts = text.split()
        if sorted(parts) != sorted(str(thing) for thing in range(self.cups)):
            raise UsageError(
                f"'{text}' is not an order of {self.cups} things: write the numbers 0 to {self.cups - 1} once"
            )
        return tuple(int(thing) for thing in parts)

    def _things(self, seed: int) -> dict[str, str]:
        return display_names(self.shift, seed, "thing", THINGS[: self.cups])

    def _order(self) -> range:
        return range(self.cups - 1, -1, -1) if "mirror" in read_shift(self.shift) else range(self.cups)

    def _place(self, place: int) -> str:
        number = self.cups - place if "mirror" in read_shift(self.shift) else place + 1
        return "ABCDEFGHIJ"[number - 1] if "notation" in read_shift(self.shift) else str(number)

    def _change(self, change: World) -> str:
        moved = [place for place in range(self.cups) if change[place] != place]
        german = language(self.shift) == "german"
        if len(moved) == 2:
            one, other = self._place(moved[0]), self._place(moved[1])
            return f"Becher {one} und {other} tauschen." if german else f"Cups {one} and {other} swap."
        moves = ", ".join(
            f"{self._place(change[place])} {'nach' if german else 'to'} {self._place(place)}" for place in moved
        )
        return f"Becher gehen: {moves}." if german else f"Cups move: {moves}."


ENVIRONMENT = Permutation
