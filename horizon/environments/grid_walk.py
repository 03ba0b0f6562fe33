"""Grid walk: through a seeded maze with keys and doors to the exit.

Rules: A step goes to a neighbouring cell unless there is a wall. The cell of a door can only be entered with its key;
    a key is taken by stepping on it.
Observation: The maze as a text map, or (`map=none`) the current cell, the exit and the open ways.
Action: `north`, `east`, `south` or `west`.
Oracle: Exact, by a table over all cells and sets of keys of the maze.
Difficulty: `size`, `keys` and `loops`; the difficulty of a turn is the number of steps to the exit.
References: Ivanitskiy et al. (2023), A configurable library for generating and manipulating maze datasets,
    arXiv 2309.10498 (mazes by depth-first search).
Versions: 4: no places of keys that are held. 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.seeds import derive, generator
from horizon.domains.maze import STEPS, WAYS, Maze, distances, may_enter, maze_of, step_from
from horizon.domains.name_matching import parse_names
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import display_names, language, read_shift

_GERMAN = {"north": "norden", "east": "osten", "south": "süden", "west": "westen"}
_TURNED = {"north": "north", "east": "west", "south": "south", "west": "east"}
_FILLERS = frozenset({"go", "move", "walk", "step", "to", "the", "gehe", "nach", "richtung"})


@dataclass(frozen=True, slots=True)
class Spot:
    """The seed of the maze, the cell (row times size plus column), and the keys held, one bit each."""

    maze: int
    cell: int
    keys: int


@dataclass(frozen=True)
class GridWalk(Planning[Spot]):
    """A walk through a maze; a position is a spot."""

    name: ClassVar[str] = "grid_walk"
    version: ClassVar[int] = 4
    summary: ClassVar[str] = "walk through a maze with keys and doors to the exit"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"size": (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)}

    size: int = parameter(4, "cells per side", low=2, high=20)
    keys: int = parameter(0, "number of keys and doors", low=0, high=4)
    loops: int = parameter(1, "number of walls removed from the maze", low=0, high=50)
    map: str = parameter("text", "a text map, or only the open ways", choices=("text", "none"))

    def first_position(self, seed: int) -> Spot:
        """Return a seeded cell of a seeded maze, at least `size` steps from the exit."""
        maze = derive(seed, "grid_walk") % 2**31
        known = distances(maze, self.size, self.keys, self.loops)
        far = [cell for (cell, keys), steps in known.items() if not keys and steps >= self.size]
        held = [cell for cell in far if cell not in maze_of(maze, self.size, self.keys, self.loops).keys]
        return Spot(maze, generator(seed, "grid_walk start").choice(held or [0]), 0)

    def moves(self, position: Spot) -> tuple[str, ...]:
        maze = self._maze(position)
        return tuple(way for way in maze.ways[position.cell] if self._may_enter(maze, position, way))

    def after(self, position: Spot, action: str) -> Spot:
        cell = step_from(position.cell, action, self.size)
        maze = self._maze(position)
        taken = 1 << maze.keys.index(cell) if cell in maze.keys else 0
        return Spot(position.maze, cell, position.keys | taken)

    def distance(self, position: Spot) -> int | None:
        """Return the number of steps to the exit."""
        return distances(position.maze, self.size, self.keys, self.loops).get((position.cell, position.keys))

    def is_dead(self, position: Spot) -> bool:
        """Return False: the exit can be reached from every cell."""
        return False

    def instructions(self) -> str:
        drawn = self._choose_text(
            v1=" The map shows walls as #, you as @ and the exit as X.",
            v2=" The map has north at its top. It shows walls as #, free ground as a dot, your own cell as @ and the "
            "exit as X. One move takes you two characters further on the map, past the character between the two "
            "cells, which is # if there is a wall.",
            german=" Die Karte zeigt Wände als #, dich als @, den Ausgang als X.",
        )
        doors = self._choose_text(
            v1=" Small letters are keys, the capital letters their doors.",
            v2=" Small letters are keys, and each capital letter is a door that opens with the key of its small "
            "letter. You take a key by going to its cell, and you can go to the cell of a door only when you have its "
            "key.",
            german=" Kleine Buchstaben sind Schlüssel, große die Türen dazu.",
        )
        counted = self._choose_text(
            v1="", v2=" Rows are counted from the north, and columns from the west.", german=""
        )
        marks = f"{drawn if self.map == 'text' else counted}{doors if self.keys else ''}"
        example = "" if self._is_renamed else " For example, 'north' takes you one cell to the north."
        return self._choose_text(
            v1=f"You walk through a maze to the exit.{marks} A step goes to a neighbouring cell without a wall "
            "between; a door opens only with its key. Reach the exit in as few steps as possible. "
            f"Directions: {', '.join(WAYS)}.",
            v2="You are walking through a maze to its exit. In one move you go to the next cell in the north, the "
            f"east, the south or the west, if there is no wall between.{marks} Your task is to reach the exit in as "
            f"few moves as possible. Write a move as the name of a direction.{example}",
            german=f"Du gehst durch ein Labyrinth zum Ausgang.{marks} Ein Schritt geht in ein Nachbarfeld ohne "
            "Wand dazwischen; eine Tür geht nur mit ihrem Schlüssel auf. Gehe mit möglichst wenigen Schritten. "
            f"Richtungen: {', '.join(_GERMAN.values())}.",
        )

    def answer_example(self) -> str:
        if self._is_renamed:
            return "DIRECTION"
        return "norden" if language(self.shift) == "german" else "north"

    def describe(self, seed: int, position: Spot) -> str:
        maze = self._maze(position)
        names = self._names(seed)
        lines = []
        if self._is_renamed:
            plain = _GERMAN if language(self.shift) == "german" else {way: way for way in WAYS}
            legend = ", ".join(f"{plain[self._mirror_way(way)]} = {names[way]}" for way in WAYS)
            label = self._choose_text(v1="Directions", v2="The names of the directions are", german="Richtungen")
            lines.append(f"{label}: {legend}.")
        lines += [self._draw_map(maze, position)] if self.map == "text" else self._list_places(maze, position)
        ways = ", ".join(names[way] for way in maze.ways[position.cell])
        held = " ".join("abcd"[n] for n in range(self.keys) if position.keys >> n & 1)
        if self.keys:
            none = self._choose_text(v1="none", v2="none", german="keine")
            label = self._choose_text(v1="Your keys", v2="The keys that you have are", german="Deine Schlüssel")
            lines.append(f"{label}: {held or none}.")
        label = self._choose_text(
            v1="Ways without a wall", v2="No wall is in these directions", german="Wege ohne Wand"
        )
        return "\n".join([*lines, f"{label}: {ways}."])

    def _list_places(self, maze: Maze, position: Spot) -> list[str]:
        """Return where the walker, the exit, the doors and the keys that are not held are."""
        here, there = self._coordinates(position.cell), self._coordinates(maze.exit)
        lines = [
            self._choose_text(
                v1=f"You are in row {here[0]}, column {here[1]}; the exit is in row {there[0]}, column {there[1]}.",
                v2=f"You are in row {here[0]} and column {here[1]}. The exit is in row {there[0]} and column "
                f"{there[1]}.",
                german=f"Du bist in Zeile {here[0]}, Spalte {here[1]}; der Ausgang ist in Zeile {there[0]}, Spalte "
                f"{there[1]}.",
            )
        ]
        held = {cell for n, cell in enumerate(maze.keys) if position.keys >> n & 1}
        for cell, letter in (*zip(maze.keys, "abcd", strict=False), *zip(maze.doors, "ABCD", strict=False)):
            row, column = self._coordinates(cell)
            thing = "Key" if letter.islower() else "Door"
            text = self._choose_text(
                v1=f"{letter}: row {row}, column {column}.",
                v2=f"{thing} {letter} is in row {row} and column {column}.",
                german=f"{letter}: Zeile {row}, Spalte {column}.",
            )
            lines += [text] if cell not in held else []
        return lines

    def format_action(self, seed: int, position: Spot, action: str) -> str:
        return self._names(seed)[action]

    def parse_action(self, seed: int, position: Spot, text: str) -> str | None:
        ways = parse_names(text, self._names(seed), _FILLERS)
        return ways[0] if ways is not None and len(ways) == 1 else None

    def write(self, position: Spot) -> str:
        return f"{position.maze} {position.cell} {position.keys}"

    def read(self, text: str) -> Spot:
        parts = text.split()
        if len(parts) != 3 or not all(part.isdecimal() for part in parts):
            raise UsageError(f"'{text}' is not a position: write it as maze cell keys, three numbers")
        spot = Spot(*(int(part) for part in parts))
        if spot.maze >= 2**31 or (spot.cell, spot.keys) not in distances(spot.maze, self.size, self.keys, self.loops):
            raise UsageError(f"'{text}' is not a position of this maze: cells go from 0 to {self.size**2 - 1}")
        return spot

    def _maze(self, position: Spot) -> Maze:
        return maze_of(position.maze, self.size, self.keys, self.loops)

    def _may_enter(self, maze: Maze, position: Spot, way: str) -> bool:
        return may_enter(maze, step_from(position.cell, way, self.size), position.keys)

    def _mirror_way(self, way: str) -> str:
        return _TURNED[way] if "mirror" in read_shift(self.shift) else way

    def _names(self, seed: int) -> dict[str, str]:
        if read_shift(self.shift) & {"names", "notation"}:
            return display_names(self.shift, seed, "direction", WAYS)
        plain = _GERMAN if language(self.shift) == "german" else {way: way for way in WAYS}
        return {way: plain[self._mirror_way(way)] for way in WAYS}

    def _coordinates(self, cell: int) -> tuple[int, int]:
        row, column = divmod(cell, self.size)
        return row + 1, self.size - column if "mirror" in read_shift(self.shift) else column + 1

    def _draw_map(self, maze: Maze, position: Spot) -> str:
        width = 2 * self.size + 1
        grid = [["#"] * width for _ in range(width)]
        for cell, ways in enumerate(maze.ways):
            row, column = divmod(cell, self.size)
            grid[2 * row + 1][2 * column + 1] = "."
            for way in ways:
                down, right = STEPS[way]
                grid[2 * row + 1 + down][2 * column + 1 + right] = "."
        marks = [(maze.exit, "X"), *zip(maze.doors, "ABCD", strict=False)]
        marks += [(cell, "abcd"[n]) for n, cell in enumerate(maze.keys) if not position.keys >> n & 1]
        for cell, mark in [*marks, (position.cell, "@")]:
            row, column = divmod(cell, self.size)
            grid[2 * row + 1][2 * column + 1] = mark
        is_mirrored = "mirror" in read_shift(self.shift)
        return "\n".join("".join(reversed(line) if is_mirrored else line) for line in grid)


ENVIRONMENT = GridWalk
