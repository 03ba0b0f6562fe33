"""The backend `openai:NAME`: any OpenAI-compatible server, through the official SDK.

Rate limits, time-outs, empty and malformed responses are failures, never replies. The key comes from OPENAI_API_KEY
alone, and is removed from every message.
"""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import Capabilities, ModelOptions, Request
from horizon.core.records import Json, Reply

CAPABILITIES = Capabilities(holds_weights=False, argument="name")

DEFAULT_SERVER = "https://api.openai.com/v1"
_NO_KEY = "none"
_OVERFLOWS = ("context_length_exceeded", "maximum context length", "exceeds the context", "context size")
_LONGEST_DETAIL = 300


class OpenAIModel:
    """A served model; requests are sent concurrently, those of one conversation to the same server."""

    reads_text = True

    def __init__(self, argument: str, options: ModelOptions) -> None:
        """Create the clients; nothing is sent yet.

        Raises:
            UsageError: a malformed server address, or no key for OpenAI's own server.
        """
        import openai

        self.name = f"openai:{argument}"
        self._model, self._options = argument, options
        self._servers = tuple(_check_address(server) for server in options.base_urls or _default_servers())
        self._key = os.environ.get("OPENAI_API_KEY") or _NO_KEY
        if self._key == _NO_KEY and any(_is_openai(server) for server in self._servers):
            raise UsageError(f"{self.name} needs a key: set OPENAI_API_KEY, or give another server by --base-url")
        self._clients = [
            openai.OpenAI(
                api_key=self._key, base_url=server, timeout=options.timeout_s, max_retries=max(0, options.retries)
            )
            for server in self._servers
        ]
        self._pool: ThreadPoolExecutor | None = None

    def identity(self) -> Mapping[str, Json]:
        """Return the model's name, servers without credentials, and sampling; the served weights are unknown."""
        import openai

        return {
            "backend": "openai",
            "name": self._model,
            "servers": [_without_credentials(server) for server in self._servers],
            "sdk": openai.__version__,
            "sampling": {"temperature": self._options.temperature, "top_p": self._options.top_p},
            "reproducible": False,
            "why": "a server batches, updates and samples as it likes",
        }

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Send every request, `batch_size` at a time."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max(1, self._options.batch_size), thread_name_prefix="openai")
        return list(self._pool.map(self._answer, requests))

    def count_tokens(self, text: str) -> int | None:
        """Return None: the server has the tokenizer."""
        return None

    def close(self) -> None:
        """Close the connections; may be called twice."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        for client in self._clients:
            client.close()
        self._clients = []

    def _answer(self, request: Request) -> Reply | ModelFailure:
        import openai

        if not self._clients:
            return ModelFailure(f"{self.name} is closed: open it again")
        # Servers cache prompts by their prefix: an episode and its probes use one server.
        episode = request.conversation.partition("/")[0].encode()
        place = int.from_bytes(hashlib.blake2b(episode, digest_size=4).digest(), "big") % len(self._clients)
        limit = "max_completion_tokens" if _is_openai(self._servers[place]) else "max_tokens"
        began = time.perf_counter()
        try:
            answer = self._clients[place].chat.completions.create(
                model=self._model,
                messages=[{"role": message.role, "content": message.content} for message in request.messages],  # type: ignore[misc]
                temperature=self._options.temperature,
                top_p=self._options.top_p,
                seed=request.seed % 2**31,
                extra_body={limit: request.max_tokens},
            )
        except openai.OpenAIError as problem:
            text = str(problem)
            if isinstance(problem, openai.BadRequestError) and any(phrase in text for phrase in _OVERFLOWS):
                return Reply("", "overflow", completion_tokens=0)
            return self._failure(place, f"{type(problem).__name__}: {text}")
        except ValueError as problem:
            # The SDK passes on the errors of its JSON parser at a truncated body.
            return self._failure(place, f"the body is not JSON ({problem})")
        reply = _read(answer, 1000 * (time.perf_counter() - began))
        return self._failure(place, reply) if isinstance(reply, str) else reply

    def _failure(self, place: int, detail: str) -> ModelFailure:
        if self._key != _NO_KEY:
            detail = detail.replace(self._key, "[key]")
        return ModelFailure(
            f"{self.name} at {_without_credentials(self._servers[place])} gave no reply: "
            f"{detail[:_LONGEST_DETAIL]}; check that it is up, then --resume"
        )


def open_model(argument: str, options: ModelOptions) -> OpenAIModel:
    """Return the model `openai:NAME`.

    Raises:
        UsageError: no name, an impossible server address, or no key where one is needed.
    """
    if not argument:
        raise UsageError("openai: needs a model's name, as openai:gpt-4o-mini or openai:my-model --base-url URL")
    return OpenAIModel(argument, options)


def _read(answer: Any, spent_ms: float) -> Reply | str:
    """Return the reply inside a completion, or the problem with it; the response of a server is not trusted."""
    choices: Any = getattr(answer, "choices", None)
    message = getattr(choices[0], "message", None) if isinstance(choices, list) and choices else None
    if message is None:
        return "an empty completion"
    content = getattr(message, "content", None)
    reasoning = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    usage = getattr(answer, "usage", None)
    details = getattr(usage, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None)
    return Reply(
        content if isinstance(content, str) else "",
        "length" if getattr(choices[0], "finish_reason", None) == "length" else "stop",
        context_tokens=_count(getattr(usage, "prompt_tokens", None)),
        completion_tokens=_count(getattr(usage, "completion_tokens", None)),
        latency_ms=spent_ms,
        reasoning=reasoning if isinstance(reasoning, str) else None,
        extra={"cached_tokens": cached} if isinstance(cached, int) else {},
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _default_servers() -> tuple[str, ...]:
    return (os.environ.get("OPENAI_BASE_URL") or DEFAULT_SERVER,)


def _check_address(server: str) -> str:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--base-url {server} is not an address: write it as http://localhost:8000/v1")
    return server


def _is_openai(server: str) -> bool:
    return (urlsplit(server).hostname or "").endswith("api.openai.com")


def _without_credentials(server: str) -> str:
    parts = urlsplit(server)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
