"""Seeded mazes with keys and doors, and the exact number of steps to their exit. Knows no environment.

A cell is its row times the size plus its column; a set of keys has one bit each.
"""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

from horizon.core.seeds import generator

WAYS = ("north", "east", "south", "west")
STEPS = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1)}
"""The change of row and column of each direction."""


@dataclass(frozen=True, slots=True)
class Maze:
    """The open ways of each cell, the cells of keys and doors in alphabetical order, and the exit."""

    ways: tuple[tuple[str, ...], ...]
    keys: tuple[int, ...]
    doors: tuple[int, ...]
    exit: int


def step_from(cell: int, way: str, size: int) -> int:
    """Return the neighbouring cell in a direction."""
    down, right = STEPS[way]
    return cell + down * size + right


def may_enter(maze: Maze, cell: int, keys: int) -> bool:
    """Return whether a cell has no door, or one whose key is held."""
    return cell not in maze.doors or bool(keys >> maze.doors.index(cell) & 1)


@lru_cache(maxsize=1024)
def maze_of(seed: int, size: int, n_keys: int, loops: int) -> Maze:
    """Return the maze of a seed: a random spanning tree with some walls removed, doors and keys on the way out."""
    draw = generator(seed, "maze", size, n_keys, loops)
    open_ways: list[set[str]] = [set() for _ in range(size**2)]
    opposite = {"north": "south", "south": "north", "east": "west", "west": "east"}

    def neighbours(cell: int) -> list[tuple[str, int]]:
        row, column = divmod(cell, size)
        cells = []
        for way, (down, right) in STEPS.items():
            if 0 <= row + down < size and 0 <= column + right < size:
                cells.append((way, step_from(cell, way, size)))
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
            other = step_from(cell, way, size)
            if other not in cells and other not in closed:
                cells.add(other)
                stack.append(other)
    return cells


@lru_cache(maxsize=512)
def distances(seed: int, size: int, n_keys: int, loops: int) -> dict[tuple[int, int], int]:
    """Return the number of steps to the exit for every cell and set of keys from which it can be reached."""
    maze = maze_of(seed, size, n_keys, loops)
    before: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for cell in range(size**2):
        for keys in range(1 << len(maze.keys)):
            if not may_enter(maze, cell, keys) or (cell in maze.keys and not keys >> maze.keys.index(cell) & 1):
                continue
            for way in maze.ways[cell]:
                other = step_from(cell, way, size)
                if may_enter(maze, other, keys):
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
