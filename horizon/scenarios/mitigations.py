"""Mitigations that a user could build: a reminder of the rules, one more attempt, and a check of the own reply.

`retry` and `selfcheck` show the natural reply of the same turn, so they are posed once it is there. Pure: a `View` in,
messages out.
"""

from dataclasses import replace

from horizon.scenarios.condition import Condition
from horizon.scenarios.views import Exchange, Shown, View, continue_with, with_rules

CHECK = "Check your last reply against the rules. Then give your final answer, in the same format."
"""What `selfcheck` asks after the natural reply."""


def show_reminded(view: View, every: float) -> Shown:
    """Show the natural history with the rules repeated before every so many-th message, the present one included."""
    history: list[Exchange] = []
    turn, opens = 1, True
    for exchange in view.history:
        is_due = opens and turn % every == 0
        history.append(_remind(view, exchange) if is_due else exchange)
        opens = not exchange.is_attempt
        turn += opens
    last = view.asked if view.history else view.posed
    if turn % every == 0:
        last = with_rules(view, last)
    return continue_with(replace(view, posed=last), history, last)


def show_retry(view: View, _: float) -> Shown:
    """Show an unplayable reply, the note on it, and the question once more; a playable reply counts as it is."""
    if view.again is None:
        shown = continue_with(view, view.history, view.asked)
        return replace(shown, keeps_reply=view.replied is not None, extra={"second_call": 0})
    return _ask_again(view, view.again)


def show_selfcheck(view: View, _: float) -> Shown:
    """Show the reply and ask the model to check it."""
    return _ask_again(view, CHECK)


MITIGATIONS: dict[str, Condition] = {
    "remind": Condition(
        show_reminded,
        "its own history with the rules repeated before every k-th message, the present one included",
        "natural-remind:k: what reminders gain (`mitigations` has the gain by tokens)",
        "nothing, but that the earlier replies were given without reminders",
        takes="k",
    ),
    "retry": Condition(
        show_retry,
        "after an unplayable natural reply that reply, the note on it and the question once more; a playable natural "
        "reply counts as it is",
        "natural-retry: what one more attempt at unplayable replies gains (`mitigations` has the gain by tokens)",
        "nothing: a mitigation as it would be used, with a harness that knows what can be played",
        needs_reply=True,
    ),
    "selfcheck": Condition(
        show_selfcheck,
        "the natural conversation with the reply that it got, and the request to check it and give the final answer",
        "natural-selfcheck: what the model's own check gains (`mitigations` has the gain by tokens)",
        "nothing: a mitigation as it would be used",
        needs_reply=True,
    ),
}
"""Mitigations by name; `window:k` and `recap` are two more."""


def _remind(view: View, exchange: Exchange) -> Exchange:
    return replace(exchange, asked=with_rules(view, exchange.asked), posed=with_rules(view, exchange.posed))


def _ask_again(view: View, message: str) -> Shown:
    """Show the natural reply and one more message; as a failed attempt it is no turn of its own."""
    replied = () if view.replied is None else (replace(view.replied, is_attempt=True, erred=False),)
    shown = continue_with(view, (*view.history, *replied), message)
    return replace(shown, extra={"second_call": 1})
