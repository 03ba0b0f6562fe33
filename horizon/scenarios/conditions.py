"""The conditions: what a model is shown of its history at a turn, one function for each experimental arm.

A new condition is one function and its entry in `CONDITIONS`; scenarios, the turn loop and replays read everything
else from that entry. Pure: a `View` in, messages out. Knows no model, no environment and no file.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from horizon.core.records import NO_EXTRA, Json, Message
from horizon.core.registry import nearest

RECAP_TURNS = 8
"""How many of the last turns a recap names."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of an episode as it happened: the message to the model and its reply.

    `posed` is the state in full, for conditions in which this exchange opens the conversation. Attempts after the
    first (under `retry:n`) are exchanges of their own, `is_attempt` true; only the last of a turn counts errors.
    The other fields are for conditions that change the history: `plain` is `asked` without the note on an error
    before it, `right` a correct reply (the model's own where it was correct), `wrong` a plausible incorrect one,
    `draw` in 0..1 decides under `corrupted:p`, and `played` names the action that was played. None: there is none.
    """

    asked: str
    posed: str
    reply: str
    erred: bool
    is_attempt: bool = False
    plain: str | None = None
    right: str | None = None
    wrong: str | None = None
    draw: float = 1.0
    played: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a condition can choose from at the turn after `history`.

    `asked` is the turn's message with its history before it, `plain` the same without the note on an error, `posed`
    the state in full. `foreign` builds as many exchanges of another episode, and may wait for an engine; `padding`
    builds neutral text as long as the history. Both are called only by conditions that need them.
    """

    rules: str
    history: Sequence[Exchange]
    asked: str
    posed: str
    plain: str
    foreign: Callable[[], Sequence[Exchange]] = tuple
    padding: Callable[[], str] = str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a condition shows: the messages, the turn it looks like, and the errors in the history.

    `extra` is added to the row's `extra`: what a replay needs to show the same again.
    """

    messages: tuple[Message, ...]
    turn: int
    prior_errors: int
    extra: Mapping[str, Json] = field(default_factory=lambda: NO_EXTRA)


@dataclass(frozen=True, slots=True)
class Condition:
    """One arm: how it shows a turn, and what must be known to play it.

    `show` gets the view and the number after the colon (0 where there is none). `takes` is `k` for a whole number,
    `p` for a share, or nothing. `needs_oracle`: correct replies are shown that an engine or a solver must know.
    `alternatives` are the replies that natural rows must keep for this condition. `needs_history` is false where a
    model that reads no text needs no conversation at all. `repeats`: a conversation that was already answered is
    asked again; any other condition takes the reply that the same conversation got, where replies are greedy.
    """

    show: Callable[[View, float], Shown]
    takes: Literal["", "k", "p"] = ""
    needs_oracle: bool = False
    needs_history: bool = True
    alternatives: tuple[Literal["right_reply", "wrong_reply"], ...] = ()
    repeats: bool = False


def show(condition: str, view: View) -> Shown:
    """Return what the model is shown at a turn under a condition.

    Raises:
        ValueError: an unknown condition.
    """
    name, number = split_condition(condition)
    return CONDITIONS[name].show(view, number)


def _show_natural(view: View, _: float) -> Shown:
    """Show the whole history as it happened."""
    return _continue(view, view.history, view.asked)


def _show_fresh(view: View, _: float) -> Shown:
    """Show the state alone, as at turn 1."""
    return _conversation(view, (), view.posed)


def _show_healed(view: View, _: float) -> Shown:
    """Show the history with every error replaced by a correct reply."""
    return _show_corrupted(view, 0.0)


def _show_corrupted(view: View, share: float) -> Shown:
    """Show the history with this share of its replies incorrect, and all others correct."""
    changed = [_with_reply(exchange, share) for exchange in view.history if not exchange.is_attempt]
    return _continue(view, changed, view.plain)


def _show_padded(view: View, _: float) -> Shown:
    """Show neutral text as long as the history, then the state in full."""
    padding = view.padding()
    last = f"{padding}\n\n{view.posed}" if padding else view.posed
    return _conversation(view, (), last, {"padding_words": len(padding.split())})


def _show_window(view: View, turns: float) -> Shown:
    """Show the last turns of the history."""
    return _continue(view, _last_turns(view.history, int(turns)), view.asked)


def _show_foreign(view: View, _: float) -> Shown:
    """Show as many turns of another episode, all correct, then the state in full, as that history led elsewhere."""
    return _conversation(view, view.foreign(), view.posed)


def _show_repeat(view: View, _: float) -> Shown:
    """Show the natural conversation once more; the number distinguishes repetitions."""
    return _continue(view, view.history, view.asked)


def _show_recap(view: View, _: float) -> Shown:
    """Show a summary of the history, then the state in full."""
    last = f"{recap(view.history)}\n{view.posed}" if view.history else view.posed
    return _conversation(view, (), last)


CONDITIONS: dict[str, Condition] = {
    "natural": Condition(_show_natural, needs_history=False),
    "fresh": Condition(_show_fresh, needs_history=False),
    "healed": Condition(_show_healed, needs_oracle=True, alternatives=("right_reply",)),
    "corrupted": Condition(_show_corrupted, takes="p", needs_oracle=True, alternatives=("right_reply", "wrong_reply")),
    "padded": Condition(_show_padded),
    "window": Condition(_show_window, takes="k"),
    "foreign": Condition(_show_foreign, needs_oracle=True),
    "recap": Condition(_show_recap),
    "repeat": Condition(_show_repeat, takes="k", repeats=True),
}
"""All conditions by name."""


def split_condition(text: str) -> tuple[str, float]:
    """Return a condition's name and its number (0 where it takes none).

    Raises:
        ValueError: an unknown condition, or a number missing, out of place or out of range.
    """
    name, colon, number = text.partition(":")
    if name not in CONDITIONS:
        raise ValueError(f"unknown condition '{name}': {nearest(name, CONDITIONS)}")
    takes = CONDITIONS[name].takes
    if bool(takes) != bool(colon):
        raise ValueError(f"condition '{text}': write it as {name}{':' + takes if takes else ''}")
    if takes == "k" and not re.fullmatch(r"[1-9][0-9]{0,5}", number):
        raise ValueError(f"condition '{text}': '{number}' is not a whole number from 1 to 999999")
    if takes == "p" and not re.fullmatch(r"0?\.[0-9]{1,4}|[01](\.0{1,4})?", number):
        raise ValueError(f"condition '{text}': '{number}' is not a share from 0 to 1, such as 0.25")
    return name, float(number or 0)


def condition_of(text: str) -> Condition:
    """Return the condition that a text such as `window:5` names.

    Raises:
        ValueError: as `split_condition`.
    """
    return CONDITIONS[split_condition(text)[0]]


def recap(history: Sequence[Exchange]) -> str:
    """Return the harness's summary of a history: how many turns, and what was played in the last ones."""
    turns = [exchange for exchange in history if not exchange.is_attempt]
    last = ", ".join(exchange.played or "nothing" for exchange in turns[-RECAP_TURNS:])
    return f"So far {len(turns)} turns were played. The last: {last}."


def _continue(view: View, history: Sequence[Exchange], last: str) -> Shown:
    """Return the conversation that continues a history; where there is none yet, the state in full opens it."""
    return _conversation(view, history, last if history else view.posed)


def _conversation(view: View, history: Sequence[Exchange], last: str, extra: Mapping[str, Json] = NO_EXTRA) -> Shown:
    """Return the conversation of these exchanges and a last message; the first exchange poses its state in full."""
    messages = [Message("system", view.rules)]
    for place, exchange in enumerate(history):
        messages.append(Message("user", exchange.asked if place else exchange.posed))
        messages.append(Message("assistant", exchange.reply))
    messages.append(Message("user", last))
    n_turns = sum(not exchange.is_attempt for exchange in history)
    return Shown(tuple(messages), n_turns + 1, sum(exchange.erred for exchange in history), extra)


def _with_reply(exchange: Exchange, share: float) -> Exchange:
    """Return the exchange without its note on an error, its reply healed or corrupted by its draw."""
    asked = exchange.asked if exchange.plain is None else exchange.plain
    if exchange.draw < share and exchange.wrong is not None:
        return replace(exchange, asked=asked, reply=exchange.wrong, erred=True)
    if exchange.right is not None:
        return replace(exchange, asked=asked, reply=exchange.right, erred=False)
    return replace(exchange, asked=asked)


def _last_turns(history: Sequence[Exchange], n_turns: int) -> Sequence[Exchange]:
    """Return the exchanges of the last turns; an attempt belongs to the turn that follows it."""
    start = len(history)
    while start > 0 and n_turns >= 0:
        # Going back, a turn's last exchange comes first; its failed attempts are before it.
        if not history[start - 1].is_attempt:
            if n_turns == 0:
                break
            n_turns -= 1
        start -= 1
    return history[start:]
