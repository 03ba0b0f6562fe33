"""Permutation tracking: cups with things under them change places; tell what is where.

Rules: Things lie under numbered cups. Each turn cups change places; the things go with them.
Observation: What lies where at the start; then who changes places (see `restate`).
Action: The name of the thing under the cup that is asked for, after this turn's changes.
Oracle: Exact composition of permutations. A wrong answer changes nothing.
Difficulty: `cups`, `changes` a turn, and `moves`: a swap of two or any permutation; constant over turns.
References: Kim & Schuster (2023), Entity tracking in language models, ACL; Merrill, Petty & Sabharwal (2024), The
    illusion of state in state-space models, ICML (words of S5).
Versions: 1.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.domains.bookkeeping import Questions
from horizon.domains.name_matching import heard_names
from horizon.domains.wording_shifts import language, read_shift, shown_names

THINGS = ("ball", "coin", "key", "ring", "bean", "dice", "shell", "pearl", "stone", "cork")
_FILLERS = frozenset({"the", "a", "an", "der", "die", "das", "is", "it"})
_ORDERS = {n: tuple(permutations(range(n)))[1:] for n in range(2, 6)}
World = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Changes in order, each the new content's old place for every place; and the place that is asked for."""

    changes: tuple[World, ...]
    asked: int


@dataclass(frozen=True)
class Permutation(Questions[World, Shuffle]):
    """Cups and things."""

    name: ClassVar[str] = "permutation"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "follow things under cups that change places"

    cups: int = parameter(3, "how many cups", low=2, high=len(THINGS))
    changes: int = parameter(1, "changes a turn", low=1, high=20)
    moves: str = parameter("swap", "two cups swap, or any rearrangement (up to 5 cups)", choices=("swap", "any"))

    def __post_init__(self) -> None:
        """Refuse rearrangements too long to tell."""
        super().__post_init__()
        if self.moves == "any" and self.cups > 5:
            raise UsageError(f"permutation: moves=any goes up to cups=5, not {self.cups}: use moves=swap")

    def start(self, seed: int) -> World:
        """Return the things in a seeded order."""
        return tuple(sorted(range(self.cups), key=lambda thing: self.draw(seed, 0, "start", thing)))

    def event(self, seed: int, played: int, world: World) -> Shuffle:
        """Return this turn's changes."""
        found = []
        number, asked = divmod(self.draw(seed, played), self.cups)
        for place in range(self.changes):
            if number < 1000:
                number = self.draw(seed, played, place)
            if self.moves == "any":
                number, index = divmod(number, len(_ORDERS[self.cups]))
                found.append(_ORDERS[self.cups][index])
                continue
            number, one = divmod(number, self.cups)
            number, other = divmod(number, self.cups - 1)
            other += other >= one
            order = list(range(self.cups))
            order[one], order[other] = other, one
            found.append(tuple(order))
        return Shuffle(tuple(found), asked)

    def after(self, world: World, event: Shuffle) -> World:
        """Return the new order."""
        for change in event.changes:
            world = tuple([world[old] for old in change])
        return world

    def truth(self, world: World, event: Shuffle) -> str:
        """Return the thing under the cup asked for."""
        return THINGS[world[event.asked]]

    def answers(self, world: World, event: Shuffle) -> tuple[str, ...]:
        """Return all things."""
        return THINGS[: self.cups]

    def instructions(self) -> str:
        """Return the rules."""
        if language(self.shift) == "german":
            return (
                f"Unter {self.cups} Bechern liegen Dinge. In jeder Runde wechseln Becher ihre Plätze, und was "
                "darunter liegt, geht mit. Sage, was danach unter dem genannten Becher liegt."
            )
        return (
            f"Things lie under {self.cups} cups. Each turn cups change places, and what lies under them goes along. "
            "Tell what lies under the cup that is asked for afterwards."
        )

    def answer_example(self) -> str:
        """Return a thing."""
        return "NAME" if read_shift(self.shift) & {"names", "notation"} else THINGS[0]

    def told(self, seed: int, world: World) -> str:
        """Return what lies where."""
        things = self._things(seed)
        listed = [f"{self._place(place)}: {things[THINGS[world[place]]]}" for place in self._order()]
        return f"{'Becher' if language(self.shift) == 'german' else 'Cups'}: {', '.join(listed)}."

    def announced(self, seed: int, event: Shuffle) -> str:
        """Return who changes places."""
        return " ".join(self._change(change) for change in event.changes)

    def asked(self, seed: int, event: Shuffle) -> str:
        """Return the question."""
        place = self._place(event.asked)
        if language(self.shift) == "german":
            return f"Was liegt jetzt unter Becher {place}?"
        return f"What lies under cup {place} now?"

    def said(self, seed: int, answer: str) -> str:
        """Return the thing's name."""
        return self._things(seed)[answer]

    def heard(self, seed: int, world: World, event: Shuffle, text: str) -> str | None:
        """Read one thing."""
        found = heard_names(text, self._things(seed), _FILLERS)
        return found[0] if found is not None and len(found) == 1 else None

    def write(self, world: World) -> str:
        """Return the numbers of the things in the order of the cups."""
        return " ".join(str(each) for each in world)

    def read(self, text: str) -> World:
        """Return the order of a text."""
        parts = text.split()
        if sorted(parts) != sorted(str(each) for each in range(self.cups)):
            raise UsageError(
                f"'{text}' is no order of {self.cups} things: write the numbers 0 to {self.cups - 1} once"
            )
        return tuple(int(each) for each in parts)

    def _things(self, seed: int) -> dict[str, str]:
        return shown_names(self.shift, seed, "thing", THINGS[: self.cups])

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
        told = ", ".join(
            f"{self._place(change[place])} {'nach' if german else 'to'} {self._place(place)}" for place in moved
        )
        return f"Becher gehen: {told}." if german else f"Cups move: {told}."


ENVIRONMENT = Permutation
