"""What an experimental arm is: the record that every condition fills in once.

Pure: knows views, and no other condition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from horizon.scenarios.views import Shown, View

Takes = Literal["", "k", "p", "bits", "RUN"]
Alternative = Literal["right_reply", "wrong_reply", "neutral_thinking"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One arm: how it shows a turn, what must be known to play it, and what it is for.

    `show` gets the view and the number after the colon (0 where there is none). `summary` is what the model sees,
    `estimand` what the condition's contrast estimates, `assumes` when that is so; `carried` is what differs where the
    state follows from earlier replies and no later message restates it. `takes` is `k` for a whole number,
    `p` for a share, `bits` for bits of precision, `RUN` for a run folder, or nothing. `needs_oracle`: correct replies
    are shown that an engine or a solver must know. `needs_recall`: the model must follow `Request.recall`.
    `needs_roads`: the environment must know another way to a state, and states without one are not posed.
    `needs_impulse`: only turns after the episode's drawn turn are posed. `needs_reply`: it shows the natural reply of
    the same turn, and is posed once that is there.
    `alternatives` are the replies that natural rows must keep for this condition. `needs_history` is false where a
    model that reads no text needs no conversation at all. `repeats`: a conversation that was already answered is
    asked again; any other condition takes the reply that the same conversation got, where replies are greedy.
    """

    show: Callable[[View, float], Shown]
    summary: str
    estimand: str
    assumes: str
    carried: str = ""
    takes: Takes = ""
    needs_oracle: bool = False
    needs_recall: bool = False
    needs_roads: bool = False
    needs_impulse: bool = False
    needs_reply: bool = False
    needs_history: bool = True
    alternatives: tuple[Alternative, ...] = ()
    repeats: bool = False
