"""A language model in this process on OpenVINO: conversations through its chat template, many dialogues at once.

Used by the backends openvino and smollm2, which differ only in the source of the weights.
"""

import importlib.metadata
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.answers import is_complete
from horizon.core.continuation import MOST_WORD_TOKENS, cut_reply, finish_of, is_over
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, Request
from horizon.core.records import FinishReason, Json, Reply
from horizon.core.weight_cache import weights
from horizon.models._local.template import ChatTemplate
from horizon.models._openvino.pipeline import Pipeline, Prompt, Written, precision_of, reason_of

_DEFAULT_CACHE_SHARE = 2


@dataclass(frozen=True, slots=True)
class OpenVinoSource:
    """What is loaded: a GGUF file or a folder of OpenVINO's format, and the longest conversation it was made for."""

    name: str
    path: Path
    context_tokens: int | None
    identity: Mapping[str, Json]


class OpenVinoModel:
    """Replies by openvino-genai; what conversations have in common is read once."""

    reads_text = True

    def __init__(self, source: OpenVinoSource, options: ModelOptions) -> None:
        """Load weights and tokenizer.

        Raises:
            UsageError: an unknown dtype or device, or `answer=score`.
            ModelFailure: the weights can't be loaded, or the chat template loses the user's text.
        """
        self.name = source.name
        if options.device not in ("auto", "cpu"):
            raise UsageError(f"device={options.device}: {source.name} runs on the processor: leave device out")
        if options.answer == "score":
            raise UsageError(f"{source.name} can't score replies: use constrain=legal, or hf:, gguf: or smollm2")
        self._source, self._options = source, options
        self._precision = precision_of(options.dtype)
        cache_bytes = int(options.cache_gb * 2**30) if options.cache_gb else _memory_left() // _DEFAULT_CACHE_SHARE
        key = ("openvino", source.path, self._precision, options.cache_gb, options.batch_size)
        self._pipeline: Pipeline | None = weights(
            key, lambda: Pipeline(source.path, self._precision, cache_bytes, options.batch_size)
        )
        limits = (source.context_tokens, options.context_tokens)
        self._limit = min((limit for limit in limits if limit), default=1 << 30)
        self._line_ends: dict[int, bool] = {}
        self._template = None if options.continues else ChatTemplate(source.name, _Templates(self._pipeline.tokenizer))

    def identity(self) -> Mapping[str, Json]:
        """Return everything that determines the replies: weights, precision, template, sampling, versions."""
        return {
            **self._source.identity,
            "engine": "openvino",
            "precision": self._precision.identity(),
            "device": "cpu",
            **(self._template.identity() if self._template is not None else {"chat_template": "unused"}),
            "context_tokens": self._limit,
            "protocol": {
                "answer": self._options.answer,
                "constrain": self._options.constrain,
                **({"ask": "completion"} if self._options.continues else {}),
            },
            "sampling": {"temperature": self._options.temperature, "top_p": self._options.top_p},
            **{name: importlib.metadata.version(name) for name in ("openvino", "openvino-genai")},
            "reproducible": True,
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """A warning where a base model is asked to chat."""
        if self._template is None or not self._template.is_plain:
            return ()
        return (
            f"{self.name} has no chat template, as base models: it continues text and may never end a reply; play it "
            "as environment NAME:ask=completion",
        )

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Answer every request; a conversation that leaves no room for its reply gives `overflow` and is not cut."""
        replies: dict[int, Reply | ModelFailure] = {}
        prompts: dict[int, Prompt] = {}
        for place, request in enumerate(requests):
            try:
                prompt = self._prompt(request)
            except ModelFailure as failure:
                replies[place] = failure
                continue
            if len(prompt.tokens) + prompt.max_tokens > self._limit:
                replies[place] = Reply("", "overflow", context_tokens=len(prompt.tokens), completion_tokens=0)
                continue
            prompts[place] = prompt
        places = list(prompts)
        size = max(1, self._options.batch_size)
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            began = time.perf_counter()
            try:
                written = self._open_pipeline().write([prompts[place] for place in batch], self._is_complete)
            except RuntimeError as problem:
                raise ModelFailure(f"{self.name} failed while decoding: {reason_of(problem)}") from None
            spent_ms = 1000 * (time.perf_counter() - began) / len(batch)
            for place, tokens in zip(batch, written, strict=True):
                replies[place] = self._reply(requests[place], prompts[place], tokens, spent_ms)
        return [replies[place] for place in range(len(requests))]

    def count_tokens(self, text: str) -> int | None:
        """Return the length of a text in the model's tokens."""
        return len(self._open_pipeline().tokens(text, adds_special_tokens=False))

    def close(self) -> None:
        """Free the model and its cache; may be called twice."""
        self._pipeline = None

    def _open_pipeline(self) -> Pipeline:
        if self._pipeline is None:
            raise ModelFailure(f"{self.name} is closed: open it again")
        return self._pipeline

    def _prompt(self, request: Request) -> Prompt:
        """Return a request's prompt.

        Raises:
            ModelFailure: the template fails.
        """
        if self._template is None:
            text, adds_special_tokens = request.messages[-1].content, True
        else:
            text, adds_special_tokens = self._template.text(request.messages), self._template.is_plain
        choices: tuple[str, ...] = ()
        most = min(request.max_tokens, MOST_WORD_TOKENS) if self._options.continues == "word" else request.max_tokens
        if self._options.constrain == "legal":
            choices = tuple(request.posed.render(action) for action in request.posed.actions())
            # One token per byte is the most that any text takes, and an end.
            most = max((len(choice.encode()) for choice in choices), default=most) + 1
        return Prompt(
            self._open_pipeline().tokens(text, adds_special_tokens=adds_special_tokens),
            most,
            request.seed,
            self._options.temperature,
            self._options.top_p,
            choices,
        )

    def _reply(self, request: Request, prompt: Prompt, written: Written, spent_ms: float) -> Reply | ModelFailure:
        if written.has_failed:
            return ModelFailure(
                f"{self.name} needs more cache than there is for a conversation of {len(prompt.tokens)} tokens: raise "
                "cache_gb, or use condition window:k"
            )
        text = self._open_pipeline().text(written.tokens)
        finish: FinishReason = "stop" if written.has_ended else "length"
        if unit := self._options.continues:
            text, finish = cut_reply(unit, text), finish_of(unit, text, finish)
        return Reply(
            text,
            finish,
            prompt_tokens=self.count_tokens(request.messages[-1].content),
            context_tokens=len(prompt.tokens),
            completion_tokens=len(written.tokens),
            latency_ms=spent_ms,
        )

    def _is_complete(self, tokens: list[int]) -> bool:
        if self._options.continues == "word":
            return is_over("word", self._open_pipeline().text(tokens))
        last = tokens[-1]
        if last not in self._line_ends:
            self._line_ends[last] = "\n" in self._open_pipeline().text([last])
        if not self._line_ends[last]:
            return False
        text = self._open_pipeline().text(tokens)
        return is_over(self._options.continues, text) if self._options.continues else is_complete(text)


class _Templates:
    """openvino-genai's chat templates under the names that `ChatTemplate` calls."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.chat_template = tokenizer.chat_template or None

    def apply_chat_template(
        self, messages: list[dict[str, Any]], *, add_generation_prompt: bool, tokenize: bool, **more: Any
    ) -> str:
        assert not tokenize
        return str(self._tokenizer.apply_chat_template(messages, add_generation_prompt))


def _memory_left() -> int:
    """Return the free memory, in bytes."""
    with open("/proc/meminfo", encoding="ascii") as file:
        amounts = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}
    return amounts["MemAvailable"]
