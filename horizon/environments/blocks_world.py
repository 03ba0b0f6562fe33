"""Blocks world: build towers with a hand that holds one block, in the form with four operators.

Rules: `pick-up a` takes a clear block from the table, `put-down a` puts the held block there, `unstack a b` takes a
    clear block off another, `stack a b` puts the held block on a clear one.
Observation: The towers from bottom to top, the held block, and the towers of the goal.
Action: One of these four, with the names of the blocks.
Oracle: Exact up to 10 blocks: a move of a block to its final place is always optimal; the other moves are searched.
    Above, a proven lower bound: every block that is not in place moves at least once; `extra` has the `bound_kind`.
Difficulty: `blocks`; the difficulty of a turn is the number of actions to the goal.
References: Gupta & Nau (1992), On the complexity of blocks-world planning, Artificial Intelligence 56; Slaney &
    Thiébaux (2001), Blocks world revisited, Artificial Intelligence 125.
Versions: 2: one reader of replies for all environments. 1: first.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.core.records import Json
from horizon.core.seeds import generator
from horizon.domains.name_matching import parse_names
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import display_names, read_shift

NAMES = tuple("abcdefghijklmnopqrst")
EXACT_BLOCKS = 10
OPERATORS = ("pick-up", "put-down", "stack", "unstack")
_FILLERS = frozenset({"block", "the", "on", "from", "off", "to", "onto", "table", "of", "von", "auf", "vom", "tisch"})
Towers = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Towers of block letters from bottom to top, sorted; the held block or an empty text; the towers of the goal."""

    towers: Towers
    held: str
    goal: Towers


@dataclass(frozen=True)
class BlocksWorld(Planning[Table]):
    """The blocks world; a position is a table."""

    name: ClassVar[str] = "blocks_world"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "build goal towers with a hand that holds one block"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"blocks": (2, 3, 4, 5, 6, 7, 8, 9, 10)}

    blocks: int = parameter(3, "number of blocks; exact distances up to 10", low=2, high=len(NAMES))

    def first_position(self, seed: int) -> Table:
        """Return seeded towers and other towers as the goal."""
        draw = generator(seed, "blocks_world")
        while True:
            towers, goal = (_random_towers(draw, self.blocks) for _ in range(2))
            if towers != goal:
                return Table(towers, "", goal)

    def moves(self, position: Table) -> tuple[str, ...]:
        tops = [tower[-1] for tower in position.towers]
        if position.held:
            return (f"put-down {position.held}", *(f"stack {position.held} {top}" for top in tops))
        return tuple(
            f"unstack {tower[-1]} {tower[-2]}" if len(tower) > 1 else f"pick-up {tower}" for tower in position.towers
        )

    def after(self, position: Table, action: str) -> Table:
        word, block, *other = action.split()
        towers = list(position.towers)
        if word == "put-down":
            towers.append(block)
        elif word == "stack":
            place = next(place for place, tower in enumerate(towers) if tower[-1] == other[0])
            towers[place] += block
        else:
            place = next(place for place, tower in enumerate(towers) if tower[-1] == block)
            towers[place] = towers[place][:-1]
        held = block if word in ("pick-up", "unstack") else ""
        return Table(tuple(sorted(filter(None, towers))), held, position.goal)

    def distance(self, position: Table) -> int | None:
        """Return the number of actions to the goal, or with more than 10 blocks a lower bound."""
        return _distance(position, self.blocks <= EXACT_BLOCKS)

    def is_goal(self, position: Table) -> bool:
        """Return whether the towers are those of the goal."""
        return position.towers == position.goal

    def is_dead(self, position: Table) -> bool:
        """Return False: every action can be undone."""
        return False

    def extra(self, distance: int | None) -> Mapping[str, Json]:
        """Return the distance, and for a bound its kind."""
        if self.blocks > EXACT_BLOCKS:
            return {"distance": distance, "bound_kind": "at least: two actions for every block not in place"}
        return {"distance": distance}

    def instructions(self) -> str:
        return self._choose_text(
            v1="Blocks stand in towers on a table. A hand holds at most one block. There are four actions: 'pick-up "
            "X' takes block X from the table, 'put-down X' puts the held block X on the table, 'unstack X Y' takes X "
            "off Y, 'stack X Y' puts the held block X on Y. Only blocks with nothing on them can be taken or built "
            "on. Build the towers of the goal in as few actions as possible.",
            v2="You are building towers of blocks on a table, with a hand that can hold one block. There are four "
            "kinds of moves. 'pick-up X' takes block X from the table into the hand. 'put-down X' puts block X from "
            "the hand on the table. 'unstack X Y' takes block X off block Y into the hand. 'stack X Y' puts block X "
            "from the hand on block Y. You can take a block only if the hand is empty and nothing lies on the block, "
            "and you can put a block only on the table or on a block on which nothing lies. Your task is to build the "
            "towers of the goal in as few moves as possible. Write a move as its word and the names of its blocks.",
            german="Blöcke stehen in Türmen auf einem Tisch. Eine Hand hält höchstens einen Block. Es gibt vier Züge: "
            "'pick-up X' nimmt den Block X vom Tisch, 'put-down X' legt den gehaltenen Block X auf den Tisch, "
            "'unstack X Y' nimmt X von Y herunter, 'stack X Y' legt den gehaltenen Block X auf Y. Es geht nur mit "
            "Blöcken, auf denen nichts liegt. Baue die Türme des Ziels mit möglichst wenigen Zügen.",
        )

    def answer_example(self) -> str:
        return "unstack X Y" if self._is_renamed else "unstack a b"

    def describe(self, seed: int, position: Table) -> str:
        names = self._names(seed)
        held = names[position.held] if position.held else ""
        goal = self._list_towers(position.goal, names)
        now = self._list_towers(position.towers, names)
        is_mirrored = "mirror" in read_shift(self.shift)
        way = "from top to bottom" if is_mirrored else "from bottom to top"
        german_way = "von oben nach unten" if is_mirrored else "von unten nach oben"
        hand = f"The hand holds {held}." if held else "The hand is empty."
        german_hand = f"Die Hand hält {held}." if held else "Die Hand ist leer."
        return self._choose_text(
            v1=f"Towers {way}: {now or 'none'}.\n{hand}\nGoal: {goal}.",
            v2=f"Each tower is listed {way}.\nThe towers on the table are: {now or 'none'}.\n{hand}\n"
            f"The towers of the goal are: {goal}.",
            german=f"Türme {german_way}: {now or 'keine'}.\n{german_hand}\nZiel: {goal}.",
        )

    def format_action(self, seed: int, position: Table, action: str) -> str:
        names = self._names(seed)
        word, *blocks = action.split()
        return " ".join((word, *(names[block] for block in blocks)))

    def parse_action(self, seed: int, position: Table, text: str) -> str | None:
        joined = text.lower().replace("pick up", "pick-up").replace("put down", "put-down")
        word, _, rest = joined.strip().lstrip("([").partition(" ")
        blocks = parse_names(rest, self._names(seed), _FILLERS)
        if word not in OPERATORS or not blocks:
            return None
        wanted = 2 if word in ("stack", "unstack") else 1
        return " ".join((word, *blocks)) if len(blocks) == wanted else None

    def write(self, position: Table) -> str:
        return f"{','.join(position.towers) or '-'} / {position.held or '-'} / {','.join(position.goal)}"

    def read(self, text: str) -> Table:
        parts = text.split(" / ")
        blocks = list(NAMES[: self.blocks])
        if len(parts) == 3:
            towers = tuple(sorted(filter(None, parts[0].replace("-", "").split(","))))
            held, goal = parts[1].replace("-", ""), tuple(sorted(parts[2].split(",")))
            if sorted("".join((*towers, held))) == blocks == sorted("".join(goal)) and len(held) < 2:
                return Table(towers, held, goal)
        raise UsageError(f"'{text}' is no table of {self.blocks} blocks: write it as ab,c / - / abc")

    def _names(self, seed: int) -> dict[str, str]:
        return display_names(self.shift, seed, "block", NAMES[: self.blocks])

    def _list_towers(self, towers: Towers, names: Mapping[str, str]) -> str:
        step = -1 if "mirror" in read_shift(self.shift) else 1
        return ", ".join(" ".join(names[block] for block in tower[::step]) for tower in towers)


ENVIRONMENT = BlocksWorld


def _random_towers(draw: random.Random, blocks: int) -> Towers:
    """Return random towers: blocks in random order, each on the one before with probability one half."""
    order = list(NAMES[:blocks])
    draw.shuffle(order)
    towers: list[str] = []
    for block in order:
        if towers and draw.random() < 0.5:
            towers[-1] += block
        else:
            towers.append(block)
    return tuple(sorted(towers))


@lru_cache(maxsize=1 << 16)
def _distance(position: Table, is_exact: bool) -> int:
    towers, held = position.towers, position.held
    if not held:
        return 2 * _moves_left(towers, position.goal, is_exact)
    # If the held block can't go to its final place, the table is optimal.
    placed = [tuple(sorted((*towers, held)))]
    below = _supports(position.goal)[held]
    for place, tower in enumerate(towers):
        if tower[-1] == below and _in_place(tower, position.goal) == len(tower):
            placed = [tuple(sorted((*towers[:place], tower + held, *towers[place + 1 :])))]
    return 1 + 2 * min(_moves_left(towers, position.goal, is_exact) for towers in placed)


@lru_cache(maxsize=1 << 12)
def _supports(goal: Towers) -> dict[str, str]:
    """Return the block below each block in the goal; an empty text is the table."""
    return {block: tower[place - 1] if place else "" for tower in goal for place, block in enumerate(tower)}


def _in_place(tower: str, goal: Towers) -> int:
    """Return the number of blocks of a tower, from the bottom, that are in their final place."""
    supports = _supports(goal)
    for place, block in enumerate(tower):
        if supports[block] != (tower[place - 1] if place else ""):
            return place
    return len(tower)


@lru_cache(maxsize=1 << 17)
def _moves_left(towers: Towers, goal: Towers, is_exact: bool) -> int:
    """Return the least number of block moves to the goal.

    A move to a block's final place is part of some shortest solution (Gupta & Nau 1992), and any other move may go to
    the table, so that only the choice of the block to put there is searched.
    """
    fixed = [_in_place(tower, goal) for tower in towers]
    if not is_exact:
        return sum(len(tower) - place for tower, place in zip(towers, fixed, strict=True))
    supports = _supports(goal)
    ready = {tower[-1] for tower, place in zip(towers, fixed, strict=True) if place == len(tower)}
    others = []
    for index, (tower, place) in enumerate(zip(towers, fixed, strict=True)):
        if place == len(tower):
            continue
        block = tower[-1]
        rest = [*towers[:index], *((tower[:-1],) if len(tower) > 1 else ()), *towers[index + 1 :]]
        if supports[block] == "":
            return 1 + _moves_left(tuple(sorted((*rest, block))), goal, True)
        if supports[block] in ready:
            on = next(base for base in rest if base[-1] == supports[block])
            rest.remove(on)
            return 1 + _moves_left(tuple(sorted((*rest, on + block))), goal, True)
        if len(tower) > 1:
            others.append(tuple(sorted((*rest, block))))
    return min((1 + _moves_left(following, goal, True) for following in others), default=0)
