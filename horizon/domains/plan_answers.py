"""The whole remaining plan in one reply: read, judged action by action up to the first error, and played.

A plan is its actions joined by `; `. Pure; knows puzzles only by what it asks of them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from horizon.core.records import Answer, ErrorKind, Json, Verdict

LONGEST_PLAN = 5000
"""Actions of a plan that are looked at; no puzzle here needs as many."""

_SEPARATORS = re.compile(r"[;\n]+|\s*->\s*|\s*→\s*")
_NUMBERING = re.compile(r"^\s*(?:\d{1,4}[.):]\s+)?")


class Puzzle(Protocol):
    """What a plan is read, judged and played by; `horizon.domains.planning.Planning` keeps it."""

    def moves(self, position: Any) -> tuple[str, ...]:
        """The legal actions."""
        ...

    def after(self, position: Any, action: str) -> Any:
        """The position after a legal action."""
        ...

    def distance(self, position: Any) -> int | None:
        """The length of the shortest solution."""
        ...

    def distance_after(self, position: Any, action: str) -> int | None:
        """The length of the shortest solution after a legal action."""
        ...

    def is_goal(self, position: Any) -> bool:
        """Whether the puzzle is solved."""
        ...

    def said(self, seed: int, position: Any, action: str) -> str:
        """An action as it is spoken."""
        ...

    def heard(self, seed: int, position: Any, text: str) -> str | None:
        """A spoken action, read."""
        ...


def join(actions: Sequence[str]) -> str:
    """Return the canonical text of a plan."""
    return "; ".join(actions)


def split(plan: str) -> list[str]:
    """Return the actions of a plan's canonical text."""
    return plan.split("; ") if plan else []


def shortening(puzzle: Puzzle, position: Any) -> str | None:
    """Return the first action that shortens the rest, or null at the goal and where no solution remains."""
    here = puzzle.distance(position)
    if not here:
        return None
    for action in puzzle.moves(position):
        there = puzzle.distance_after(position, action)
        if there is not None and there < here:
            return action
    return None


def shortest(puzzle: Puzzle, position: Any) -> list[str]:
    """Return one shortest plan; empty at the goal and where there is none."""
    actions: list[str] = []
    while (action := shortening(puzzle, position)) is not None:
        actions.append(action)
        position = puzzle.after(position, action)
    return actions


def said(puzzle: Puzzle, seed: int, position: Any, plan: str) -> Iterator[str]:
    """Yield the actions of a plan as they are spoken, each where it is played."""
    for action in split(plan):
        yield puzzle.said(seed, position, action)
        position = puzzle.after(position, action)


def parse(puzzle: Puzzle, seed: int, position: Any, text: str, line: str | None) -> Answer:
    """Read a plan from the answer line, or from a bare reply; `illegal` plans end with their first illegal action.

    An action that can't be read makes the plan unparsable, unless an illegal one stands before it.
    """
    source = line
    if line is not None and (start := text.rfind(line)) >= 0:
        # A plan may go on below its answer line, an action a line.
        source = text[start:]
    items = [_NUMBERING.sub("", each).strip() for each in _SEPARATORS.split(source if source is not None else text)]
    items = [each for each in items if each][:LONGEST_PLAN]
    actions: list[str] = []
    for item in items:
        action = puzzle.heard(seed, position, item)
        if action is None:
            # Words after a plan are forgiven only where they stand on lines of their own below the answer line.
            if actions and line is not None and item not in line:
                break
            return Answer(None, "no_answer" if line is None else "unparsable")
        actions.append(action)
        if action not in puzzle.moves(position):
            return Answer(join(actions), "illegal")
        position = puzzle.after(position, action)
        if puzzle.is_goal(position):
            # What is said after the goal plays no part.
            break
    return Answer(join(actions)) if actions else Answer(None, "no_answer" if line is None else "unparsable")


def is_legal(puzzle: Puzzle, position: Any, plan: str) -> bool:
    """Tell whether a plan has actions and each is legal where it is played."""
    actions = split(plan)
    for action in actions:
        if action not in puzzle.moves(position):
            return False
        position = puzzle.after(position, action)
    return bool(actions)


def judge(puzzle: Puzzle, position: Any, plan: str | None) -> Verdict:
    """Judge a plan action by action up to its first error; `loss` is the share of the shortest plan not reached.

    `extra` holds `optimal_actions` (the length of a shortest plan), `correct_actions` (those before the first error)
    and `plan_actions`. An action is in error when illegal or when it does not shorten the rest; a plan that stops
    before the goal is wrong there.
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
