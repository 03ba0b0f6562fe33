"""Checker jumping (frogs and toads): two rows of checkers change sides over one empty position.

Rules: Red checkers are on the left, blue ones on the right, with one empty position between them. Red moves only to
    the right, blue only to the left: one step into the empty position, or a jump over one checker of the other colour.
Observation: The row from left to right.
Action: `3 4`, the position of a checker and the empty position it moves to, counted from 1.
Oracle: Exact. If the goal can be reached, the distance is the remaining steps less the jumps; reachability is searched
    and the search is cut at rows that block each other.
Difficulty: `checkers` per side; the difficulty of a turn is the number of moves to the goal. Wrong moves can make the
    goal unreachable, which ends the round.
References: Lucas (1883), Récréations mathématiques II, n(n + 2) moves; Shojaee et al. (2025), The illusion of
    thinking, arXiv 2506.06941.
Versions: 2: one reader of replies for all environments. 1: first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.seeds import generator
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import display_names, read_shift

_FILLERS = re.compile(
    r"\b(?:move|checker|red|blue|at|from|to|position|the|jump|over|von|nach|zug|step)\b", re.IGNORECASE
)
_MIRRORED = str.maketrans("RB", "BR")
COLORS = ("red", "blue")


@dataclass(frozen=True)
class CheckerJumping(Planning[str]):
    """Frogs and toads; a position is a text such as `RR_BB`."""

    name: ClassVar[str] = "checker_jumping"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "exchange two rows of checkers over one empty position"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"checkers": (1, 2, 3, 4, 6, 8, 10)}

    checkers: int = parameter(2, "checkers per side", low=1, high=30)
    start: str = parameter("random", "textbook, or random: a position on a solution", choices=("textbook", "random"))

    def first_position(self, seed: int) -> str:
        """Return the textbook row, or the row after a seeded number of solving moves."""
        position = "R" * self.checkers + "_" + "B" * self.checkers
        draw = generator(seed, "checker_jumping")
        wanted = draw.randrange(self.checkers * (self.checkers + 2)) if self.start == "random" else 0
        for _ in range(wanted):
            solving = [move for move in self.moves(position) if is_solvable(self.after(position, move))]
            position = self.after(position, draw.choice(solving))
        return position

    def moves(self, position: str) -> tuple[str, ...]:
        return _moves(position)

    def after(self, position: str, action: str) -> str:
        return _exchange(position, action)

    def distance(self, position: str) -> int | None:
        """Return the number of moves to the goal, or None if the checkers block each other."""
        return _moves_left(position) if is_solvable(position) else None

    def instructions(self) -> str:
        mirrored = "mirror" in read_shift(self.shift)
        ways = ("left", "right") if mirrored else ("right", "left")
        german_ways = ("links", "rechts") if mirrored else ("rechts", "links")
        example = ""
        if "notation" not in read_shift(self.shift):
            example = " For example, '2 3' moves the checker from place 2 to place 3."
        return self._choose_text(
            v1="Checkers of two colours stand in a row with one empty place (_). "
            f"Checkers of the first colour move only to the {ways[0]}, those of the second only to the {ways[1]}. A "
            "checker steps into the empty place next to it, or jumps over exactly one checker of the other colour "
            "into it. The two colours must change sides. "
            "A move names the position of the checker, then the empty position that it goes to.",
            v2="You are solving a puzzle with checkers of two colours. They stand in a row of places, one of which is "
            f"empty and shown as _. Checkers of the first colour move only to the {ways[0]}, and checkers of the "
            f"second colour only to the {ways[1]}; no checker ever moves back. In one move a checker either goes to "
            "the empty place next to it, or jumps over exactly one checker of the other colour into the empty place. "
            "Your task is to make the two colours change sides, so that the row becomes the row of the goal. Write a "
            f"move as two places: the place of the checker, and the empty place to which it goes.{example}",
            german="In einer Reihe stehen Steine zweier Farben mit einem leeren Platz (_). "
            f"Steine der ersten Farbe ziehen nur nach {german_ways[0]}, die der zweiten nur nach {german_ways[1]}. "
            "Ein Stein geht einen Schritt auf den leeren Platz oder springt über genau einen Stein der anderen Farbe "
            "auf ihn. Die Farben sollen die Seiten tauschen. Ein Zug nennt den Platz des Steins und den leeren Platz.",
        )

    def answer_example(self) -> str:
        return "FROM TO" if "notation" in read_shift(self.shift) else "2 3"

    def describe(self, seed: int, position: str) -> str:
        names = display_names("names" if "names" in read_shift(self.shift) else "none", seed, "colour", COLORS)
        marks = {"R": names["red"], "B": names["blue"], "_": "_"}
        goal = "B" * self.checkers + "_" + "R" * self.checkers
        rows = [self._list_row(row, marks) for row in (position, goal)]
        first, second = names["red"], names["blue"]
        return self._choose_text(
            v1=f"First colour {first}, second {second}.\nRow: {rows[0]}\nGoal: {rows[1]}",
            v2=f"The first colour is {first}, and the second colour is {second}.\nThe row is now: {rows[0]}\n"
            f"The row of the goal is: {rows[1]}",
            german=f"Erste Farbe {first}, zweite {second}.\nReihe: {rows[0]}\nZiel: {rows[1]}",
        )

    def format_action(self, seed: int, position: str, action: str) -> str:
        return " ".join(self._place(int(place)) for place in action.split())

    def parse_action(self, seed: int, position: str, text: str) -> str | None:
        words = re.findall(r"[A-Za-z0-9]+", _FILLERS.sub(" ", text))
        known = {self._place(place): place for place in range(1, 2 * self.checkers + 2)}
        if len(words) != 2 or any(word.upper() not in known for word in words):
            return None
        return f"{known[words[0].upper()]} {known[words[1].upper()]}"

    def write(self, position: str) -> str:
        return position

    def read(self, text: str) -> str:
        if sorted(text) != sorted("R" * self.checkers + "_" + "B" * self.checkers):
            raise UsageError(f"'{text}' is no row of {self.checkers} R, {self.checkers} B and one _")
        return text

    def _place(self, place: int) -> str:
        if "mirror" in read_shift(self.shift):
            place = 2 * self.checkers + 2 - place
        if "notation" not in read_shift(self.shift):
            return str(place)
        return chr(64 + place) if place <= 26 else f"A{chr(64 + place - 26)}"

    def _list_row(self, position: str, marks: dict[str, str]) -> str:
        places = range(1, len(position) + 1)
        order = reversed(places) if "mirror" in read_shift(self.shift) else places
        return ", ".join(f"{self._place(place)} {marks[position[place - 1]]}" for place in order)


ENVIRONMENT = CheckerJumping


@lru_cache(maxsize=1 << 14)
def _moves(position: str) -> tuple[str, ...]:
    empty = position.index("_")
    moves = []
    for source, color, over in (
        (empty - 2, "R", "B"),
        (empty - 1, "R", ""),
        (empty + 1, "B", ""),
        (empty + 2, "B", "R"),
    ):
        if 0 <= source < len(position) and position[source] == color:
            between = position[(source + empty) // 2] if over else ""
            if between == over:
                moves.append(f"{source + 1} {empty + 1}")
    return tuple(moves)


@lru_cache(maxsize=1 << 14)
def _moves_left(position: str) -> int:
    """Return the moves to the goal of a solvable row: the remaining steps, less one for each pair still to cross."""
    size = len(position)
    reds = [place for place, color in enumerate(position) if color == "R"]
    blues = [place for place, color in enumerate(position) if color == "B"]
    ways = sum(size - len(reds) + n - place for n, place in enumerate(reds))
    ways += sum(place - n for n, place in enumerate(blues))
    return ways - sum(blue > red for red in reds for blue in blues)


@lru_cache(maxsize=1 << 18)
def _exchange(position: str, move: str) -> str:
    """Return the row after a move, which exchanges a checker and the empty position."""
    source, target = (int(place) - 1 for place in move.split())
    row = list(position)
    row[source], row[target] = row[target], row[source]
    return "".join(row)


def is_solvable(position: str) -> bool:
    """Return whether the goal can be reached from here.

    Two checkers of one colour directly before two of the other block each other permanently: the search is cut there.
    """
    if "RRBB" in position:
        return False
    moves = _moves(position)
    if not moves:
        return _moves_left(position) == 0
    return any(is_solvable(_exchange(position, move)) for move in moves)
