"""How likely a model finds a given reply: what backends that score replies offer beside generating them.

Optional: a backend implements it by the method `log_likelihoods`; see `reply_scorer`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from horizon.core.environment import Environment, continuation_unit
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import Model, Request, backends_that


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The log-likelihood of a reply in nats, its end included, and how many tokens were read to compute it.

    Tokens that came from a cache are not counted. `reply_tokens` is the length of the reply, 0 where unknown.
    """

    log_likelihood: float
    read_tokens: int
    reply_tokens: int = 0


ReplyScorer = Callable[[Sequence[Request], Sequence[str]], list[Likelihood | ModelFailure]]
"""Requests and a reply to each in, a likelihood or a failure for each out, in order."""


def reply_scorer(model: Model) -> ReplyScorer:
    """Return the function by which a model scores given replies.

    Raises
    ------
    UsageError
        The model's backend can't: servers return no likelihood of a text that they did not generate.
    """
    scorer: ReplyScorer | None = getattr(model, "log_likelihoods", None)
    if scorer is None:
        raise UsageError(
            f"{model.name} can't score given replies: use a model in this process "
            f"({', '.join(backends_that('ranks_replies'))})"
        )
    return scorer


def refuse_continued(task: Environment[Any]) -> None:
    """Refuse an environment whose replies continue a text: where a reply ends is then no token of the model.

    Raises
    ------
    UsageError
        Its protocol is ask=completion.
    """
    if continuation_unit(task):
        raise UsageError(f"replies of {task.name} under ask=completion can't be scored: play it with ask=interactive")
