"""Impulses: one change at one earlier turn of the history, the same turn for all kinds of an episode.

A turn s is drawn for each episode; at later turns the natural history is shown with one change at s. Pure: a `View`
in, messages out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from horizon.scenarios.condition import Condition
from horizon.scenarios.views import Exchange, Shown, View, continue_with, with_rules

BLANK = "There is nothing to do in this message. The next one continues."
"""What the extra exchange of `impulse:blank` asks, and with `BLANK_REPLY` gets."""
BLANK_REPLY = "OK."


@dataclass(frozen=True, slots=True)
class _Cut:
    """A history in three: before the drawn turn, its failed attempts with the reply that counts, and after it."""

    before: Sequence[Exchange]
    turn: Sequence[Exchange]
    after: Sequence[Exchange]


def show_reminder(view: View, _: float) -> Shown:
    """Show the natural history with the rules repeated before the message of the drawn turn."""
    cut = _cut_at(view.history, view.impulse)
    if not cut.turn:
        return _show_natural(view)
    first, *rest = cut.turn
    reminded = replace(first, asked=with_rules(view, first.asked), posed=with_rules(view, first.posed))
    return _show_changed(view, [*cut.before, reminded, *rest, *cut.after], view.asked)


def show_blank(view: View, _: float) -> Shown:
    """Show the natural history with an exchange before the drawn turn that asks for nothing.

    A note on the reply before it comes with the first message after that reply, which is then the empty one.
    """
    cut = _cut_at(view.history, view.impulse)
    if not cut.turn:
        return _show_natural(view)
    first, *rest = cut.turn
    plain = _plain(first)
    blank = Exchange(first.asked.removesuffix(plain) + BLANK, BLANK, BLANK_REPLY, erred=False)
    return _show_changed(view, [*cut.before, blank, replace(first, asked=plain), *rest, *cut.after], view.asked)


def show_right(view: View, _: float) -> Shown:
    """Show the natural history with a correct reply at the drawn turn, the model's own where that was correct."""
    cut = _cut_at(view.history, view.impulse)
    if not cut.turn or cut.turn[-1].right in (None, cut.turn[0].reply):
        return _show_natural(view)
    return _with_reply(view, cut, cut.turn[-1].right or "", "", erred=False)


def show_error(view: View, _: float) -> Shown:
    """Show the natural history with a plausible incorrect reply at the drawn turn, and the note on it."""
    cut = _cut_at(view.history, view.impulse)
    if not cut.turn or cut.turn[-1].wrong is None:
        return _show_natural(view)
    return _with_reply(view, cut, cut.turn[-1].wrong, cut.turn[-1].wrong_note, erred=True)


def counted_exchange(history: Sequence[Exchange], turn: int) -> Exchange | None:
    """Return the exchange of a turn that counts, after its failed attempts; None where the turn is not there yet."""
    own = _cut_at(history, turn).turn
    return own[-1] if own else None


IMPULSES: dict[str, Condition] = {
    "impulse:reminder": Condition(
        show_reminder,
        "its own history with the rules repeated before the message of one earlier turn, drawn for each episode",
        "natural-impulse:reminder by lag (`impulse_response`): what one reminder gains later, through the history",
        "replies after the drawn turn stay as they were played, so effects that work through them are not in it",
        needs_impulse=True,
    ),
    "impulse:right": Condition(
        show_right,
        "its own history with a correct reply at one earlier turn, drawn for each episode",
        "natural-impulse:right by lag (`impulse_response`), where its own reply was incorrect: the harm of one error "
        "in the history",
        "as for impulse:reminder, and a correct reply in its place changes nothing but the error",
        "as for healed; where its own action was wrong and was played, no correct reply fits and no turn is posed",
        needs_oracle=True,
        needs_impulse=True,
        alternatives=("right_reply",),
    ),
    "impulse:error": Condition(
        show_error,
        "its own history with a plausible incorrect reply at one earlier turn, drawn for each episode",
        "impulse:error-impulse:right by lag (`impulse_response`): the harm of one error in the history, whether the "
        "model errs at that turn or not",
        "as for impulse:reminder, and the error shown is like those that the model makes",
        "the reply can't be played, and the note on what was played follows, as for corrupted:p",
        needs_oracle=True,
        needs_impulse=True,
        alternatives=("right_reply", "wrong_reply"),
    ),
    "impulse:blank": Condition(
        show_blank,
        "its own history with one more exchange, which asks for nothing, before one earlier turn, drawn for each "
        "episode",
        "natural-impulse:blank by lag (`impulse_response`): the effect of one more exchange; a control for the others",
        "as for impulse:reminder",
        needs_impulse=True,
    ),
}
"""The kinds of impulse by name."""


def _cut_at(history: Sequence[Exchange], turn: int) -> _Cut:
    """Return the history cut at a turn, counted from 1; nothing of that turn where it is not in the history."""
    number, first = 1, 0
    for place, exchange in enumerate(history):
        if exchange.is_attempt:
            continue
        if number == turn:
            return _Cut(history[:first], history[first : place + 1], history[place + 1 :])
        number, first = number + 1, place + 1
    return _Cut(history, (), ())


def _with_reply(view: View, cut: _Cut, reply: str, note: str, *, erred: bool) -> Shown:
    """Show one reply at the drawn turn in place of all that was there, and the note on it in the next message."""
    changed = replace(cut.turn[0], reply=reply, erred=erred, is_attempt=False, thinking="", neutral="")
    if not cut.after:
        return _show_changed(view, [*cut.before, changed], note + view.plain)
    following, *rest = cut.after
    return _show_changed(
        view, [*cut.before, changed, replace(following, asked=note + _plain(following)), *rest], view.asked
    )


def _plain(exchange: Exchange) -> str:
    return exchange.asked if exchange.plain is None else exchange.plain


def _show_natural(view: View) -> Shown:
    shown = continue_with(view, view.history, view.asked)
    return replace(shown, extra={"impulse_turn": view.impulse, "impulse_changed": 0})


def _show_changed(view: View, history: Sequence[Exchange], last: str) -> Shown:
    shown = continue_with(view, history, last)
    return replace(shown, extra={"impulse_turn": view.impulse, "impulse_changed": 1})
