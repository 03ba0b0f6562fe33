"""River crossing: missionaries and cannibals, or jealous couples, with a boat of any size.

Rules: All must cross a river in a boat that never crosses empty. Missionaries: on neither bank may cannibals
    outnumber missionaries if there are any. Couples: on neither bank nor in the boat may a wife be with another man
    without her husband.
Observation: The people on each bank, and the bank of the boat.
Action: The people who cross, as `M C` or `H1 W1`, in alphabetical order.
Oracle: Exact, by a table of all allowed positions.
Difficulty: `pairs`, `boat` and `start`; the difficulty of a turn is the number of crossings to the goal.
References: Pressman & Singmaster (1989), The jealous husbands and the missionaries and cannibals, Math. Gazette 73;
    Shojaee et al. (2025), The illusion of thinking, arXiv 2506.06941.
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections import Counter, deque
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.core.seeds import generator
from horizon.domains.name_matching import parse_names
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import display_names, read_shift

_FILLERS = frozenset(
    {"and", "cross", "crosses", "the", "with", "take", "takes", "boat", "und", "mit", "missionary", "cannibal"}
)


@dataclass(frozen=True, slots=True)
class Banks:
    """The people on the left bank, in alphabetical order, and whether the boat is there."""

    left: tuple[str, ...]
    is_boat_left: bool


@dataclass(frozen=True)
class RiverCrossing(Planning[Banks]):
    """River crossing; a position is the two banks."""

    name: ClassVar[str] = "river_crossing"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "bring everybody across a river without a forbidden group"

    kind: str = parameter("missionaries", "kind of puzzle", choices=("missionaries", "couples"))
    pairs: int = parameter(3, "number of missionaries and of cannibals, or of couples", low=1, high=7)
    boat: int = parameter(2, "places in the boat", low=1, high=7)
    start: str = parameter("random", "textbook (all left), or any position by seed", choices=("textbook", "random"))

    def __post_init__(self) -> None:
        """Refuse settings without a solution."""
        super().__post_init__()
        if Banks(_people(self.kind, self.pairs), True) not in _distances(self.kind, self.pairs, self.boat):
            raise UsageError(
                f"river_crossing: {self.pairs} {self.kind} can't cross with boat={self.boat}: no sequence of "
                "crossings avoids forbidden groups; use a larger boat or fewer pairs"
            )

    def first_position(self, seed: int) -> Banks:
        """Return all on the left bank, or a seeded position from which the goal can be reached."""
        if self.start == "textbook":
            return Banks(_people(self.kind, self.pairs), True)
        known = _distances(self.kind, self.pairs, self.boat)
        return generator(seed, "river_crossing").choice([position for position, moves in known.items() if moves])

    def moves(self, position: Banks) -> tuple[str, ...]:
        return tuple(_crossings(self.kind, self.pairs, self.boat, position))

    def after(self, position: Banks, action: str) -> Banks:
        return _crossings(self.kind, self.pairs, self.boat, position)[action]

    def distance(self, position: Banks) -> int | None:
        """Return the number of crossings to the goal."""
        return _distances(self.kind, self.pairs, self.boat).get(position)

    def is_dead(self, position: Banks) -> bool:
        """Return False: every crossing can be undone."""
        return False

    def instructions(self) -> str:
        company, bank = self._rule_of_company(), "left" if self._is_mirrored() else "right"
        example = ""
        if not self._is_renamed:
            who = "one missionary and one cannibal" if self.kind == "missionaries" else "the first couple"
            example = f" For example, '{self.answer_example()}' takes {who} to the other bank."
        return self._choose_text(
            v1=f"Everybody must cross a river. The boat holds {self.boat} and never crosses empty. {company} Bring "
            f"all to the {bank} bank. A move names everybody who crosses in the boat.",
            v2=f"You are taking people across a river in a boat. The boat has room for {self.boat} people, and it "
            f"never crosses empty. {company} Your task is to bring everybody to the {bank} bank in as few crossings "
            "as possible. Each move is one crossing to the other bank: write the names of everybody who crosses in "
            f"the boat, separated by spaces.{example}",
            german=f"Alle sollen über einen Fluss. Das Boot fasst {self.boat} und fährt nie leer. {company} Bringe "
            f"alle ans {'linke' if self._is_mirrored() else 'rechte'} Ufer. Ein Zug nennt alle, die im Boot "
            "übersetzen.",
        )

    def _rule_of_company(self) -> str:
        n = self.pairs
        if self.kind == "missionaries":
            return self._choose_text(
                v1=f"There are {n} M (missionaries) and {n} C (cannibals). On no bank may there be more C than M "
                "where there are any M.",
                v2=f"The people are missionaries (M) and cannibals (C), {n} of each. Whenever the boat has crossed, "
                "neither bank may have more cannibals than missionaries, unless it has no missionaries at all.",
                german=f"Es gibt {n} M (Missionare) und {n} C (Kannibalen). Auf keinem Ufer dürfen mehr C als M sein, "
                "wenn dort M sind.",
            )
        couples = "; ".join(f"H{number} is the husband of W{number}" for number in range(1, n + 1))
        return self._choose_text(
            v1=f"There are {n} couples: H1 is the husband of W1, H2 of W2, and so on. Nowhere, in the boat neither, "
            "may a wife be with another man unless her husband is there too.",
            v2=f"The people are married couples: {couples}. A wife must never be with another man, neither on a bank "
            "nor in the boat, unless her own husband is there too.",
            german=f"Es gibt {n} Ehepaare: H1 ist der Mann von W1, H2 der von W2 und so weiter. Nirgends, auch im "
            "Boot nicht, darf eine Frau ohne ihren Mann bei einem anderen Mann sein.",
        )

    def answer_example(self) -> str:
        if self._is_renamed:
            return "WHO WHO"
        return ("M C" if self.kind == "missionaries" else "H1 W1") if self.boat > 1 else "M"

    def describe(self, seed: int, position: Banks) -> str:
        names = self._names(seed)
        left, right = position.left, _without(_people(self.kind, self.pairs), position.left)
        boat = position.is_boat_left
        if self._is_mirrored():
            left, right, boat = right, left, not boat
        banks = [" ".join(names[person] for person in bank) for bank in (left, right)]
        legend = ""
        if any(name != shown for name, shown in names.items()):
            shown_names = ", ".join(f"{name} = {shown}" for name, shown in names.items())
            legend = self._choose_text(
                v1=f"{shown_names}\n", v2=f"The names are: {shown_names}.\n", german=f"{shown_names}\n"
            )
        left_bank, right_bank = (bank or "nobody" for bank in banks)
        boat_text = f"The boat is at the {'left' if boat else 'right'} bank."
        return self._choose_text(
            v1=f"{legend}Left bank: {left_bank}\nRight bank: {right_bank}\n{boat_text}",
            v2=f"{legend}On the left bank: {left_bank}\nOn the right bank: {right_bank}\n{boat_text}",
            german=f"{legend}Linkes Ufer: {banks[0] or 'niemand'}\nRechtes Ufer: {banks[1] or 'niemand'}\n"
            f"Das Boot ist {'links' if boat else 'rechts'}.",
        )

    def format_action(self, seed: int, position: Banks, action: str) -> str:
        names = self._names(seed)
        return " ".join(names[person] for person in action.split())

    def parse_action(self, seed: int, position: Banks, text: str) -> str | None:
        people = parse_names(text, self._names(seed), _FILLERS)
        return " ".join(sorted(people)) if people else None

    def write(self, position: Banks) -> str:
        return f"{' '.join(position.left) or 'nobody'} @ {'left' if position.is_boat_left else 'right'}"

    def read(self, text: str) -> Banks:
        people, mark, boat = text.partition(" @ ")
        left = tuple(sorted(people.split())) if people != "nobody" else ()
        everybody = Counter(_people(self.kind, self.pairs))
        if not mark or boat not in ("left", "right") or Counter(left) - everybody:
            raise UsageError(f"'{text}' is not a position of {self.pairs} {self.kind}: write it as M C C @ left")
        return Banks(left, boat == "left")

    def _names(self, seed: int) -> dict[str, str]:
        return display_names(self.shift, seed, "person", tuple(dict.fromkeys(_people(self.kind, self.pairs))))

    def _is_mirrored(self) -> bool:
        return "mirror" in read_shift(self.shift)


ENVIRONMENT = RiverCrossing


def _people(kind: str, pairs: int) -> tuple[str, ...]:
    if kind == "missionaries":
        return ("C",) * pairs + ("M",) * pairs
    return tuple(sorted(f"{who}{n}" for who in "HW" for n in range(1, pairs + 1)))


def _without(people: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted((Counter(people) - Counter(gone)).elements()))


def _is_allowed(kind: str, company: tuple[str, ...]) -> bool:
    if kind == "missionaries":
        missionaries = company.count("M")
        return not missionaries or company.count("C") <= missionaries
    husbands = {person[1:] for person in company if person[0] == "H"}
    return not husbands or all(person[1:] in husbands for person in company if person[0] == "W")


@lru_cache(maxsize=1 << 16)
def _crossings(kind: str, pairs: int, boat: int, position: Banks) -> dict[str, Banks]:
    """Return every allowed crossing with the position after it."""
    people = _people(kind, pairs)
    here = position.left if position.is_boat_left else _without(people, position.left)
    crossings: dict[str, Banks] = {}
    for size in range(1, boat + 1):
        for aboard in sorted(set(combinations(here, size))):
            # The rule applies in the boat only to couples: cannibals are counted on banks.
            if kind == "couples" and not _is_allowed(kind, aboard):
                continue
            left_here = _without(here, aboard)
            there = _without(people, left_here)
            if _is_allowed(kind, left_here) and _is_allowed(kind, there):
                left = left_here if position.is_boat_left else there
                crossings[" ".join(aboard)] = Banks(left, not position.is_boat_left)
    return crossings


@lru_cache(maxsize=64)
def _distances(kind: str, pairs: int, boat: int) -> dict[Banks, int]:
    """Return the number of crossings to the goal from every position that can reach it; crossings are reversible."""
    goal = Banks((), False)
    known = {goal: 0}
    queue = deque([goal])
    while queue:
        position = queue.popleft()
        for following in _crossings(kind, pairs, boat, position).values():
            if following not in known:
                known[following] = known[position] + 1
                queue.append(following)
    return known
