"""A language model in this process: conversations through its chat template, replies by the packed decoder.

Used by the backends hf, gguf and smollm2, which differ only in the source of the weights.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
import transformers

from horizon.core.answers import is_complete
from horizon.core.continuation import MOST_WORD_TOKENS, cut_reply, finish_of, is_over
from horizon.core.errors import ModelFailure
from horizon.core.likelihood import Likelihood
from horizon.core.model import ModelOptions, Request
from horizon.core.records import WHOLE, FinishReason, Json, Message, Reply
from horizon.core.weight_cache import weights
from horizon.models._local.batch import BatchedPasses
from horizon.models._local.decoder import Decoder
from horizon.models._local.jobs import Job, WrittenReply
from horizon.models._local.kv_cache import memory_left
from horizon.models._local.loading import WeightSource, check_architecture, find_device, find_dtype, load_weights
from horizon.models._local.recall import ALL_TOKENS, TokenRecall, token_recall
from horizon.models._local.template import ChatTemplate


class LocalModel:
    """Replies by transformers in this process; only the new part of every conversation is read."""

    reads_text = True

    def __init__(self, source: WeightSource, options: ModelOptions) -> None:
        """Load weights and tokenizer.

        Raises:
            UsageError: an unknown dtype or device.
            ModelFailure: the weights can't be loaded, the architecture can't be decoded exactly here, or the chat
                template loses the user's text.
        """
        self.name = source.name
        self._options = options
        self._source = source
        self._device = find_device(options.device)
        self._dtype = find_dtype(options.dtype, self._device)
        # Weights may be shared with the next run; caches and sampling are not.
        key = (source.folder_or_name, source.gguf_file, self._dtype, self._device)
        self._tokenizer, self._model = weights(key, lambda: load_weights(source, self._dtype, self._device))
        check_architecture(self._model.config, source.name)
        limits = [getattr(self._model.config, "max_position_embeddings", None), options.context_tokens]
        self._limit = min((limit for limit in limits if limit), default=1 << 30)
        ends = {self._tokenizer.eos_token_id, *_as_list(self._model.generation_config.eos_token_id)}
        budget = int(options.cache_gb * 2**30) if options.cache_gb else memory_left(self._device) // 2
        self._decoder = Decoder(
            self._model,
            frozenset(token for token in ends if token is not None),
            budget,
            self._is_complete,
            _line_ends(self._tokenizer).__contains__ if options.continues != "word" else lambda token: True,
            batched=BatchedPasses(self._model, is_captured=True) if self._device.type == "cuda" else None,
        )
        # Text to be continued goes through no template.
        self._template = (
            None if options.continues else ChatTemplate(source.name, self._tokenizer, calls_tools=options.calls_tools)
        )

    def identity(self) -> Mapping[str, Json]:
        """Return everything that determines the replies: weights, dtype, template, sampling, versions, device."""
        return {
            **self._source.identity,
            "dtype": str(self._dtype).removeprefix("torch."),
            "device": str(self._device),
            **(self._template.identity() if self._template is not None else {"chat_template": "unused"}),
            "context_tokens": self._limit,
            "protocol": {
                "answer": self._options.answer,
                "constrain": self._options.constrain,
                **({"ask": "completion"} if self._options.continues else {}),
                **({"ask": "tools"} if self._options.calls_tools else {}),
            },
            "sampling": {"temperature": self._options.temperature, "top_p": self._options.top_p},
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "reproducible": True,
        }

    @property
    def controls_recall(self) -> bool:
        """Whether it follows `Request.recall`: not for a text to be continued, in which messages have no places."""
        return self._template is not None

    @property
    def drops_thinking(self) -> bool:
        """Whether its chat template leaves the thinking of earlier replies out."""
        return self._template is not None and self._template.drops_thinking

    @property
    def notes(self) -> tuple[str, ...]:
        """A warning where a base model is asked to chat."""
        if self._tokenizer.chat_template is not None or self._options.continues:
            return ()
        return (
            f"{self.name} has no chat template, as base models: it continues text and may never end a reply; play it "
            "as environment NAME:ask=completion",
        )

    def known_as(self, identity: Mapping[str, Json]) -> "LocalModel":
        """Set the identity of the weights, if it is known only after loading; return the model."""
        self._source = replace(self._source, identity=identity)
        return self

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Answer every request; a conversation that leaves no room for its reply gives `overflow` and is not cut.

        Raises:
            ModelFailure: out of memory even for one conversation at a time.
        """
        replies: dict[int, Reply | ModelFailure] = {}
        jobs: dict[int, Job] = {}
        legal: dict[int, dict[tuple[int, ...], str]] = {}
        for place, request in enumerate(requests):
            try:
                prompt, recall = self._prompt(request)
            except ModelFailure as failure:
                replies[place] = failure
                continue
            choices = self._legal(request)
            most = min(request.max_tokens, MOST_WORD_TOKENS) if self._options.continues == "word" else None
            longest = max((len(choice) for choice in choices), default=most or request.max_tokens)
            if len(prompt) + longest > self._limit:
                replies[place] = Reply("", "overflow", context_tokens=len(prompt), completion_tokens=0)
                continue
            jobs[place] = Job(
                request.conversation,
                prompt,
                longest,
                request.seed,
                self._options.temperature,
                self._options.top_p,
                tuple(choices),
                self._options.answer == "score" and bool(choices),
                recall,
            )
            legal[place] = choices
        places = list(jobs)
        size = max(1, self._options.batch_size)
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            began = time.perf_counter()
            for place, written in zip(batch, self._write([jobs[index] for index in batch]), strict=True):
                spent_ms = 1000 * (time.perf_counter() - began) / len(batch)
                replies[place] = self._reply(requests[place], jobs[place], legal[place], written, spent_ms)
        return [replies[place] for place in range(len(requests))]

    def log_likelihoods(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Likelihood | ModelFailure]:
        """Return how likely each request's given reply is; a conversation without room for it is a failure.

        Raises:
            ModelFailure: out of memory even for one conversation at a time.
        """
        likelihoods: dict[int, Likelihood | ModelFailure] = {}
        jobs: dict[int, Job] = {}
        for place, (request, reply) in enumerate(zip(requests, replies, strict=True)):
            try:
                prompt, recall = self._prompt(request)
            except ModelFailure as failure:
                likelihoods[place] = failure
                continue
            tokens = self._reply_tokens(reply)
            if len(prompt) + len(tokens) > self._limit:
                likelihoods[place] = ModelFailure(f"{self.name}: {len(prompt)} tokens leave no room for the reply")
                continue
            jobs[place] = Job(
                request.conversation, prompt, len(tokens), choices=(tokens,), is_scored=True, recall=recall
            )
        places = list(jobs)
        size = max(1, self._options.batch_size)
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            for place, written in zip(batch, self._write([jobs[index] for index in batch]), strict=True):
                n_read = len(jobs[place].prompt) - written.reused_tokens + jobs[place].max_tokens
                likelihoods[place] = Likelihood(written.log_likelihoods[0], n_read, jobs[place].max_tokens)
        return [likelihoods[place] for place in range(len(requests))]

    def count_tokens(self, text: str) -> int | None:
        """Return the length of a text in the model's tokens."""
        return len(self._tokenizer(text, add_special_tokens=False).input_ids)

    def close(self) -> None:
        """Free the caches and the weights; may be called twice."""
        self._decoder.forget()
        self._decoder.model = self._decoder.batched = self._model = None

    def _write(self, jobs: Sequence[Job]) -> list[WrittenReply]:
        if self._model is None:
            raise ModelFailure(f"{self.name} is closed: open it again")
        try:
            return self._decoder.write(jobs)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as problem:
            is_memory = isinstance(problem, torch.OutOfMemoryError | MemoryError) or "memory" in str(problem)
            self._decoder.forget()
            if not is_memory:
                raise ModelFailure(f"{self.name} failed while decoding: {problem}") from None
            if len(jobs) == 1:
                raise ModelFailure(
                    f"{self.name} needs more memory than there is for one conversation of {len(jobs[0].prompt)} "
                    "tokens: use condition window:k, or set context_tokens"
                ) from None
        # Retry with half as many at once; their caches were freed.
        half = len(jobs) // 2
        return [*self._write(jobs[:half]), *self._write(jobs[half:])]

    def _legal(self, request: Request) -> dict[tuple[int, ...], str]:
        """Return the legal replies by their tokens if replies are constrained to them, else an empty dictionary."""
        if self._options.answer != "score" and self._options.constrain != "legal":
            return {}
        texts = [request.posed.render(action) for action in request.posed.actions()]
        return {self._reply_tokens(text): text for text in texts}

    def _reply_tokens(self, reply: str) -> tuple[int, ...]:
        """Return the tokens of a reply behind a prompt, which some tokenizers read otherwise than a text alone."""
        lead = "" if self._template is None else self._template.text((Message("user", "?"),))
        before, whole, alone = (
            self._tokenizer(text, add_special_tokens=False).input_ids for text in (lead, lead + reply, reply)
        )
        return tuple(whole[len(before) :] if whole[: len(before)] == before else alone)

    def _reply(
        self, request: Request, job: Job, legal: Mapping[tuple[int, ...], str], written: WrittenReply, spent_ms: float
    ) -> Reply:
        extra: dict[str, Json] = {}
        if written.log_likelihoods:
            # The probability of the chosen reply among the legal ones.
            chances = torch.softmax(torch.tensor(written.log_likelihoods, dtype=torch.float64), dim=0)
            extra = {"choices": len(legal), "chosen_share": float(chances.max())}
        if job.recall.seals:
            extra["hidden_tokens"] = sum(seal > 0 for seal in job.recall.seals)
        if job.recall.rounding is not None:
            extra["rounded_tokens"] = job.recall.rounding.end - job.recall.rounding.start
        # A constrained reply uses the text of the list: not all tokenizers restore every text.
        whole = self._text(written.tokens)
        text = legal.get(tuple(written.tokens), whole)
        finish: FinishReason = "stop" if written.has_ended else "length"
        if unit := self._options.continues:
            text, finish = cut_reply(unit, whole), finish_of(unit, whole, finish)
        return Reply(
            text,
            finish,
            prompt_tokens=self.count_tokens(request.messages[-1].content),
            context_tokens=len(job.prompt),
            completion_tokens=len(written.tokens),
            latency_ms=spent_ms,
            extra=extra,
        )

    def _is_complete(self, tokens: list[int]) -> bool:
        # A call is followed by the end of the message, or by another call.
        if self._options.calls_tools:
            return False
        text = self._text(tokens)
        return is_over(self._options.continues, text) if self._options.continues else is_complete(text)

    def _text(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

    def _prompt(self, request: Request) -> tuple[list[int], TokenRecall]:
        """Return a request's prompt as tokens, and what may be used of them.

        Raises:
            ModelFailure: the template fails, or messages are to be hidden whose tokens can't be known.
        """
        messages = request.messages
        if self._template is None:
            text, adds_special_tokens = messages[-1].content, True
        else:
            text, adds_special_tokens = self._template.text(messages), self._template.is_plain
        if request.recall == WHOLE or self._template is None:
            return self._tokenizer(text, add_special_tokens=adds_special_tokens).input_ids, ALL_TOKENS
        if not self._tokenizer.is_fast:
            raise ModelFailure(f"{self.name}: its slow tokenizer has no places of tokens, which hide and kv need")
        read = self._tokenizer(text, add_special_tokens=adds_special_tokens, return_offsets_mapping=True)
        spans = self._template.spans(messages, text)
        return read.input_ids, token_recall(request.recall, messages, spans, read.offset_mapping)


def _line_ends(tokenizer: Any) -> frozenset[int]:
    """Return the tokens that contain a line end, in the encodings of the known tokenizers."""
    words = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    marks = ("\n", "Ċ", "<0x0A>")
    return frozenset(place for place, word in enumerate(words) if word and any(mark in word for mark in marks))


def _as_list(value: int | list[int] | None) -> list[int]:
    return value if isinstance(value, list) else [] if value is None else [value]
