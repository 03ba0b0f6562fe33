"""Blocks world: build towers with a hand that holds one block, in the form with four operators.

Rules: `pick-up a` takes a clear block from the table, `put-down a` puts the held one there, `unstack a b` takes a
    clear block off another, `stack a b` puts the held block on a clear one.
Observation: The towers from bottom to top, what the hand holds, and the goal's towers.
Action: As above, blocks by their names.
Oracle: Up to 10 blocks exact: moves that bring a block to its final place at once are always right, only where there
    are none is searched. Above, a proven lower bound: every block that is not in place moves at least once; `extra`
    says so.
Difficulty: `blocks`; a turn's difficulty is the number of actions to the goal.
References: Gupta & Nau (1992), On the complexity of blocks-world planning, Artificial Intelligence 56; Slaney &
    Thiébaux (2001), Blocks world revisited, Artificial Intelligence 125.
Versions: 1.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Json
from horizon.core.seeds import generator
from horizon.domains.name_matching import heard_names
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import language, read_shift, shown_names

NAMES = tuple("abcdefghijklmnopqrst")
EXACT_BLOCKS = 10
OPERATORS = ("pick-up", "put-down", "stack", "unstack")
_FILLERS = frozenset({"block", "the", "on", "from", "off", "to", "onto", "table", "of", "von", "auf", "vom", "tisch"})
Towers = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Towers of block letters from bottom to top, in alphabetical order; the held block or ``; the goal's towers."""

    towers: Towers
    held: str
    goal: Towers


@dataclass(frozen=True)
class BlocksWorld(Planning[Table]):
    """Blocks on a table."""

    name: ClassVar[str] = "blocks_world"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "build goal towers with a hand that holds one block"

    blocks: int = parameter(3, "how many blocks; exact distances up to 10", low=2, high=len(NAMES))

    def first_position(self, seed: int) -> Table:
        """Return seeded towers and other towers as the goal."""
        draw = generator(seed, "blocks_world")
        while True:
            towers, goal = (_drawn(draw, self.blocks) for _ in range(2))
            if towers != goal:
                return Table(towers, "", goal)

    def moves(self, position: Table) -> tuple[str, ...]:
        """Return the legal actions."""
        tops = [tower[-1] for tower in position.towers]
        if position.held:
            return (f"put-down {position.held}", *(f"stack {position.held} {top}" for top in tops))
        return tuple(
            f"unstack {tower[-1]} {tower[-2]}" if len(tower) > 1 else f"pick-up {tower}" for tower in position.towers
        )

    def after(self, position: Table, action: str) -> Table:
        """Move the block."""
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
        """Return the number of actions left, or with more than 10 blocks at least so many."""
        return _distance(position, self.blocks <= EXACT_BLOCKS)

    def is_goal(self, position: Table) -> bool:
        """Tell whether the towers are the goal's."""
        return position.towers == position.goal

    def is_dead(self, position: Table) -> bool:
        """Every action can be undone."""
        return False

    def extra(self, distance: int | None) -> Mapping[str, Json]:
        """Return the distance, and that it is a bound where it is one."""
        if self.blocks > EXACT_BLOCKS:
            return {"distance": distance, "bound_kind": "at least: two actions for every block not in place"}
        return {"distance": distance}

    def instructions(self) -> str:
        """Return the rules."""
        if language(self.shift) == "german":
            return (
                "Blöcke stehen in Türmen auf einem Tisch. Eine Hand hält höchstens einen Block. Es gibt vier Züge: "
                "'pick-up X' nimmt den Block X vom Tisch, 'put-down X' legt den gehaltenen Block X auf den Tisch, "
                "'unstack X Y' nimmt X von Y herunter, 'stack X Y' legt den gehaltenen Block X auf Y. Es geht nur mit "
                "Blöcken, auf denen nichts liegt. Baue die Türme des Ziels mit möglichst wenigen Zügen."
            )
        return (
            "Blocks stand in towers on a table. A hand holds at most one block. There are four actions: 'pick-up X' "
            "takes block X from the table, 'put-down X' puts the held block X on the table, 'unstack X Y' takes X "
            "off Y, 'stack X Y' puts the held block X on Y. Only blocks with nothing on them can be taken or built "
            "on. Build the towers of the goal in as few actions as possible."
        )

    def answer_example(self) -> str:
        """Return an action."""
        return "unstack X Y" if read_shift(self.shift) & {"names", "notation"} else "unstack a b"

    def told(self, seed: int, position: Table) -> str:
        """Return towers, hand and goal."""
        names = self._names(seed)
        held = names[position.held] if position.held else ""
        goal = self._listed(position.goal, names)
        now = self._listed(position.towers, names)
        is_mirrored = "mirror" in read_shift(self.shift)
        if language(self.shift) == "german":
            way = "von oben nach unten" if is_mirrored else "von unten nach oben"
            hand = f"Die Hand hält {held}." if held else "Die Hand ist leer."
            return f"Türme {way}: {now or 'keine'}.\n{hand}\nZiel: {goal}."
        way = "from top to bottom" if is_mirrored else "from bottom to top"
        hand = f"The hand holds {held}." if held else "The hand is empty."
        return f"Towers {way}: {now or 'none'}.\n{hand}\nGoal: {goal}."

    def said(self, seed: int, position: Table, action: str) -> str:
        """Return the action with the blocks as they are called."""
        names = self._names(seed)
        word, *blocks = action.split()
        return " ".join((word, *(names[each] for each in blocks)))

    def heard(self, seed: int, position: Table, text: str) -> str | None:
        """Read an operator and its blocks."""
        joined = text.lower().replace("pick up", "pick-up").replace("put down", "put-down")
        word, _, rest = joined.strip().lstrip("([").partition(" ")
        found = heard_names(rest, self._names(seed), _FILLERS)
        if word not in OPERATORS or not found:
            return None
        wanted = 2 if word in ("stack", "unstack") else 1
        return " ".join((word, *found)) if len(found) == wanted else None

    def write(self, position: Table) -> str:
        """Return `towers / held / goal`."""
        return f"{','.join(position.towers) or '-'} / {position.held or '-'} / {','.join(position.goal)}"

    def read(self, text: str) -> Table:
        """Return the position of a text."""
        parts = text.split(" / ")
        blocks = list(NAMES[: self.blocks])
        if len(parts) == 3:
            towers = tuple(sorted(filter(None, parts[0].replace("-", "").split(","))))
            held, goal = parts[1].replace("-", ""), tuple(sorted(parts[2].split(",")))
            if sorted("".join((*towers, held))) == blocks == sorted("".join(goal)) and len(held) < 2:
                return Table(towers, held, goal)
        raise UsageError(f"'{text}' is no table of {self.blocks} blocks: write it as ab,c / - / abc")

    def _names(self, seed: int) -> dict[str, str]:
        return shown_names(self.shift, seed, "block", NAMES[: self.blocks])

    def _listed(self, towers: Towers, names: Mapping[str, str]) -> str:
        step = -1 if "mirror" in read_shift(self.shift) else 1
        return ", ".join(" ".join(names[block] for block in tower[::step]) for tower in towers)


ENVIRONMENT = BlocksWorld


def _drawn(draw: random.Random, blocks: int) -> Towers:
    """Return random towers: blocks in random order, each on the one before with a chance of a half."""
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
    # Where the held block can't go to its final place, the table is as good as any other.
    placed = [tuple(sorted((*towers, held)))]
    below = _supports(position.goal)[held]
    for place, tower in enumerate(towers):
        if tower[-1] == below and _in_place(tower, position.goal) == len(tower):
            placed = [tuple(sorted((*towers[:place], tower + held, *towers[place + 1 :])))]
    return 1 + 2 * min(_moves_left(each, position.goal, is_exact) for each in placed)


@lru_cache(maxsize=1 << 12)
def _supports(goal: Towers) -> dict[str, str]:
    """Return what each block stands on in the goal, `` for the table."""
    return {block: tower[place - 1] if place else "" for tower in goal for place, block in enumerate(tower)}


def _in_place(tower: str, goal: Towers) -> int:
    """Return how many blocks of a tower, from the bottom, stand as in the goal."""
    supports = _supports(goal)
    for place, block in enumerate(tower):
        if supports[block] != (tower[place - 1] if place else ""):
            return place
    return len(tower)


@lru_cache(maxsize=1 << 17)
def _moves_left(towers: Towers, goal: Towers, is_exact: bool) -> int:
    """Return the least number of blocks moved, each from one place to another.

    A move to a block's final place is always part of some shortest solution (Gupta & Nau 1992), and any other move
    may as well go to the table, so that only the choice of the block to put there is searched.
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
            on = next(each for each in rest if each[-1] == supports[block])
            rest.remove(on)
            return 1 + _moves_left(tuple(sorted((*rest, on + block))), goal, True)
        if len(tower) > 1:
            others.append(tuple(sorted((*rest, block))))
    return min((1 + _moves_left(each, goal, True) for each in others), default=0)
