"""The Tower of Hanoi: three pegs, any number of disks, any start and any goal.

Rules: A move takes the top disk of one peg to another peg; a disk never lies on a smaller one. Bring all disks to
    the pegs of the goal.
Observation: The disks of each peg from bottom to top, and the goal.
Action: `A C`, the source peg and the target peg of a disk.
Oracle: Exact distance between any two arrangements, in time linear in the disks.
Difficulty: `disks` and `start`; the difficulty of a turn is the number of moves to the goal.
References: Hinz, Klavžar & Petr (2018), The Tower of Hanoi: myths and maths, 2nd edition, chapter 2 (theorem 2.32:
    a shortest path moves the largest disk once or twice).
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.seeds import generator
from horizon.domains.name_matching import parse_names
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import display_names, language, read_shift

PEGS = "ABC"
_FILLERS = frozenset(
    {"move", "the", "top", "disk", "disc", "from", "to", "peg", "onto", "von", "nach", "scheibe", "stab"}
)


@dataclass(frozen=True, slots=True)
class Pegs:
    """The current and the goal arrangement: one peg letter per disk, the smallest disk first."""

    now: str
    goal: str


@dataclass(frozen=True)
class Hanoi(Planning[Pegs]):
    """The Tower of Hanoi."""

    name: ClassVar[str] = "hanoi"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "move a tower of disks from peg to peg, never a larger disk on a smaller"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"disks": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)}

    disks: int = parameter(3, "number of disks", low=1, high=64)
    start: str = parameter("random", "tower (all on A), random by seed, or one peg per disk as ABC, smallest first")
    goal: str = parameter("tower", "tower (all on C), random by seed, or one peg per disk as ABC, smallest first")

    def __post_init__(self) -> None:
        """Refuse malformed arrangements, and a start that is the goal."""
        super().__post_init__()
        for what, text in (("start", self.start), ("goal", self.goal)):
            if text not in ("tower", "random") and (len(text) != self.disks or set(text) - set(PEGS)):
                raise UsageError(
                    f"hanoi: {what}={text} is not an arrangement: write tower, random or {self.disks} of ABC"
                )
        ends = ["A" * self.disks if self.start == "tower" else self.start]
        ends.append("C" * self.disks if self.goal == "tower" else self.goal)
        if ends[0] == ends[1] and ends[0] != "random":
            raise UsageError(f"hanoi: start={self.start} is the goal already: choose another")

    # The puzzle. -----------------------------------------------------------------------------------------------

    def first_position(self, seed: int) -> Pegs:
        """Return the seeded arrangement and goal of an instance; drawn again while they are equal."""
        draw = generator(seed, "hanoi")
        while True:
            now, goal = (
                "".join(draw.choices(PEGS, k=self.disks)) if text == "random" else tower if text == "tower" else text
                for text, tower in ((self.start, "A" * self.disks), (self.goal, "C" * self.disks))
            )
            if now != goal:
                return Pegs(now, goal)

    def moves(self, position: Pegs) -> tuple[str, ...]:
        return _moves(position.now)

    def after(self, position: Pegs, action: str) -> Pegs:
        disk = position.now.index(action[0])
        return Pegs(position.now[:disk] + action[2] + position.now[disk + 1 :], position.goal)

    def distance(self, position: Pegs) -> int | None:
        """Return the length of a shortest solution."""
        return distance(position.now, position.goal)

    def is_dead(self, position: Pegs) -> bool:
        """Return False: every move can be undone."""
        return False

    def instructions(self) -> str:
        example = "" if self._is_renamed else " For example, 'A C' moves the top disk of peg A to peg C."
        return self._choose_text(
            v1="There are three pegs with disks of different sizes. A move takes the top disk of one peg and puts it "
            "on another peg. A larger disk must never lie on a smaller one. "
            "Bring the disks to where the goal wants them, in as few moves as possible. "
            "A move names the peg that the disk is taken from, then the peg that it goes to.",
            v2="You are solving a Tower of Hanoi puzzle. It has three pegs and disks of different sizes. In one move "
            "you take the top disk from one peg and put it on another peg. You must never put a larger disk on a "
            "smaller one. Your task is to bring all disks to the pegs where the goal shows them, in as few moves as "
            "possible. Write a move as the names of two pegs: the peg from which you take the disk, and the peg on "
            f"which you put it.{example}",
            german="Es gibt drei Stäbe mit Scheiben verschiedener Größe. Ein Zug nimmt die oberste Scheibe eines "
            "Stabs und legt sie auf einen anderen Stab. Eine größere Scheibe darf nie auf einer kleineren liegen. "
            "Bringe die Scheiben mit möglichst wenigen Zügen dorthin, wo das Ziel sie verlangt. "
            "Ein Zug nennt den Stab, von dem, und den Stab, auf den gelegt wird.",
        )

    def answer_example(self) -> str:
        return "FROM TO" if self._is_renamed else "A C"

    def describe(self, seed: int, position: Pegs) -> str:
        now, goal = self._list_pegs(seed, position.now), self._list_pegs(seed, position.goal)
        return self._choose_text(
            v1=f"Disks 1 (smallest) to {self.disks} (largest), each peg from bottom to top:\n{now}\nGoal:\n{goal}",
            v2=f"Disk 1 is the smallest, and disk {self.disks} is the largest. Each peg is listed from bottom to "
            f"top.\nThe pegs are now:\n{now}\nThe pegs of the goal are:\n{goal}",
            german=f"Scheiben von 1 (kleinste) bis {self.disks} (größte), je Stab von unten nach oben:\n{now}\n"
            f"Ziel:\n{goal}",
        )

    def format_action(self, seed: int, position: Pegs, action: str) -> str:
        names = self._pegs(seed)
        return f"{names[action[0]]} {names[action[2]]}"

    def parse_action(self, seed: int, position: Pegs, text: str) -> str | None:
        fillers = _FILLERS | {str(disk) for disk in range(1, self.disks + 1)}
        pegs = parse_names(text, self._pegs(seed), fillers)
        return f"{pegs[0]} {pegs[1]}" if pegs is not None and len(pegs) == 2 else None

    def write(self, position: Pegs) -> str:
        return f"{position.now} {position.goal}"

    def read(self, text: str) -> Pegs:
        now, _, goal = text.partition(" ")
        if any(len(pegs) != self.disks or set(pegs) - set(PEGS) for pegs in (now, goal)):
            raise UsageError(
                f"'{text}' is not an arrangement of {self.disks} disks: write one peg per disk twice, as ABC CCC"
            )
        return Pegs(now, goal)

    def _pegs(self, seed: int) -> dict[str, str]:
        return display_names(self.shift, seed, "peg", tuple(PEGS))

    def _list_pegs(self, seed: int, pegs: str) -> str:
        empty = "leer" if language(self.shift) == "german" else "empty"
        names = self._pegs(seed)
        lines = []
        for peg in reversed(PEGS) if "mirror" in read_shift(self.shift) else PEGS:
            disks = [str(disk + 1) for disk in range(len(pegs) - 1, -1, -1) if pegs[disk] == peg]
            lines.append(f"{names[peg]}: {' '.join(disks) or empty}")
        return "\n".join(lines)


ENVIRONMENT = Hanoi


@lru_cache(maxsize=1 << 16)
def distance(now: str, goal: str) -> int:
    """Return the least number of moves between two arrangements, smallest disk first.

    Source: Hinz, Klavžar & Petr (2018), theorem 2.32.
    """
    disks = len(now)
    while disks and now[disks - 1] == goal[disks - 1]:
        disks -= 1
    if not disks:
        return 0
    rest, source, target = disks - 1, now[disks - 1], goal[disks - 1]
    third = _third(source, target)
    once = _to_tower(now, rest, third) + 1 + _to_tower(goal, rest, third)
    twice = _to_tower(now, rest, target) + 2 + ((1 << rest) - 1) + _to_tower(goal, rest, source)
    return min(once, twice)


def _to_tower(pegs: str, disks: int, target: str) -> int:
    """Return the least number of moves that bring the `disks` smallest disks to one peg."""
    total = 0
    for disk in range(disks - 1, -1, -1):
        if pegs[disk] != target:
            total += 1 << disk
            target = _third(pegs[disk], target)
    return total


def _third(one: str, other: str) -> str:
    return PEGS[3 - PEGS.index(one) - PEGS.index(other)]


@lru_cache(maxsize=1 << 14)
def _moves(now: str) -> tuple[str, ...]:
    tops = sorted((now.index(peg) if peg in now else len(now), peg) for peg in PEGS)
    pairs = [(low, high) for low, high in ((tops[0], tops[1]), (tops[0], tops[2]), (tops[1], tops[2]))]
    return tuple(sorted(f"{low[1]} {high[1]}" for low, high in pairs if low[0] < high[0]))
