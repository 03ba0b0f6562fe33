"""Sliding tiles: the 8-puzzle (3 by 3) and the 15-puzzle (4 by 4).

Rules: A tile next to the empty cell slides into it. Bring the tiles into order, the empty cell last.
Observation: The rows from top to bottom.
Action: The number of the tile that slides.
Oracle: 3 by 3: exact, from the table of all 181,440 positions. 4 by 4: exact up to 35 moves, by a search that meets
    the table of all positions within 17 moves of the goal; farther positions count as 36, with a `bound_kind` in
    `extra`.
Difficulty: `scramble`, the number of moves from the goal; the difficulty of a turn is the number of moves to the goal.
References: Reinefeld (1993), Complete solution of the eight-puzzle, IJCAI (longest: 31 moves); Korf (1985),
    Depth-first iterative-deepening, Artificial Intelligence 27.
Versions: 2: one reader of replies for all environments. 1: first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.records import Json
from horizon.core.seeds import generator
from horizon.domains.planning import Planning
from horizon.domains.table_cache import cached_table
from horizon.domains.wording_shifts import display_names, read_shift

Tiles = tuple[int, ...]
Codes = NDArray[np.uint64]
RADIUS = {3: 31, 4: 17}
"""The largest distance in the table, by size: all positions of 3 by 3."""
SEARCHED = 18
"""The depth of the search that meets the table."""
_WORD = re.compile(r"[^\s,]+")
_FILLERS = frozenset({"tile", "move", "slide", "the", "number", "kachel", "stein", "schiebe"})


@dataclass(frozen=True)
class SlidingTiles(Planning[Tiles]):
    """Sliding tiles; a position is the tiles row by row, 0 the empty cell."""

    name: ClassVar[str] = "sliding_tiles"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "slide numbered tiles into order"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"scramble": (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 31)}

    size: int = parameter(3, "cells per side", low=3, high=4)
    scramble: int = parameter(8, "moves from the goal; 0 is any position (3 by 3 only)", low=0, high=31)

    def __post_init__(self) -> None:
        """Refuse 4 by 4 from any position, whose distance would be unknown."""
        super().__post_init__()
        if self.size == 4 and self.scramble == 0:
            raise UsageError(
                "sliding_tiles: size=4 needs scramble from 1 to 31: any position would be too far to judge"
            )

    def first_position(self, seed: int) -> Tiles:
        """Return a position at exactly `scramble` moves from the goal, or any by seed."""
        draw = generator(seed, "sliding_tiles")
        if self.scramble == 0:
            codes, distances = _table(3)
            return _decode(int(draw.choice(codes[distances > 0])), 3)
        while True:
            # A walk whose every step increases the distance; restarted if there is no such step.
            position = _goal(self.size)
            for moves in range(self.scramble):
                near = [self.after(position, move) for move in self.moves(position)]
                away = [move for move in near if self.distance(move) == moves + 1]
                if not away:
                    break
                position = draw.choice(away)
            else:
                return position

    def moves(self, position: Tiles) -> tuple[str, ...]:
        return tuple(str(position[cell]) for cell in _neighbours(self.size)[position.index(0)])

    def after(self, position: Tiles, action: str) -> Tiles:
        tile = int(action)
        return tuple([tile if other == 0 else 0 if other == tile else other for other in position])

    def distance(self, position: Tiles) -> int | None:
        """Return the number of moves to the goal; 4 by 4 at most 36, which means more than 35."""
        return _distance(position, self.size)

    def is_dead(self, position: Tiles) -> bool:
        """Return False: every move can be undone."""
        return False

    def extra(self, distance: int | None) -> Mapping[str, Json]:
        """Return the distance, and for a bound its kind."""
        if distance is not None and distance > RADIUS[4] + SEARCHED and self.size == 4:
            return {"distance": distance, "bound_kind": "at least this many moves: farther than the search goes"}
        return {"distance": distance}

    def instructions(self) -> str:
        size, last = self.size, self.size**2 - 1
        mirrored = "mirror" in read_shift(self.shift)
        way = "right to left" if mirrored else "left to right"
        german_way = "von rechts nach links" if mirrored else "von links nach rechts"
        numbers = "" if self._is_renamed else f" numbered 1 to {last}"
        example = "" if self._is_renamed else " For example, '5' slides tile 5 into the empty cell."
        return self._choose_text(
            v1=f"A board of {size} by {size} cells holds the tiles 1 to {last}, one cell (_) is empty. A move slides "
            "a tile next to the empty cell into it. Bring the tiles into the order of the goal in as few moves as "
            f"possible ({way}, row by row). A move names the tile that slides.",
            v2=f"You are solving a sliding puzzle. Its board has {size} rows of {size} cells, with {last} tiles"
            f"{numbers} and one empty cell, shown as _. In one move you slide a tile into the empty cell from the "
            "cell above it, below it, to its left or to its right. Your task is to bring the tiles into the order of "
            f"the goal, which goes from {way} and row by row, in as few moves as possible. Write a move as the tile "
            f"that you slide.{example}",
            german=f"Auf einem Brett von {size} mal {size} Feldern liegen die Kacheln 1 bis {last}, ein Feld (_) ist "
            "leer. Ein Zug schiebt eine Kachel, die neben dem leeren Feld liegt, dorthin. Bringe die Kacheln mit "
            f"möglichst wenigen Zügen in die Ordnung des Ziels ({german_way}, Zeile für Zeile). Ein Zug nennt die "
            "Kachel.",
        )

    def answer_example(self) -> str:
        return "TILE" if self._is_renamed else "5"

    def describe(self, seed: int, position: Tiles) -> str:
        now, goal = self._draw_board(seed, position), self._draw_board(seed, _goal(self.size))
        return self._choose_text(
            v1=f"Board:\n{now}\nGoal:\n{goal}",
            v2=f"The board is now:\n{now}\nThe board of the goal is:\n{goal}",
            german=f"Brett:\n{now}\nZiel:\n{goal}",
        )

    def format_action(self, seed: int, position: Tiles, action: str) -> str:
        return self._names(seed)[action]

    def parse_action(self, seed: int, position: Tiles, text: str) -> str | None:
        known = {shown.lower(): tile for tile, shown in self._names(seed).items()}
        words = [word for word in _WORD.findall(text.lower()) if word not in _FILLERS]
        if len(words) != 1:
            return None
        return known.get(words[0]) or known.get(words[0].strip("()[].'\""))

    def write(self, position: Tiles) -> str:
        return " ".join(str(tile) for tile in position)

    def read(self, text: str) -> Tiles:
        parts = text.split()
        if sorted(parts) != sorted(str(tile) for tile in range(self.size**2)):
            raise UsageError(f"'{text}' is not a position: write the numbers 0 to {self.size**2 - 1} once, row by row")
        position = tuple(int(tile) for tile in parts)
        if not _is_solvable(position, self.size):
            raise UsageError(f"'{text}' can't be solved: exchange two tiles")
        return position

    def _names(self, seed: int) -> dict[str, str]:
        tiles = tuple(str(tile) for tile in range(1, self.size**2))
        shift = "+".join(sorted(read_shift(self.shift) & {"names"})) or "none"
        if "notation" in read_shift(self.shift) and shift == "none":
            return {tile: "ABCDEFGHIJKLMNO"[int(tile) - 1] for tile in tiles}
        return display_names(shift, seed, "tile", tiles)

    def _draw_board(self, seed: int, position: Tiles) -> str:
        names = {"0": "_", **self._names(seed)}
        rows = [position[start : start + self.size] for start in range(0, len(position), self.size)]
        if "mirror" in read_shift(self.shift):
            rows = [row[::-1] for row in rows]
        return "\n".join(" ".join(names[str(tile)] for tile in row) for row in rows)


ENVIRONMENT = SlidingTiles


def _goal(size: int) -> Tiles:
    return (*range(1, size**2), 0)


@lru_cache(maxsize=2)
def _neighbours(size: int) -> tuple[tuple[int, ...], ...]:
    neighbours = []
    for cell in range(size**2):
        row, column = divmod(cell, size)
        near = ((row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column))
        neighbours.append(tuple(r * size + c for r, c in near if 0 <= r < size and 0 <= c < size))
    return tuple(neighbours)


def _encode(position: Tiles) -> int:
    """Return the position with four bits per cell, the first cell lowest."""
    code = 0
    for cell, tile in enumerate(position):
        code |= tile << 4 * cell
    return code


def _decode(code: int, size: int) -> Tiles:
    return tuple(code >> 4 * cell & 15 for cell in range(size**2))


def _is_solvable(position: Tiles, size: int) -> bool:
    """Return whether the goal can be reached, by parity (Johnson & Story 1879)."""
    tiles = [tile for tile in position if tile]
    swaps = sum(after < before for place, before in enumerate(tiles) for after in tiles[place + 1 :])
    from_below = size - position.index(0) // size
    return swaps % 2 == 0 if size % 2 else (swaps + from_below) % 2 == 1


def _next_layer(codes: Codes, size: int) -> Codes:
    """Return the sorted set of all positions one move from these."""
    parts = []
    empties = _empty_cells(codes, size)
    for cell, near in enumerate(_neighbours(size)):
        here = codes[empties == cell]
        for other in near:
            tile = (here >> np.uint64(4 * other)) & np.uint64(15)
            parts.append((here ^ (tile << np.uint64(4 * other))) | (tile << np.uint64(4 * cell)))
    return np.unique(np.concatenate(parts))


def _empty_cells(codes: Codes, size: int) -> NDArray[np.int64]:
    cells = np.zeros(len(codes), dtype=np.int64)
    for cell in range(size**2):
        cells[((codes >> np.uint64(4 * cell)) & np.uint64(15)) == 0] = cell
    return cells


def _build(size: int) -> NDArray[np.uint64]:
    """Return codes and distances within the radius, shape (2, positions), sorted by code; 4 by 4: 1 s, 8 MB."""
    layers = [np.array([_encode(_goal(size))], dtype=np.uint64)]
    before = np.empty(0, dtype=np.uint64)
    while len(layers) <= RADIUS[size]:
        following = np.setdiff1d(_next_layer(layers[-1], size), before, assume_unique=True)
        before = layers[-1]
        layers.append(following)
    codes = np.concatenate(layers)
    distances = np.repeat(np.arange(len(layers), dtype=np.uint64), [len(layer) for layer in layers])
    order = np.argsort(codes)
    return np.stack([codes[order], distances[order]])


@lru_cache(maxsize=2)
def _builder(size: int) -> "partial[NDArray[np.uint64]]":
    return partial(_build, size)


@lru_cache(maxsize=2)
def _table(size: int) -> tuple[Codes, NDArray[np.int64]]:
    table = cached_table(f"sliding-tiles-{size}", 1, _builder(size))
    return table[0], table[1].astype(np.int64)


@lru_cache(maxsize=2)
def _distance_by_code(size: int) -> dict[int, int]:
    """Return the table as a dictionary, for single lookups in a tenth of the time of a binary search."""
    codes, distances = _table(size)
    return dict(zip(codes.tolist(), distances.tolist(), strict=True))


@lru_cache(maxsize=1 << 16)
def _distance(position: Tiles, size: int) -> int:
    code = _encode(position)
    known = _distance_by_code(size).get(code)
    if known is not None:
        return known
    return _search_distance(code, size)


def _search_distance(code: int, size: int) -> int:
    """Return the distance of a position outside the table: breadth-first until a layer meets the table's last one."""
    codes, distances = _table(size)
    rim = codes[distances == RADIUS[size]]
    before, layer = np.empty(0, dtype=np.uint64), np.array([code], dtype=np.uint64)
    for moves in range(1, SEARCHED + 1):
        before, layer = layer, np.setdiff1d(_next_layer(layer, size), before, assume_unique=True)
        if np.isin(layer, rim, assume_unique=True).any():
            return RADIUS[size] + moves
    return RADIUS[size] + SEARCHED + 1
