"""A chat completion's body as a reply, or the reason why it is none. Only a whole reply becomes one.

A text with a normal end is the model's; everything else is a failure of the infrastructure. The body is not trusted.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from horizon.core.records import FinishReason, Json, Reply
from horizon.core.tool_calls import join_call, without_marks
from horizon.models._served.error_text import parse_json, read_error

_STOPS = frozenset(
    {"stop", "stop_sequence", "stop_token", "stop_str", "matched_stop", "matched_eos"}
    | {"eos", "eos_token", "eos_found", "end_turn", "end_of_turn", "end_of_text", "end_token"}
    | {"complete", "completed", "done", "finished", "finish", "normal"}
)
_LENGTHS = frozenset(
    {"length", "max_tokens", "max_output_tokens", "max_new_tokens", "max_completion_tokens", "max_length"}
    | {"model_length", "max_tokens_reached", "output_limit", "token_limit"}
)
_TOOLS = frozenset({"tool_calls", "function_call", "tool_use", "tool_call"})
_FILTERS = frozenset(
    {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "guardrail_intervened"}
)
_MOST_TOKENS = 2**31


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a body is no reply: the reason, and whether a provider's filter withheld it."""

    reason: str
    is_filter: bool = False


@dataclass(frozen=True, slots=True)
class _Content:
    text: str
    reasoning: str | None
    refusal: str | None = None


def read_completion(body: bytes, *, calls_tools: bool = False) -> Reply | Fault:
    """Return the reply in the body of a chat completion, without its latency.

    Where the request had tools, what looks like a call inside the text is none: the server has calls beside it.
    """
    try:
        answer = parse_json(body)
    except ValueError as problem:
        words = read_error(body).words
        return Fault(words if words.startswith(("a web page", "a stream", "an empty")) else f"{problem}: {words}")
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices:
        return Fault(f"no choices in its answer: {read_error(body).words}")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if isinstance(choice, dict) and choice.get("error"):
        return Fault(_wording(choice["error"]))
    if _is_error(answer.get("error")):
        return Fault(_wording(answer["error"]))
    if not isinstance(message, dict):
        return Fault(f"a choice without a message: {_wording(choice)}")
    finish = _finish_of(choice.get("finish_reason"))
    if isinstance(finish, Fault):
        return finish
    content = _content_of(message, finish, calls_tools)
    if isinstance(content, Fault):
        return content
    if content.refusal and not content.text.strip():
        content, finish = replace(content, text=content.refusal), "refusal"
    return _with_usage(content, "stop" if finish == "tools" else finish, answer.get("usage"))


_Finish = FinishReason | Literal["tools"]


def _finish_of(reason: Any) -> _Finish | Fault:
    """Return how a reply ended; an unknown end is a fault, since the text may be a part."""
    if not isinstance(reason, str):
        return Fault(
            f"a choice with finish_reason {json.dumps(reason)[:80]}: it is not known whether the reply is whole"
        )
    name = reason.strip().lower().removeprefix("finish_reason_").replace("-", "_")
    if name in _STOPS:
        return "stop"
    if name in _LENGTHS:
        return "length"
    if name in _TOOLS:
        return "tools"
    if name == "refusal":
        return "refusal"
    if "context" in name:
        return "overflow"
    return Fault(f"the reply ended with finish_reason '{reason[:80]}'", is_filter=name in _FILTERS)


def _is_error(error: Any) -> bool:
    """Return whether an `error` beside the choices is one: some gateways always send it, with nothing inside."""
    return any(error.values()) if isinstance(error, dict) else bool(error)


def _content_of(message: Mapping[str, Any], finish: _Finish, calls_tools: bool) -> _Content | Fault:
    content = message.get("content")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    refusal = message.get("refusal")
    parts = [] if content is None else [content] if isinstance(content, str | dict) else content
    if not isinstance(parts, list):
        return Fault(f"a message whose content is {_wording(content)} of type {type(content).__name__}")
    joined = _join(parts)
    if isinstance(joined, Fault):
        return joined
    joined = _Content(
        without_marks(joined.text) if calls_tools else joined.text,
        reasoning if isinstance(reasoning, str) and reasoning else joined.reasoning,
        refusal if isinstance(refusal, str) and refusal.strip() else joined.refusal,
    )
    called = _with_calls(joined, message)
    # Without content there may still be a reply: thoughts alone, a call, a refusal, or nothing within the limit.
    is_empty = not parts and not called.text and not joined.reasoning and not joined.refusal
    return Fault("a message without content") if is_empty and finish in ("stop", "tools") else called


def _join(parts: list[Any]) -> _Content | Fault:
    """Return the text parts of a content joined, and its thoughts."""
    texts: list[str] = []
    thoughts: list[str] = []
    refusals: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("text", "output_text", None) and isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind in (
            "thinking",
            "reasoning",
            "reasoning_text",
            "reasoning_content",
            "redacted_thinking",
            "summary_text",
            "thought",
        ):
            thoughts.extend(_strings(part, 0))
        elif kind == "refusal" and isinstance(part.get("refusal"), str):
            refusals.append(part["refusal"])
        else:
            return Fault(f"a message with a part that is no text: {_wording(part)}")
    return _Content("".join(texts), "\n".join(thoughts) or None, "".join(refusals).strip() or None)


def _strings(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts inside a part that holds thoughts."""
    if isinstance(value, dict):
        for key in ("thinking", "reasoning", "reasoning_content", "thought", "text", "summary", "content"):
            inner = value.get(key)
            if isinstance(inner, str):
                yield inner
            elif depth < 4:
                yield from _strings(inner, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, depth + 1)


def _with_calls(content: _Content, message: Mapping[str, Any]) -> _Content:
    """Return the content with the model's calls of tools as text, which some servers cut out of it."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        calls = [{"function": message["function_call"]}] if message.get("function_call") else []
    texts = [content.text] if content.text else []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            arguments = function.get("arguments")
            with suppress(ValueError):
                arguments = (
                    parse_json(arguments.encode("utf-8", "replace")) if isinstance(arguments, str) else arguments
                )
            texts.append(join_call(function["name"], arguments))
    return replace(content, text="\n".join(texts))


def _with_usage(content: _Content, finish: FinishReason, usage: Any) -> Reply:
    counts = usage if isinstance(usage, dict) else {}
    details = counts.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    extra: dict[str, Json] = {} if cached is None else {"cached_tokens": cached}
    return Reply(
        content.text,
        finish,
        context_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        reasoning=content.reasoning,
        extra=extra,
    )


def _count(value: Any) -> int | None:
    """Return a number of tokens, None for what can't be one."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS
    return value if is_count else None


def _wording(value: Any) -> str:
    return read_error(json.dumps(value).encode()).words[:200]
