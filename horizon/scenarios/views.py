"""What a condition chooses from, and what it shows: an episode's exchanges in, messages out.

Pure; knows no condition, model, environment or file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from horizon.core.records import NO_EXTRA, WHOLE, Json, Message, Recall
from horizon.scenarios.thinking import Thinking, shown_reply


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of an episode as it happened: the message to the model and its reply.

    `posed` is the state in full, for conditions in which this exchange opens the conversation. Attempts after the
    first (under `retry:n`) are exchanges of their own, `is_attempt` true; only the last of a turn counts errors.
    The other fields are for conditions that change the history: `plain` is `asked` without the note on an error
    before it, `right` a correct reply (the model's own where it was correct), `wrong` a plausible incorrect one and
    `wrong_note` the note on it in the next message, `draw` in 0..1 decides under `corrupted:p`, and `played` names the
    action that was played. None: there is none. `thinking` is what came apart from the reply, `neutral` a text as long
    as all thinking of the reply.
    """

    asked: str
    posed: str
    reply: str
    erred: bool
    is_attempt: bool = False
    plain: str | None = None
    right: str | None = None
    wrong: str | None = None
    wrong_note: str = ""
    draw: float = 1.0
    played: str | None = None
    thinking: str = ""
    neutral: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """Another run's history before the same state, and the message that it leads to, with its note on an error."""

    history: Sequence[Exchange]
    asked: str


@dataclass(frozen=True, slots=True)
class View:
    """What a condition can choose from at the turn after `history`.

    `asked` is the turn's message with its history before it, `plain` the same without the note on an error, `posed`
    the state in full. `foreign` builds as many exchanges of another episode, and may wait for an engine; `padding`
    builds neutral text as long as the history, `transplant` returns another run's history of this state. They are
    called only by conditions that need them, as is `road`: the history by the moves made, or in another order.
    `thinking` is what the history shows of earlier thinking. `impulse` is the turn that was drawn for impulses, 0 for
    none. `replied` is the present turn's own exchange once it has a natural reply, and `again` the message that asks
    once more; None where the reply could be played.
    """

    rules: str
    history: Sequence[Exchange]
    asked: str
    posed: str
    plain: str
    foreign: Callable[[], Sequence[Exchange]] = tuple
    padding: Callable[[], str] = str
    transplant: Callable[[], Transcript] = lambda: Transcript((), "")
    thinking: Thinking = "drop"
    road: Callable[[Literal["own", "other"]], Transcript] = lambda which: Transcript((), "")
    impulse: int = 0
    replied: Exchange | None = None
    again: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a condition shows: the messages, the turn it looks like, and the errors in the history.

    `extra` is added to the row's `extra`: what a replay needs to show the same again. `recall` is what the model may
    use of the messages. With `keeps_reply` nothing is asked: the natural reply of the turn counts.
    """

    messages: tuple[Message, ...]
    turn: int
    prior_errors: int
    extra: Mapping[str, Json] = field(default_factory=lambda: NO_EXTRA)
    recall: Recall = WHOLE
    keeps_reply: bool = False


def continue_with(view: View, history: Sequence[Exchange], last: str) -> Shown:
    """Return the conversation that continues a history; where there is none yet, the state in full opens it."""
    return conversation(view, history, last if history else view.posed)


def conversation(view: View, history: Sequence[Exchange], last: str, extra: Mapping[str, Json] = NO_EXTRA) -> Shown:
    """Return the conversation of these exchanges and a last message; the first exchange poses its state in full."""
    messages = [Message("system", view.rules)]
    for place, (exchange, reply) in enumerate(zip(history, replies_shown(view, history), strict=True)):
        messages.append(Message("user", exchange.asked if place else exchange.posed))
        messages.append(Message("assistant", reply))
    messages.append(Message("user", last))
    n_turns = sum(not exchange.is_attempt for exchange in history)
    return Shown(tuple(messages), n_turns + 1, sum(exchange.erred for exchange in history), extra)


def with_rules(view: View, message: str) -> str:
    """Return a message with the rules repeated before it."""
    return f"The rules once more:\n{view.rules}\n\n{message}"


def replies_shown(view: View, history: Sequence[Exchange]) -> list[str]:
    """Return the replies of a history with as much of their thinking as the view shows."""
    last = len(history) - 1
    return [
        shown_reply(exchange.reply, exchange.thinking, exchange.neutral, view.thinking, is_last=place == last)
        for place, exchange in enumerate(history)
    ]
