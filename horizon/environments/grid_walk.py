"""Grid walk: through a seeded maze with keys and doors to the exit.

Rules: A step goes to a neighbouring cell unless there is a wall. The cell of a door can only be entered with its key;
    a key is taken by stepping on it.
Observation: The maze as a text map, or (`map=none`) the current cell, the exit and the open ways.
Action: `north`, `east`, `south` or `west`.
Oracle: Exact, by a table over all cells and sets of keys of the maze.
Difficulty: `size`, `keys` and `loops`; the difficulty of a turn is the number of steps to the exit.
References: Ivanitskiy et al. (2023), A configurable library for generating and manipulating maze datasets,
    arXiv 2309.10498 (mazes by depth-first search).
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.seeds import derive, generator
from horizon.domains.name_matching import parse_names
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import display_names, language, read_shift

WAYS = ("north", "east", "south", "west")
_STEPS = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1)}
_GERMAN = {"north": "norden", "east": "osten", "south": "süden", "west": "westen"}
_TURNED = {"north": "north", "east": "west", "south": "south", "west": "east"}
_FILLERS = frozenset({"go", "move", "walk", "step", "to", "the", "gehe", "nach", "richtung"})


@dataclass(frozen=True, slots=True)
class Spot:
    """The seed of the maze, the cell (row times size plus column), and the keys held, one bit each."""

    maze: int
    cell: int
    keys: int


@dataclass(frozen=True, slots=True)
class Maze:
    """The open ways of each cell, the cells of keys and doors in alphabetical order, and the exit."""

    ways: tuple[tuple[str, ...], ...]
    keys: tuple[int, ...]
    doors: tuple[int, ...]
    exit: int


@dataclass(frozen=True)
class GridWalk(Planning[Spot]):
    """A walk through a maze; a position is a spot."""

    name: ClassVar[str] = "grid_walk"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "walk through a maze with keys and doors to the exit"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"size": (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)}

    size: int = parameter(4, "cells per side", low=2, high=20)
    keys: int = parameter(0, "number of keys and doors", low=0, high=4)
    loops: int = parameter(1, "number of walls removed from the maze", low=0, high=50)
    map: str = parameter("text", "a text map, or only the open ways", choices=("text", "none"))

    def first_position(self, seed: int) -> Spot:
        """Return a seeded cell of a seeded maze, at least `size` steps from the exit."""
        maze = derive(seed, "grid_walk") % 2**31
        distances = _distances(maze, self.size, self.keys, self.loops)
        far = [cell for (cell, keys), steps in distances.items() if not keys and steps >= self.size]
        held = [cell for cell in far if cell not in _maze(maze, self.size, self.keys, self.loops).keys]
        return Spot(maze, generator(seed, "grid_walk start").choice(held or [0]), 0)

    def moves(self, position: Spot) -> tuple[str, ...]:
        maze = self._maze(position)
        return tuple(way for way in maze.ways[position.cell] if self._may_enter(maze, position, way))

    def after(self, position: Spot, action: str) -> Spot:
        cell = _step_from(position.cell, action, self.size)
        maze = self._maze(position)
        taken = 1 << maze.keys.index(cell) if cell in maze.keys else 0
        return Spot(position.maze, cell, position.keys | taken)

    def distance(self, position: Spot) -> int | None:
        """Return the number of steps to the exit."""
        return _distances(position.maze, self.size, self.keys, self.loops).get((position.cell, position.keys))

    def is_dead(self, position: Spot) -> bool:
        """Return False: the exit can be reached from every cell."""
        return False

    def instructions(self) -> str:
        marks = self.map == "text"
        if language(self.shift) == "german":
            drawn = " Die Karte zeigt Wände als #, dich als @, den Ausgang als X." if marks else ""
            doors = " Kleine Buchstaben sind Schlüssel, große die Türen dazu." if self.keys else ""
            return (
                f"Du gehst durch ein Labyrinth zum Ausgang.{drawn}{doors} Ein Schritt geht in ein Nachbarfeld ohne "
                "Wand dazwischen; eine Tür geht nur mit ihrem Schlüssel auf. Gehe mit möglichst wenigen Schritten. "
                f"Richtungen: {', '.join(_GERMAN.values())}."
            )
        drawn = " The map shows walls as #, you as @ and the exit as X." if marks else ""
        doors = " Small letters are keys, the capital letters their doors." if self.keys else ""
        return (
            f"You walk through a maze to the exit.{drawn}{doors} A step goes to a neighbouring cell without a wall "
            "between; a door opens only with its key. Reach the exit in as few steps as possible. "
            f"Directions: {', '.join(WAYS)}."
        )

    def answer_example(self) -> str:
        if read_shift(self.shift) & {"names", "notation"}:
            return "DIRECTION"
        return "norden" if language(self.shift) == "german" else "north"

    def describe(self, seed: int, position: Spot) -> str:
        german = language(self.shift) == "german"
        maze = self._maze(position)
        names = self._names(seed)
        lines = []
        if read_shift(self.shift) & {"names", "notation"}:
            plain = _GERMAN if german else {way: way for way in WAYS}
            legend = ", ".join(f"{plain[self._mirror_way(way)]} = {names[way]}" for way in WAYS)
            lines.append(f"{'Richtungen' if german else 'Directions'}: {legend}.")
        if self.map == "text":
            lines.append(self._draw_map(maze, position))
        else:
            here, there = (self._coordinates(cell) for cell in (position.cell, maze.exit))
            template = "Du bist in Zeile {}, Spalte {}; der Ausgang ist in Zeile {}, Spalte {}."
            if not german:
                template = "You are in row {}, column {}; the exit is in row {}, column {}."
            lines.append(template.format(*here, *there))
            words = ("Zeile", "Spalte") if german else ("row", "column")
            things = [*zip(maze.keys, "abcd", strict=False), *zip(maze.doors, "ABCD", strict=False)]
            for cell, letter in things:
                row, column = self._coordinates(cell)
                lines.append(f"{letter}: {words[0]} {row}, {words[1]} {column}.")
        ways = ", ".join(names[way] for way in maze.ways[position.cell])
        held = " ".join("abcd"[n] for n in range(self.keys) if position.keys >> n & 1)
        if self.keys:
            lines.append(f"{'Deine Schlüssel' if german else 'Your keys'}: {held or ('keine' if german else 'none')}.")
        lines.append(f"{'Wege ohne Wand' if german else 'Ways without a wall'}: {ways}.")
        return "\n".join(lines)

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
        if spot.maze >= 2**31 or (spot.cell, spot.keys) not in _distances(spot.maze, self.size, self.keys, self.loops):
            raise UsageError(f"'{text}' is not a position of this maze: cells go from 0 to {self.size**2 - 1}")
        return spot

    def _maze(self, position: Spot) -> Maze:
        return _maze(position.maze, self.size, self.keys, self.loops)

    def _may_enter(self, maze: Maze, position: Spot, way: str) -> bool:
        return _may_enter(maze, _step_from(position.cell, way, self.size), position.keys)

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
                down, right = _STEPS[way]
                grid[2 * row + 1 + down][2 * column + 1 + right] = "."
        marks = [(maze.exit, "X"), *zip(maze.doors, "ABCD", strict=False)]
        marks += [(cell, "abcd"[n]) for n, cell in enumerate(maze.keys) if not position.keys >> n & 1]
        for cell, mark in [*marks, (position.cell, "@")]:
            row, column = divmod(cell, self.size)
            grid[2 * row + 1][2 * column + 1] = mark
        is_mirrored = "mirror" in read_shift(self.shift)
        return "\n".join("".join(reversed(line) if is_mirrored else line) for line in grid)


ENVIRONMENT = GridWalk


def _step_from(cell: int, way: str, size: int) -> int:
    down, right = _STEPS[way]
    return cell + down * size + right


def _may_enter(maze: Maze, cell: int, keys: int) -> bool:
    return cell not in maze.doors or bool(keys >> maze.doors.index(cell) & 1)


@lru_cache(maxsize=1024)
def _maze(seed: int, size: int, n_keys: int, loops: int) -> Maze:
    """Return the maze of a seed: a random spanning tree with some walls removed, doors and keys on the way out."""
    draw = generator(seed, "maze", size, n_keys, loops)
    open_ways: list[set[str]] = [set() for _ in range(size**2)]
    opposite = {"north": "south", "south": "north", "east": "west", "west": "east"}

    def neighbours(cell: int) -> list[tuple[str, int]]:
        row, column = divmod(cell, size)
        cells = []
        for way, (down, right) in _STEPS.items():
            if 0 <= row + down < size and 0 <= column + right < size:
                cells.append((way, _step_from(cell, way, size)))
        return cells

    stack, seen = [0], {0}
    while stack:
        fresh = [(way, cell) for way, cell in neighbours(stack[-1]) if cell not in seen]
        if not fresh:
            stack.pop()
            continue
        way, cell = draw.choice(fresh)
        open_ways[stack[-1]].add(way)
        open_ways[cell].add(opposite[way])
        seen.add(cell)
        stack.append(cell)
    for _ in range(loops):
        cell = draw.randrange(size**2)
        way, other = draw.choice(neighbours(cell))
        open_ways[cell].add(way)
        open_ways[other].add(opposite[way])
    ways = tuple(tuple(way for way in WAYS if way in open_here) for open_here in open_ways)
    exit_cell = size**2 - 1
    doors: list[int] = []
    keys: list[int] = []
    for _ in range(n_keys):
        # A door must cut off the exit; its key is placed where it can be reached without passing the door.
        taken = {*doors, *keys, exit_cell, 0}
        free = [cell for cell in range(size**2) if cell not in taken]
        draw.shuffle(free)
        for door in free:
            open_cells = _reach(ways, 0, {door, *doors}, size)
            places = [cell for cell in free if cell in open_cells]
            if exit_cell not in _reach(ways, 0, {door}, size) and places:
                doors.append(door)
                keys.append(draw.choice(places))
                break
    return Maze(ways, tuple(keys), tuple(doors), exit_cell)


def _reach(ways: tuple[tuple[str, ...], ...], start: int, closed: set[int], size: int) -> set[int]:
    cells, stack = {start}, [start]
    while stack:
        cell = stack.pop()
        for way in ways[cell]:
            other = _step_from(cell, way, size)
            if other not in cells and other not in closed:
                cells.add(other)
                stack.append(other)
    return cells


@lru_cache(maxsize=512)
def _distances(seed: int, size: int, n_keys: int, loops: int) -> dict[tuple[int, int], int]:
    """Return the number of steps to the exit for every cell and set of keys from which it can be reached."""
    maze = _maze(seed, size, n_keys, loops)
    before: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for cell in range(size**2):
        for keys in range(1 << len(maze.keys)):
            if not _may_enter(maze, cell, keys) or (cell in maze.keys and not keys >> maze.keys.index(cell) & 1):
                continue
            for way in maze.ways[cell]:
                other = _step_from(cell, way, size)
                if _may_enter(maze, other, keys):
                    taken = 1 << maze.keys.index(other) if other in maze.keys else 0
                    before.setdefault((other, keys | taken), []).append((cell, keys))
    known = {(maze.exit, keys): 0 for keys in range(1 << len(maze.keys))}
    queue = deque(known)
    while queue:
        spot = queue.popleft()
        for earlier in before.get(spot, ()):
            if earlier not in known:
                known[earlier] = known[spot] + 1
                queue.append(earlier)
    return known
