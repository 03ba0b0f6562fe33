"""One batched call of a model or an opponent: a reply or a failure for each request, checked against the contract."""

import signal
from collections.abc import Sequence

from horizon.core.contracts import check_returned
from horizon.core.errors import ContractError, EngineFailure, HorizonError, ModelFailure
from horizon.core.model import Model, Request
from horizon.core.records import Reply

FAILURES_PER_TURN = 3
"""After so many infrastructure failures at one turn the episode is aborted."""


def replies_of(model: Model, requests: list[Request]) -> Sequence[Reply | HorizonError]:
    """Return the model's replies; where the whole batch failed, its failure for each.

    Raises:
        ContractError: the model returned something else, or another number of replies.
    """
    by = f"model {model.name}: reply"
    _let_ctrl_c_end_waits()
    try:
        replies = check_returned(model.reply(requests), list, by)
    except (ModelFailure, EngineFailure) as failure:
        return [failure] * len(requests)
    if len(replies) != len(requests):
        raise ContractError(f"{by} returned {len(replies)} replies to {len(requests)} requests")
    return [reply if isinstance(reply, HorizonError) else check_returned(reply, Reply, by) for reply in replies]


def _let_ctrl_c_end_waits() -> None:
    """Let Ctrl-C end what waits for a person or for another thread.

    polars, once it is imported, handles Ctrl-C in a way that restarts such waits: it would be noticed only after the
    person's next line, or the server's reply.
    """
    if hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)
