"""The backend `inspect:PROVIDER/NAME`: every model that Inspect AI can call, such as `inspect:anthropic/NAME`.

Keys and servers are set as Inspect reads them, from the environment or its .env file. Needs the extra `inspect`.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import require
from horizon.core.model import Capabilities, ModelOptions, Request
from horizon.core.records import FinishReason, Json, Reply

CAPABILITIES = Capabilities(holds_weights=False, argument="name")
_FINISH: dict[str, FinishReason] = {"max_tokens": "length", "model_length": "overflow", "content_filter": "refusal"}


class InspectModel:
    """A model of Inspect, asked on an event loop of its own; `client` is what `inspect_ai.model.get_model` returns."""

    reads_text = True

    def __init__(self, name: str, client: Any, options: ModelOptions) -> None:
        self.name = name
        self._client = client
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def identity(self) -> Mapping[str, Json]:
        """Return the model's name at its provider, Inspect's version and the sampling; the weights are unknown."""
        from importlib.metadata import version

        return {
            "backend": "inspect",
            "name": str(self._client),
            "sdk": version("inspect_ai"),
            "sampling": {"temperature": self._options.temperature, "top_p": self._options.top_p},
            "reproducible": False,
            "why": "a server batches, updates and samples as it likes",
        }

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Ask for every reply, `batch_size` at a time."""
        if not self._thread.is_alive():
            return [ModelFailure(f"{self.name} is closed: open it again")] * len(requests)
        return asyncio.run_coroutine_threadsafe(self._answer_all(requests), self._loop).result()

    def count_tokens(self, text: str) -> int | None:
        """Return None: the tokenizer is the server's."""
        return None

    def close(self) -> None:
        """End the event loop that runs the requests."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    async def _answer_all(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        slots = asyncio.Semaphore(self._options.batch_size)

        async def answer(request: Request) -> Reply | ModelFailure:
            async with slots:
                return await self._answer(request)

        return list(await asyncio.gather(*(answer(request) for request in requests)))

    async def _answer(self, request: Request) -> Reply | ModelFailure:
        from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig

        kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
        config = GenerateConfig(
            max_tokens=request.max_tokens,
            temperature=self._options.temperature,
            top_p=self._options.top_p if self._options.top_p < 1 else None,
            max_retries=self._options.retries,
            timeout=max(1, round(self._options.timeout_s)),
        )
        messages = [kinds[message.role](content=message.content) for message in request.messages]
        try:
            output = await self._client.generate(messages, config=config)
        except Exception as problem:  # noqa: BLE001 - each provider raises its own
            return ModelFailure(f"{self.name}: {type(problem).__name__}: {str(problem).partition(chr(10))[0]:.300}")
        if output.error:
            return ModelFailure(f"{self.name}: {output.error:.300}")
        return reply_of(output)


def reply_of(output: Any) -> Reply:
    """Return what a model replied, an `inspect_ai.model.ModelOutput`, as Horizon's own record."""
    usage = output.usage
    cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0) if usage else 0
    return Reply(
        output.completion,
        finish_reason=_FINISH.get(output.stop_reason, "stop"),
        context_tokens=usage.input_tokens + cached if usage else None,
        completion_tokens=usage.output_tokens if usage else None,
        latency_ms=output.time * 1000 if output.time is not None else None,
    )


def open_model(argument: str, options: ModelOptions) -> InspectModel:
    """Return the model `inspect:PROVIDER/NAME`.

    Raises:
        UsageError: no name, an unknown provider, a key that it needs and that is not set, or Inspect is not installed.
    """
    require("inspect_ai", extra="inspect", purpose=f"model 'inspect:{argument}'")
    from inspect_ai.model import get_model

    if "/" not in argument:
        raise UsageError(f"inspect:{argument} is no model: name provider and model, as inspect:openai/gpt-4o-mini")
    try:
        client = get_model(argument, memoize=False)
    except Exception as problem:
        reason = str(problem).strip().partition("\n")[0]
        raise UsageError(f"inspect:{argument} can't be opened: {reason:.300}") from problem
    return InspectModel(f"inspect:{argument}", client, options)
