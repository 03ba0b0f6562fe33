"""Whole plans in one reply: parsed, and judged action by action up to the first error.

A plan is its actions joined by `; `. Pure; knows puzzles by the protocol `PlanTask` only.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from horizon.core.answer_start import LONGEST_SERIES, read_start
from horizon.core.answers import ReadReply
from horizon.core.records import Answer, ErrorKind, Json, Verdict

LONGEST_PLAN = 5000
"""The number of actions of a plan that are parsed; no puzzle needs as many."""

_SEPARATORS = re.compile(r"[;\n|]+|(?:->|→|=>)")
_NUMBERING = re.compile(r"^\s{0,40}(?:(?:step |move |action )?\d{1,4}[.):]\s{1,8})?", re.IGNORECASE)
_JOINED = re.compile(r"[,/&]|\bthen\b|\band\b|\s\d{1,3}[.)]\s", re.IGNORECASE)
_EMPTY = " \t*_`\"'.\\"


class PlanTask(Protocol):
    """A task that can be asked for a plan: a part of `horizon.domains.planning.Planning`."""

    def moves(self, position: Any) -> tuple[str, ...]:
        """Return the legal actions of a position."""
        ...

    def after(self, position: Any, action: str) -> Any:
        """Return the position after a legal action."""
        ...

    def distance(self, position: Any) -> int | None:
        """Return the length of the shortest solution."""
        ...

    def distance_after(self, position: Any, action: str) -> int | None:
        """Return the length of the shortest solution after a legal action."""
        ...

    def is_goal(self, position: Any) -> bool:
        """Return whether the puzzle is solved."""
        ...

    def format_action(self, seed: int, position: Any, action: str) -> str:
        """Return an action as it is written in a reply."""
        ...

    def parse_action(self, seed: int, position: Any, text: str) -> str | None:
        """Return the action that a text names, or None."""
        ...


def join(actions: Sequence[str]) -> str:
    """Return the canonical text of a plan."""
    return "; ".join(actions)


def split(plan: str) -> list[str]:
    """Return the actions of a plan's canonical text."""
    return plan.split("; ") if plan else []


def shortening(puzzle: PlanTask, position: Any) -> str | None:
    """Return the first action that shortens the distance; None at the goal and if no solution remains."""
    here = puzzle.distance(position)
    if not here:
        return None
    for action in puzzle.moves(position):
        there = puzzle.distance_after(position, action)
        if there is not None and there < here:
            return action
    return None


def shortest(puzzle: PlanTask, position: Any) -> list[str]:
    """Return one shortest plan; empty at the goal and if there is none."""
    actions: list[str] = []
    while (action := shortening(puzzle, position)) is not None:
        actions.append(action)
        position = puzzle.after(position, action)
    return actions


def format_plan(puzzle: PlanTask, seed: int, position: Any, plan: str) -> Iterator[str]:
    """Yield the actions of a plan as they are written in a reply, each at the position where it is played."""
    for action in split(plan):
        yield puzzle.format_action(seed, position, action)
        position = puzzle.after(position, action)


def parse(puzzle: PlanTask, seed: int, position: Any, reply: ReadReply) -> Answer:
    """Parse the plan of a reply: its mark and the lines below it; `illegal` plans end with their first illegal action.

    An action that can't be parsed makes the plan unparsable, unless an illegal one comes before it.
    """
    is_marked = reply.marked is not None
    own = _items(reply.body if reply.marked is None else reply.marked)
    items = [*own, *_items(reply.below)][:LONGEST_PLAN] if is_marked else own[:LONGEST_PLAN]
    actions: list[str] = []
    for number, item in enumerate(items):
        for action in _actions(puzzle, seed, position, item):
            if action is None:
                # Words after a plan are ignored only on lines of their own below the answer.
                if actions and is_marked and number >= len(own):
                    return Answer(join(actions))
                return Answer(None, "unparsable" if is_marked else "no_answer")
            actions.append(action)
            if action not in puzzle.moves(position):
                return Answer(join(actions), "illegal")
            position = puzzle.after(position, action)
            if puzzle.is_goal(position):
                # Text after the goal is ignored.
                return Answer(join(actions))
    return Answer(join(actions)) if actions else Answer(None, "unparsable" if is_marked else "no_answer")


def _items(text: str) -> list[str]:
    """Return the parts of a plan's text, without their numbers."""
    parts = [_NUMBERING.sub("", part).strip() for part in _SEPARATORS.split(text[:LONGEST_SERIES])]
    return [part for part in parts if part.strip(_EMPTY)]


def _actions(puzzle: PlanTask, seed: int, position: Any, item: str) -> Iterator[str | None]:
    """Yield the action of an item, or the actions of one that joins several by commas, numbers or "then"."""

    def parse_one(text: str) -> str | None:
        return puzzle.parse_action(seed, position, text)

    if (action := read_start(item, parse_one)) is not None:
        yield action
        return
    parts = [part for part in _JOINED.split(item) if part.strip(_EMPTY)]
    if len(parts) < 2:
        yield None
    for part in parts if len(parts) > 1 else ():
        yield read_start(part, parse_one)


def is_legal(puzzle: PlanTask, position: Any, plan: str) -> bool:
    """Return whether a plan has actions and each is legal where it is played."""
    actions = split(plan)
    for action in actions:
        if action not in puzzle.moves(position):
            return False
        position = puzzle.after(position, action)
    return bool(actions)


def judge(puzzle: PlanTask, position: Any, plan: str | None) -> Verdict:
    """Judge a plan action by action up to its first error; `loss` is the share of a shortest plan not reached.

    `extra` holds `optimal_actions` (the length of a shortest plan), `correct_actions` (those before the first error)
    and `plan_actions`. An action is an error if it is illegal or does not shorten the distance; a plan that stops
    before the goal is wrong.
    """
    best = shortest(puzzle, position)
    actions = split(plan or "")
    error: ErrorKind = "no_answer" if plan is None else "none"
    correct = 0
    for action in actions:
        if action not in puzzle.moves(position):
            error = "illegal"
            break
        here, following = puzzle.distance(position), puzzle.after(position, action)
        there = puzzle.distance(following)
        if here is None or there is None or there >= here:
            error = "wrong"
            break
        correct, position = correct + 1, following
    if error == "wrong" and not is_legal(puzzle, position, join(actions[correct:])):
        error = "illegal"
    if error == "none" and not puzzle.is_goal(position):
        error = "wrong"
    extra: dict[str, Json] = {"optimal_actions": len(best), "correct_actions": correct, "plan_actions": len(actions)}
    loss = None if error in ("no_answer", "illegal") else 1 - correct / len(best) if best else 0.0
    return Verdict(error, loss, None, join(best) or None, extra)
