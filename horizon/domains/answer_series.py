"""Several answers in one reply, parsed and compared up to the first error. One answer is a series of one.

Pure; knows worlds by the protocol `SeriesTask` only.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from horizon.core.answer_start import LONGEST_SERIES, unwrap
from horizon.core.answers import ReadReply
from horizon.core.records import Answer

_SEPARATORS = re.compile(r"[;\n|]")
_NUMBERING = re.compile(r"^[ \t*-]{0,8}(?:\d{1,4}[.):][ \t]{1,8})?")
_AROUND = " \t*_`\"'."


class SeriesTask(Protocol):
    """A task that is asked for a series of answers: a part of `horizon.domains.bookkeeping.Questions`."""

    @property
    def answers_per_turn(self) -> int:
        """The number of answers in one reply."""
        ...

    def event(self, seed: int, played: int, world: Any) -> Any:
        """Return the event of a turn."""
        ...

    def after(self, world: Any, event: Any) -> Any:
        """Return the world after an event."""
        ...

    def truth(self, world: Any, event: Any) -> str:
        """Return the true answer to the event's question."""
        ...

    def answers(self, world: Any, event: Any) -> tuple[str, ...]:
        """Return plausible answers to the event's question; `world` is the one before the event."""
        ...

    def parse_answer(self, seed: int, world: Any, event: Any, text: str) -> str | None:
        """Return the answer that a text names, or None."""
        ...


def truths(task: SeriesTask, state: Any) -> list[str]:
    """Return the true answers of this turn, in order."""
    world, answers = state.world, []
    for ahead in range(task.answers_per_turn):
        event = task.event(state.seed, state.played + ahead, world)
        world = task.after(world, event)
        answers.append(task.truth(world, event))
    return answers


def parse(task: SeriesTask, state: Any, text: str) -> str | None:
    """Return the canonical series that a text names, joined by `; `, or None if an answer can't be parsed."""
    items = [text] if task.answers_per_turn == 1 else [part for part in text.split(";") if part.strip()]
    world, answers = state.world, []
    for ahead, item in enumerate(items[: task.answers_per_turn]):
        event = task.event(state.seed, state.played + ahead, world)
        world = task.after(world, event)
        answer = task.parse_answer(state.seed, world, event, item.strip())
        if answer is None:
            return None
        answers.append(answer)
    return "; ".join(answers) or None


def read(task: SeriesTask, state: Any, reply: ReadReply) -> Answer:
    """Return the series of a reply: of its mark and the lines below it, else of its whole text or its last line."""
    if reply.marked is not None:
        texts = [*unwrap(reply.marked), f"{reply.marked}\n{reply.below}"]
    else:
        texts = [reply.body, *reply.weak]
    for text in texts:
        items = [_NUMBERING.sub("", item).strip(_AROUND) for item in _SEPARATORS.split(text[:LONGEST_SERIES])]
        series = parse(task, state, "; ".join(item for item in items if item))
        if series is not None and (series.count(";") + 1 == task.answers_per_turn or text is texts[-1]):
            return Answer(series)
    return Answer(None, "no_answer" if reply.marked is None else "unparsable")


def sample(task: SeriesTask, state: Any) -> tuple[str, ...]:
    """Return two series: the true one, and one that is wrong at every question with a wrong answer."""
    world, correct, wrong = state.world, [], []
    for ahead in range(task.answers_per_turn):
        event = task.event(state.seed, state.played + ahead, world)
        # The answers are those to an event of the world before it.
        answers = task.answers(world, event)
        world = task.after(world, event)
        truth = task.truth(world, event)
        correct.append(truth)
        wrong.append(next((answer for answer in answers if answer != truth), truth))
    return tuple(dict.fromkeys(("; ".join(correct), "; ".join(wrong))))


def count_correct_prefix(true: Sequence[str], given: Sequence[str]) -> int:
    """Return how many answers are correct before the first that is not."""
    count = 0
    for one, other in zip(true, given, strict=False):
        if one != other:
            break
        count += 1
    return count
