"""Conditions that change the history: whose replies, how many turns, or another text in its place.

Pure: a `View` in, messages out.
"""

from collections.abc import Sequence
from dataclasses import replace

from horizon.scenarios.views import Exchange, Shown, View, continue_with, conversation

RECAP_TURNS = 8
"""How many of the last turns a recap names."""


def show_natural(view: View, _: float) -> Shown:
    """Show the whole history as it happened."""
    return continue_with(view, view.history, view.asked)


def show_fresh(view: View, _: float) -> Shown:
    """Show the state alone, as at turn 1."""
    return conversation(view, (), view.posed)


def show_healed(view: View, _: float) -> Shown:
    """Show the history with every error replaced by a correct reply."""
    return show_corrupted(view, 0.0)


def show_corrupted(view: View, share: float) -> Shown:
    """Show the history with this share of its replies incorrect, and all others correct."""
    changed: list[Exchange] = []
    note = ""
    for exchange in view.history:
        if not exchange.is_attempt:
            changed.append(_with_reply(exchange, note, share))
            note = exchange.wrong_note if _is_corrupted(exchange, share) else ""
    return continue_with(view, changed, note + view.plain)


def show_padded(view: View, _: float) -> Shown:
    """Show neutral text as long as the history, then the state in full."""
    padding = view.padding()
    last = f"{padding}\n\n{view.posed}" if padding else view.posed
    return conversation(view, (), last, {"padding_words": len(padding.split())})


def show_window(view: View, turns: float) -> Shown:
    """Show the last turns of the history."""
    return continue_with(view, _last_turns(view.history, int(turns)), view.asked)


def show_foreign(view: View, _: float) -> Shown:
    """Show as many turns of another episode, all correct, then the state in full, as that history led elsewhere."""
    return conversation(view, view.foreign(), view.posed)


def show_repeat(view: View, _: float) -> Shown:
    """Show the natural conversation once more; the number distinguishes repetitions."""
    return continue_with(view, view.history, view.asked)


def show_recap(view: View, _: float) -> Shown:
    """Show a summary of the history, then the state in full."""
    last = f"{recap(view.history)}\n{view.posed}" if view.history else view.posed
    return conversation(view, (), last)


def recap(history: Sequence[Exchange]) -> str:
    """Return the harness's summary of a history: how many turns, and what was played in the last ones."""
    turns = [exchange for exchange in history if not exchange.is_attempt]
    last = ", ".join(exchange.played or "nothing" for exchange in turns[-RECAP_TURNS:])
    return f"So far {len(turns)} turns were played. The last: {last}."


def _is_corrupted(exchange: Exchange, share: float) -> bool:
    return exchange.draw < share and exchange.wrong is not None


def _with_reply(exchange: Exchange, note: str, share: float) -> Exchange:
    """Return the exchange with the note on the reply shown before it, its own healed or corrupted by its draw."""
    asked = note + (exchange.asked if exchange.plain is None else exchange.plain)
    if _is_corrupted(exchange, share) and exchange.wrong is not None:
        return replace(exchange, asked=asked, reply=exchange.wrong, erred=True, thinking="", neutral="")
    if exchange.right is not None and exchange.right != exchange.reply:
        # What the model thought before another reply is no reason for this one.
        return replace(exchange, asked=asked, reply=exchange.right, erred=False, thinking="", neutral="")
    if exchange.right is not None:
        return replace(exchange, asked=asked, erred=False)
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
