"""Asks a stub server as a model is asked in play, for tests of what talks to servers."""

from collections.abc import Callable, Sequence
from typing import Any

from stub_server import Raw, Stub, completion, serving

from horizon.core.errors import ModelFailure
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Message, Reply

RULES, QUESTION = "rules of doors", "which door?"
OPENING = (Message("system", RULES), Message("user", QUESTION))


def request(messages: Sequence[Message] = OPENING, conversation: str = "e1", max_tokens: int = 20) -> Request:
    return Request(tuple(messages), 7, conversation, 1, 0, None, max_tokens)  # type: ignore[arg-type]


def ask(
    behave: Callable[[int, dict[str, Any]], str | Raw],
    requests: Sequence[Request] = (request(),),
    *,
    setting: str = "",
    timeout_s: float = 5.0,
) -> tuple[list[Reply | ModelFailure], Stub, dict[str, Any]]:
    """Return the outcomes of requests, the server with what it was asked, and what the model learnt."""
    with serving(behave) as stub:
        options = ModelOptions(base_urls=(stub.url,), timeout_s=timeout_s, retries=1)
        model = open_model(f"openai:stub{setting}", options)
        try:
            outcomes = model.reply(requests)
            return outcomes, stub, dict(model.learnt().get(stub.url, {}))  # type: ignore[attr-defined]
        finally:
            model.close()


def answered(body: Any, status: int = 200, **headers: str) -> Reply | ModelFailure:
    """Return the outcome of one request to a server that always sends this."""
    outcomes, _, _ = ask(lambda number, asked: Raw(status, body, headers))
    return outcomes[0]


def ok(text: Any = "Answer: a", finish: Any = "stop", **more: Any) -> Raw:
    return Raw(200, completion(text, finish, **more))
