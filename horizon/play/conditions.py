"""How the conversation shown to the model at a turn is built from the trajectory: the experimental arms.

Pure: a trajectory and a condition in, messages out. Knows no model and no environment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from horizon.core.records import Message
from horizon.scenarios.scenario import split_condition

RECAP_TURNS = 8
"""How many of the last turns a recap tells."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the trajectory as it happened: what was asked and what the model replied.

    `posed` is the state told in full, for conditions in which this exchange opens the conversation. Attempts after
    the first (under `retry:n`) are exchanges of their own, `is_attempt` true; only the last of a turn counts errors.
    The rest serves conditions that change the history: `plain` is `asked` without the note on an error before it,
    `right` a right reply (the model's own where it was), `wrong` a plausible wrong one (null where there is none),
    `draw` in 0..1 decides under `corrupted:p`, and `played` is the action that was played, as spoken.
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
class Shown:
    """What a condition shows: the messages, the turn it looks like, and the errors in the history."""

    messages: tuple[Message, ...]
    turn: int
    prior_errors: int


def show(
    condition: str,
    rules: str,
    history: Sequence[Exchange],
    asked: str,
    posed: str,
    *,
    plain: str | None = None,
    foreign: Sequence[Exchange] = (),
    padding: str = "",
) -> Shown:
    """Return what the model is shown at the turn after `history` under a condition.

    `asked` is the turn's own observation with history before it, `plain` the same without the note on an error, and
    `posed` the state told in full. `foreign` holds as many turns of another episode, `padding` the neutral text.

    Raises:
        ValueError: an unknown condition.
    """
    name, number = split_condition(condition)
    if name in ("natural", "window"):
        kept = history if name == "natural" else _last_turns(history, int(number))
        replies = [(each.asked, each.reply, each.erred) for each in kept]
        last = asked
    elif name in ("healed", "corrupted"):
        kept = [each for each in history if not each.is_attempt]
        replies = [_changed(each, number if name == "corrupted" else 0.0) for each in kept]
        last = asked if plain is None else plain
    elif name == "foreign":
        kept = foreign
        replies = [(each.asked, each.reply, each.erred) for each in kept]
        # Another state than the history led to: it must be told in full.
        last = posed
    else:
        kept, replies = (), []
        last = f"{padding}\n\n{posed}" if name == "padded" and padding else posed
        if name == "recap" and history:
            last = f"{recap(history)}\n{posed}"
    messages = [Message("system", rules)]
    for place, (exchange, (told, reply, _)) in enumerate(zip(kept, replies, strict=True)):
        messages.append(Message("user", told if place else exchange.posed))
        messages.append(Message("assistant", reply))
    messages.append(Message("user", last if kept else last if name in ("padded", "recap") else posed))
    turns = sum(not exchange.is_attempt for exchange in kept)
    return Shown(tuple(messages), turns + 1, sum(erred for _, _, erred in replies))


def recap(history: Sequence[Exchange]) -> str:
    """Return the harness's summary of a history: how many turns, and what was played in the last ones."""
    turns = [each for each in history if not each.is_attempt]
    last = ", ".join(each.played or "nothing" for each in turns[-RECAP_TURNS:])
    return f"So far {len(turns)} turns were played. The last: {last}."


def _changed(exchange: Exchange, share: float) -> tuple[str, str, bool]:
    """Return what is told, the reply, and whether it is wrong, with errors healed or put in by the exchange's draw."""
    told = exchange.asked if exchange.plain is None else exchange.plain
    if exchange.draw < share and exchange.wrong is not None:
        return told, exchange.wrong, True
    if exchange.right is not None:
        return told, exchange.right, False
    return told, exchange.reply, exchange.erred


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
