"""Conditions that keep the history's text and change one cause: what is seen, how exactly, in how many turns.

Hidden and rounded histories are the messages of `natural`, with `Shown.recall` for what the model may use of them.
Pure: a `View` in, messages out.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from horizon.core.records import Message, Recall
from horizon.scenarios.thinking import Thinking
from horizon.scenarios.views import Exchange, Shown, View, continue_with, replies_shown

QUOTE = "You replied: "
"""What introduces a reply inside a longer message."""


def show_without_own(view: View, _: float) -> Shown:
    """Show the whole history, the model's own replies hidden; none of their errors is in view."""
    return replace(_hiding(view, "assistant"), prior_errors=0)


def show_without_other(view: View, _: float) -> Shown:
    """Show the whole history, the environment's earlier messages hidden; the rules and the last message are not."""
    return _hiding(view, "user")


def show_rounded(view: View, bits: float) -> Shown:
    """Show the whole history, its keys and values rounded to so many bits; without a history nothing is rounded."""
    shown = continue_with(view, view.history, view.asked)
    return replace(shown, recall=Recall(bits=int(bits))) if view.history else shown


def show_recut(view: View, turns: float) -> Shown:
    """Show the same transcript in longer turns, each of so many; the replies inside one are quoted in its message.

    The present turn belongs to the last of them. `turn` counts the longer turns; all errors are in view.
    """
    natural = continue_with(view, view.history, view.asked)
    messages, quoted = [natural.messages[0]], ""
    replies = iter(replies_shown(view, view.history))
    for number, turn in enumerate(_turns(view.history), start=1):
        for place, exchange in enumerate(turn):
            is_first = number == 1 and place == 0
            asked, reply = quoted + (exchange.posed if is_first else exchange.asked), next(replies)
            if number % turns == 0:
                messages += [Message("user", asked), Message("assistant", reply)]
                quoted = ""
            else:
                quoted = f"{asked}\n\n{QUOTE}{reply}\n\n"
    messages.append(Message("user", quoted + natural.messages[-1].content))
    return replace(natural, messages=tuple(messages), turn=max(1, math.ceil(natural.turn / turns)))


def show_in_one(view: View, _: float) -> Shown:
    """Show the same transcript as one message."""
    return show_recut(view, math.inf) if view.history else continue_with(view, (), view.asked)


def show_with_thinking(view: View, _: float) -> Shown:
    """Show the whole history with all earlier thinking."""
    return _thinking(view, "keep")


def show_without_thinking(view: View, _: float) -> Shown:
    """Show the whole history without earlier thinking."""
    return _thinking(view, "drop")


def show_last_thinking(view: View, _: float) -> Shown:
    """Show the whole history with the thinking of its last reply alone."""
    return _thinking(view, "last")


def show_replaced_thinking(view: View, _: float) -> Shown:
    """Show the whole history with neutral text as long in place of earlier thinking."""
    return _thinking(view, "replace")


def show_transplanted(view: View, _: float) -> Shown:
    """Show another run's history of this state as the model's own."""
    transcript = view.transplant()
    return continue_with(view, transcript.history, transcript.asked)


def _thinking(view: View, policy: Thinking) -> Shown:
    return continue_with(replace(view, thinking=policy), view.history, view.asked)


def show_own_road(view: View, _: float) -> Shown:
    """Show the moves that were made, each reply in its shortest form."""
    road = view.road("own")
    return continue_with(view, road.history, road.asked)


def show_other_road(view: View, _: float) -> Shown:
    """Show the same moves in another order that reaches the same state."""
    road = view.road("other")
    return continue_with(view, road.history, road.asked)


def _turns(history: Sequence[Exchange]) -> list[list[Exchange]]:
    """Return the exchanges by turn: its failed attempts, and the one that counts."""
    turns: list[list[Exchange]] = [[]]
    for exchange in history:
        turns[-1].append(exchange)
        if not exchange.is_attempt:
            turns.append([])
    return turns[:-1]


def _hiding(view: View, role: str) -> Shown:
    shown = continue_with(view, view.history, view.asked)
    earlier = shown.messages[:-1]
    hidden = tuple(place for place, message in enumerate(earlier) if message.role == role)
    return replace(shown, recall=Recall(hidden=hidden))
