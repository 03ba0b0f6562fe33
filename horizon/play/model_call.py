"""One batched call of a model or an opponent: a reply or a failure for each request, checked against the contract."""

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
    try:
        replies = check_returned(model.reply(requests), list, by)
    except (ModelFailure, EngineFailure) as failure:
        return [failure] * len(requests)
    if len(replies) != len(requests):
        raise ContractError(f"{by} returned {len(replies)} replies to {len(requests)} requests")
    return [reply if isinstance(reply, HorizonError) else check_returned(reply, Reply, by) for reply in replies]
