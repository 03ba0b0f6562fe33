"""openvino-genai's continuous batching with prefix caching: prompts as tokens in, replies as tokens out.

Every request of a batch is scheduled by the library, which keeps what it has read in blocks of 32 tokens and finds it
again by content: turns, probes and episodes that share a beginning share its cache. Knows tokens only.
"""

import contextlib
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import openvino_genai

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.records import Json
from horizon.core.seeds import derive

_PASS_TOKENS = 512
"""The new tokens of one pass; more need more memory, fewer leave cores idle."""
_SEED_LIMIT = 2**32
_PLACE = re.compile(r"^(?:Exception from|Check '.*' failed at) .*?:\d+:$")


@dataclass(frozen=True, slots=True)
class Precision:
    """What numbers are computed and kept in: OpenVINO's names of activations and cache.

    `group` is the size of the groups in which activations are quantised to 8 bits, where weights are packed; 0: not.
    """

    activations: str
    cache: str
    group: int

    def identity(self) -> dict[str, Json]:
        """Return the precision for a manifest."""
        return {"activations": self.activations, "cache": self.cache, "dynamic_quantization": self.group}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One requested reply: the whole prompt as tokens, and how to decode from it. `temperature` 0 is greedy.

    `choices`, if there are any, are the only allowed replies.
    """

    tokens: list[int]
    max_tokens: int
    seed: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    choices: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Written:
    """One reply as tokens, without its end token; `has_failed` where the cache had no room for it."""

    tokens: list[int] = field(default_factory=list)
    has_ended: bool = False
    has_failed: bool = False


def precision_of(dtype: str) -> Precision:
    """Return the precision that a `dtype` asks for.

    `auto` is bfloat16 where the processor has it, else float32; `int8` is OpenVINO's own choice, with a cache of 8
    bits.

    Raises:
        UsageError: this processor has no such numbers.
    """
    core = openvino.Core()
    if dtype == "float32":
        return Precision("f32", "f32", 0)
    if dtype in ("auto", "int8"):
        hint = core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()
        if dtype == "auto":
            return Precision(hint, hint, 0)
        cache = core.get_property("CPU", "KV_CACHE_PRECISION").get_type_name()
        return Precision(hint, cache, int(core.get_property("CPU", "DYNAMIC_QUANTIZATION_GROUP_SIZE")))
    if dtype == "bfloat16" and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return Precision("bf16", "bf16", 0)
    raise UsageError(f"dtype={dtype} is not what OpenVINO computes in on this processor: choose float32, auto or int8")


class Pipeline:
    """A loaded model; `tokenizer` is openvino-genai's."""

    def __init__(self, path: Path, precision: Precision, cache_bytes: int, batch_size: int) -> None:
        """Load a GGUF file or a folder of OpenVINO's format.

        Raises:
            ModelFailure: it can't be loaded.
        """
        scheduling = openvino_genai.SchedulerConfig()
        scheduling.enable_prefix_caching = True
        # Memory is taken when it is first written, not here.
        scheduling.cache_size = max(1, cache_bytes >> 30)
        scheduling.max_num_batched_tokens = _PASS_TOKENS
        scheduling.max_num_seqs = max(1, batch_size)
        properties = {
            "INFERENCE_PRECISION_HINT": precision.activations,
            "KV_CACHE_PRECISION": precision.cache,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": precision.group,
        }
        try:
            self.tokenizer: Any = openvino_genai.Tokenizer(path)
            self._pipeline: Any = openvino_genai.ContinuousBatchingPipeline(
                path, self.tokenizer, scheduling, "CPU", **properties
            )
        except RuntimeError as problem:
            raise ModelFailure(f"OpenVINO can't load {path}: {reason_of(problem)}") from None
        defaults = self._pipeline.get_config()
        ends = {defaults.eos_token_id, *defaults.stop_token_ids, self.tokenizer.get_eos_token_id()}
        self.end_tokens = frozenset(end for end in ends if end >= 0)
        self._numbers = itertools.count()

    def write(self, prompts: Sequence[Prompt], is_complete: Callable[[list[int]], bool]) -> list[Written]:
        """Return every prompt's reply, in order; `is_complete` is asked after each token whether a reply can stop.

        Raises:
            RuntimeError: the library failed; nothing of these requests is left in it.
        """
        written = [Written() for _ in prompts]
        open_handles: dict[int, Any] = {}
        try:
            for place, prompt in enumerate(prompts):
                tokens = openvino.Tensor(np.array([prompt.tokens], dtype=np.int64))
                handle = self._pipeline.add_request(next(self._numbers), tokens, self._settings(prompt))
                open_handles[place] = handle
            while open_handles:
                self._pipeline.step()
                for place, handle in list(open_handles.items()):
                    self._take(handle, written[place], is_complete if not prompts[place].choices else None)
                    status = handle.get_status()
                    if status != openvino_genai.GenerationStatus.RUNNING:
                        written[place].has_failed = status == openvino_genai.GenerationStatus.IGNORED
                        del open_handles[place]
            # Requests that were stopped are removed by one more step.
            while self._pipeline.has_non_finished_requests():
                self._pipeline.step()
        except RuntimeError:
            for handle in open_handles.values():
                handle.cancel()
            with contextlib.suppress(RuntimeError):
                self._pipeline.step()
            raise
        return written

    def text(self, tokens: Sequence[int]) -> str:
        """Return tokens as text, without special ones."""
        return str(self.tokenizer.decode(list(tokens))) if tokens else ""

    def tokens(self, text: str, *, adds_special_tokens: bool) -> list[int]:
        """Return a text as tokens."""
        if not text:
            return []
        ids = self.tokenizer.encode(text, add_special_tokens=adds_special_tokens).input_ids
        return [int(token) for token in ids.data[0]]

    def _take(self, handle: Any, written: Written, is_complete: Callable[[list[int]], bool] | None) -> None:
        """Append what a request has generated since the last step, and stop it where its reply is complete."""
        while handle.can_read():
            for output in handle.read().values():
                for token in output.generated_ids:
                    if written.has_ended:
                        break
                    if token in self.end_tokens:
                        written.has_ended = True
                        break
                    written.tokens.append(int(token))
        if not written.has_ended and is_complete is not None and written.tokens and is_complete(written.tokens):
            written.has_ended = True
            handle.stop()

    def _settings(self, prompt: Prompt) -> Any:
        settings = openvino_genai.GenerationConfig()
        settings.apply_chat_template = False
        settings.max_new_tokens = prompt.max_tokens
        settings.stop_token_ids = set(self.end_tokens)
        settings.eos_token_id = min(self.end_tokens, default=-1)
        if prompt.temperature > 0:
            settings.do_sample = True
            settings.temperature = prompt.temperature
            settings.top_p = prompt.top_p
            settings.rng_seed = derive(prompt.seed, "sampling") % _SEED_LIMIT
        if prompt.choices:
            settings.structured_output_config = openvino_genai.StructuredOutputConfig(grammar=_grammar(prompt.choices))
        return settings


def reason_of(problem: RuntimeError) -> str:
    """Return the library's reason in one line, without places in its source code."""
    lines = [line.strip() for line in str(problem).splitlines()]
    reasons = [line for line in lines if line and not _PLACE.match(line)]
    return " ".join(reasons)[:300] or "no reason given"


def _grammar(choices: Sequence[str]) -> str:
    """Return a grammar of these texts and nothing else, in the EBNF of xgrammar."""
    texts = (choice.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for choice in choices)
    return "root ::= " + " | ".join(f'"{text}"' for text in texts)
