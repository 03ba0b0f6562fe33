"""A model behind an OpenAI-compatible server: requests side by side through the official SDK.

What fails on the way is a failure, never a reply. A server that refuses a part of the request is asked again without
it, and what was learnt so is kept for the rest of the run. No credential is printed or stored.
"""

import asyncio
import hashlib
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from horizon.core.continuation import cut_reply, drop_echo, finish_of
from horizon.core.credentials import Address, Secrets, mask_address
from horizon.core.errors import ModelFailure
from horizon.core.escaping import visible
from horizon.core.model import ModelOptions, Request
from horizon.core.records import Json, Reply
from horizon.models._served.addresses import MaskedLogs, check_address, check_key, is_loopback
from horizon.models._served.completion import Fault, read_completion
from horizon.models._served.continuation import PATH, as_chat, continuation_body
from horizon.models._served.dialect import Refused, describe_refusals, learn, request_body
from horizon.models._served.error_text import advice, is_overflow, read_error
from horizon.models._served.process import ServerProcess
from horizon.models._served.prompt_check import PromptCheck

if TYPE_CHECKING:
    import openai

_LONGEST_DETAIL = 400
_FIRST_ALONE_S = 5.0
_AGAIN = "read the server's log"
_UP = "check that it is up"


@dataclass(frozen=True, slots=True)
class Service:
    """What a backend declares of its servers: the model's full name and the one in requests, addresses and key."""

    name: str
    model: str
    addresses: tuple[str, ...]
    key: str | None
    refused: Refused
    identity: Mapping[str, Json]


class _Server:
    """One server: its client, and what it was found to refuse."""

    def __init__(self, written: str, address: Address, client: "openai.AsyncOpenAI", refused: Refused) -> None:
        self.label, self.address, self.client, self.refused = mask_address(written), address, client, refused
        self.learnt: Refused = frozenset()
        self.prompts = PromptCheck()
        self.is_asked = False
        self.is_known = asyncio.Event()


class ServedModel:
    """A served model; requests are sent concurrently, those of one conversation to the same server."""

    reads_text = True

    def __init__(self, service: Service, options: ModelOptions, process: ServerProcess | None = None) -> None:
        """Create the clients; nothing is sent yet. A `process` is the one server, and is stopped in the end.

        Raises:
            UsageError: a malformed server address, or a key that no HTTP header can hold.
        """
        import openai

        from horizon.models._served.http_client import BoundedClient

        self.name = service.name
        self._service, self._options, self._process = service, options, process
        addresses = [check_address(address) for address in service.addresses]
        key = check_key(service.key)
        self._secrets = Secrets([key or "", *(secret for address in addresses for secret in address.secrets)])
        self._logs = MaskedLogs(self._secrets)
        self._servers = [
            _Server(
                written,
                address,
                openai.AsyncOpenAI(
                    api_key=key or "none",
                    base_url=address.url,
                    max_retries=max(0, options.retries),
                    default_query=dict(address.query),
                    default_headers={"Authorization": address.authorization} if address.authorization else {},
                    http_client=BoundedClient(
                        options.timeout_s,
                        # A proxy of the environment can't reach this machine's own servers.
                        trust_env=not is_loopback(address.url),
                        # Loading certificates takes 30 ms, and http has none.
                        verify=not address.url.startswith("http:"),
                    ),
                ),
                service.refused,
            )
            for written, address in zip(service.addresses, addresses, strict=True)
        ]
        self._loop: asyncio.AbstractEventLoop | None = None

    def identity(self) -> Mapping[str, Json]:
        """Return the model's name, servers without credentials, and sampling; the served weights are unknown."""
        import openai

        return {
            **self._service.identity,
            "name": self._service.model,
            "servers": [self._label(server) for server in self._servers],
            "sdk": openai.__version__,
            "sampling": {"temperature": self._options.temperature, "top_p": self._options.top_p},
            "requests": {"left_out": describe_refusals(self._service.refused)},
            **({"protocol": {"ask": "completion"}} if self._options.continues else {}),
            **({"protocol": {"ask": "tools", "tool_choice": "auto"}} if self._options.calls_tools else {}),
            "reproducible": False,
            "why": "a server batches, updates and samples as it likes",
        }

    def learnt(self) -> Mapping[str, Json]:
        """Return what each server was found to refuse, and what was sent in its place."""
        return {self._label(server): describe_refusals(server.learnt) for server in self._servers if server.learnt}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Send every request, `batch_size` at a time."""
        if not self._servers:
            return [ModelFailure(f"{self.name} is closed: open it again")] * len(requests)
        replies = asyncio.run_coroutine_threadsafe(self._answer_all(requests), self._running_loop())
        return _interruptible(replies)

    def count_tokens(self, text: str) -> int | None:
        """Return None: the server has the tokenizer."""
        return None

    def close(self) -> None:
        """Close the connections; may be called twice."""
        servers, self._servers = self._servers, []
        self._logs.remove()
        loop, self._loop = self._loop, None
        if loop is not None:
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(_close_all(servers), loop).result(timeout=5)
            loop.call_soon_threadsafe(loop.stop)
        if self._process is not None:
            self._process.stop()

    def _label(self, server: _Server) -> str:
        """Return how the manifest names a server: by its address, or that it was started here on any free port."""
        return self._secrets.mask(server.label) if self._process is None else "started by Horizon"

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of this model: in a thread of its own, since a notebook's runs one already."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name=self.name, daemon=True).start()
            weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
        return self._loop

    async def _answer_all(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        places = asyncio.Semaphore(max(1, self._options.batch_size))

        async def answer(request: Request) -> Reply | ModelFailure:
            async with places:
                return await self._answer(request)

        return list(await asyncio.gather(*map(answer, requests)))

    async def _answer(self, request: Request) -> Reply | ModelFailure:
        # Servers cache prompts by their prefix: an episode and its probes use one server.
        episode = request.conversation.partition("/")[0].encode()
        place = int.from_bytes(hashlib.blake2b(episode, digest_size=4).digest(), "big") % len(self._servers)
        server = self._servers[place]
        if server.is_asked and not server.is_known.is_set():
            # What the first request learns spares the others their refusals.
            with suppress(TimeoutError):
                await asyncio.wait_for(server.is_known.wait(), _FIRST_ALONE_S)
        server.is_asked = True
        try:
            # Each refusal leaves out one more part of the request, and there are ten.
            while True:
                outcome = await self._ask(server, request)
                if outcome is not None:
                    return outcome
        finally:
            server.is_known.set()

    async def _ask(self, server: _Server, request: Request) -> Reply | ModelFailure | None:
        """Send a request once; None when the server's refusal shows how to send it otherwise."""
        import httpx2
        import openai

        from horizon.models._served.http_client import BodyTooLarge

        body = request_body(self._service.model, request, self._options, server.refused)
        unit = self._options.continues
        sent, path = (continuation_body(body, request, self._options), PATH) if unit else (body, "/chat/completions")
        began = time.perf_counter()
        try:
            response = await server.client.post(path, cast_to=httpx2.Response, body=sent)
        except openai.APIStatusError as problem:
            return self._refusal(server, body, problem)
        except openai.APITimeoutError:
            limit = f"no whole reply within {self._options.timeout_s:g} s"
            return self._failure(server, limit, "give it more time (timeout_s=300), or check that it is up")
        except BodyTooLarge as problem:
            return self._failure(server, str(problem), _AGAIN)
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as problem:
            return self._failure(server, _cause(problem), _UP)
        content = as_chat(response.content) if unit else response.content
        outcome = read_completion(content, calls_tools=self._options.calls_tools)
        if isinstance(outcome, Fault):
            # Words are cut, and a part of a credential is not found any more.
            masked = read_completion(self._secrets.mask_bytes(content), calls_tools=self._options.calls_tools)
            outcome = masked if isinstance(masked, Fault) else outcome
            why = "the provider's filter withheld it" if outcome.is_filter else outcome.reason
            fix = advice(200, read_error(b"content_filter")) if outcome.is_filter else _AGAIN
            return self._failure(server, f"{why} ({outcome.reason})" if outcome.is_filter else why, fix)
        if server.prompts.is_cut(request.conversation, request.messages, outcome.context_tokens):
            # The server read only a part of the prompt without an error: what it replied is no reply to it.
            return Reply("", "overflow", context_tokens=outcome.context_tokens, completion_tokens=0)
        if unit:
            text = drop_echo(sent["prompt"], outcome.text)
            finish = finish_of(unit, text, outcome.finish_reason)
            outcome = replace(outcome, text=cut_reply(unit, text), finish_reason=finish)
        return replace(
            outcome,
            text=self._secrets.mask(outcome.text),
            reasoning=None if outcome.reasoning is None else self._secrets.mask(outcome.reasoning),
            latency_ms=1000 * (time.perf_counter() - began),
        )

    def _refusal(
        self, server: _Server, body: Mapping[str, Any], problem: "openai.APIStatusError"
    ) -> Reply | ModelFailure | None:
        from horizon.models._served.http_client import STATUS_SENT

        status, error = problem.response.status_code, read_error(problem.response.content)
        words = read_error(self._secrets.mask_bytes(problem.response.content)).words
        if is_overflow(status, error):
            return Reply("", "overflow", completion_tokens=0)
        learnt = learn(status, error, body)
        if learnt:
            server.refused |= learnt
            server.learnt |= learnt
            return None
        sent = problem.response.headers.get(STATUS_SENT)
        label = f"HTTP {sent} with an error" if sent else f"HTTP {status}"
        if 300 <= status < 400:
            label += f", a redirect to {mask_address(problem.response.headers.get('location', ''))}"
        fix = _AGAIN if sent and status == 400 else advice(status, error)
        return self._failure(server, f"{label}: {words}", fix)

    def _failure(self, server: _Server, detail: str, fix: str) -> ModelFailure:
        words = visible(" ".join(self._secrets.mask(detail).split()))
        cut = words if len(words) <= _LONGEST_DETAIL else f"{words[:_LONGEST_DETAIL]}..."
        return ModelFailure(f"{self.name} at {self._secrets.mask(server.address.url)} gave no reply: {cut}; {fix}")


def _interruptible(replies: "Future[list[Reply | ModelFailure]]") -> list[Reply | ModelFailure]:
    """Return the replies; an interruption cancels the requests under way."""
    try:
        return replies.result()
    except BaseException:
        replies.cancel()
        raise


async def _close_all(servers: Sequence[_Server]) -> None:
    for server in servers:
        await server.client.close()


def _cause(problem: BaseException) -> str:
    """Return an exception's words with those of its causes, which show why a connection failed."""
    words: list[str] = []
    cause: BaseException | None = problem
    while cause is not None and len(words) < 4:
        text = str(cause).strip() or type(cause).__name__
        if text not in words:
            words.append(text)
        cause = cause.__cause__
    return f"{type(problem).__name__}: {'; '.join(words)}"
