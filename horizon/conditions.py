"""How the conversation shown to the model at a turn is built from the trajectory: the experimental arms.

Pure: a trajectory and a condition in, messages out. Knows no model and no environment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from horizon.records import Message
from horizon.scenarios import split_condition


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the trajectory as it happened: what was asked and what the model replied.

    `posed` is the state told in full, for conditions in which this exchange opens the conversation. Attempts after
    the first (under `retry:n`) are exchanges of their own, `is_attempt` true; only the last of a turn counts errors.
    """

    asked: str
    posed: str
    reply: str
    erred: bool
    is_attempt: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a condition shows: the messages, the turn it looks like, and the errors in the history."""

    messages: tuple[Message, ...]
    turn: int
    prior_errors: int


def show(condition: str, rules: str, history: Sequence[Exchange], asked: str, posed: str) -> Shown:
    """Return what the model is shown at the turn after `history` under a condition.

    `asked` is the turn's own observation with history before it, `posed` the state told in full.

    Raises:
        ValueError: an unknown condition.
    """
    name, number = split_condition(condition)
    if name == "natural":
        kept = history
    elif name == "window":
        kept = _last_turns(history, number)
    else:
        kept = ()
    messages = [Message("system", rules)]
    for place, exchange in enumerate(kept):
        messages.append(Message("user", exchange.asked if place else exchange.posed))
        messages.append(Message("assistant", exchange.reply))
    messages.append(Message("user", asked if kept else posed))
    turns = sum(not exchange.is_attempt for exchange in kept)
    return Shown(tuple(messages), turns + 1, sum(exchange.erred for exchange in kept))


def _last_turns(history: Sequence[Exchange], turns: int) -> Sequence[Exchange]:
    """Return the exchanges of the last turns; an attempt belongs to the turn that follows it."""
    start = len(history)
    while start > 0 and turns >= 0:
        # Going back, a turn's last exchange comes first; its failed attempts stand before it.
        if not history[start - 1].is_attempt:
            if turns == 0:
                break
            turns -= 1
        start -= 1
    return history[start:]
