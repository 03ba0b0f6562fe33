"""Conditions that leave the history's text and change one suspected cause: what the model can see of it.

The messages are those of `natural`; `Shown.recall` names what the model may use of them. Pure: a `View` in, messages
out.
"""

from dataclasses import replace

from horizon.core.records import Recall
from horizon.scenarios.views import Shown, View, continue_with


def show_without_own(view: View, _: float) -> Shown:
    """Show the whole history, the model's own replies hidden; none of their errors is in view."""
    return replace(_hiding(view, "assistant"), prior_errors=0)


def show_without_other(view: View, _: float) -> Shown:
    """Show the whole history, the environment's earlier messages hidden; the rules and the last message are not."""
    return _hiding(view, "user")


def _hiding(view: View, role: str) -> Shown:
    shown = continue_with(view, view.history, view.asked)
    earlier = shown.messages[:-1]
    hidden = tuple(place for place, message in enumerate(earlier) if message.role == role)
    return replace(shown, recall=Recall(hidden=hidden))
