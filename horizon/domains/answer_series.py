"""Several answers in one reply: read, compared up to the first error. One answer is a series of one.

Pure; knows worlds only by what it asks of them.
"""

from collections.abc import Sequence
from typing import Any, Protocol


class World(Protocol):
    """What a series is read and judged by; `horizon.domains.bookkeeping.Questions` keeps it."""

    @property
    def answers_a_turn(self) -> int:
        """How many answers one reply holds."""
        ...

    def event(self, seed: int, played: int, world: Any) -> Any:
        """The turn's event."""
        ...

    def after(self, world: Any, event: Any) -> Any:
        """The world after an event."""
        ...

    def truth(self, world: Any, event: Any) -> str:
        """The answer to the event's question."""
        ...

    def answers(self, world: Any, event: Any) -> tuple[str, ...]:
        """Answers that make sense."""
        ...

    def heard(self, seed: int, world: Any, event: Any, text: str) -> str | None:
        """A spoken answer, read."""
        ...


def truths(task: World, state: Any) -> list[str]:
    """Return the true answers of this turn, in order."""
    world, found = state.world, []
    for ahead in range(task.answers_a_turn):
        event = task.event(state.seed, state.played + ahead, world)
        world = task.after(world, event)
        found.append(task.truth(world, event))
    return found


def heard(task: World, state: Any, text: str) -> str | None:
    """Return the canonical series of a spoken one, joined by `; `, or null when an answer can't be read."""
    items = [text] if task.answers_a_turn == 1 else [each for each in text.split(";") if each.strip()]
    world, found = state.world, []
    for ahead, item in enumerate(items[: task.answers_a_turn]):
        event = task.event(state.seed, state.played + ahead, world)
        world = task.after(world, event)
        answer = task.heard(state.seed, world, event, item.strip())
        if answer is None:
            return None
        found.append(answer)
    return "; ".join(found) or None


def sample(task: World, state: Any) -> tuple[str, ...]:
    """Return two series: the true one, and one that is wrong wherever a wrong answer exists."""
    world, right, wrong = state.world, [], []
    for ahead in range(task.answers_a_turn):
        event = task.event(state.seed, state.played + ahead, world)
        world = task.after(world, event)
        truth = task.truth(world, event)
        right.append(truth)
        wrong.append(next((each for each in task.answers(world, event) if each != truth), truth))
    return tuple(dict.fromkeys(("; ".join(right), "; ".join(wrong))))


def right_at_first(true: Sequence[str], given: Sequence[str]) -> int:
    """Return how many answers are right before the first that is not."""
    count = 0
    for one, other in zip(true, given, strict=False):
        if one != other:
            break
        count += 1
    return count
