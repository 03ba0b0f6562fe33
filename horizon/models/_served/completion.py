"""A chat completion's body as a reply, or the reason why it is none. Only a whole reply becomes one.

A text with a normal end is the model's; everything else is a failure of the infrastructure. The body is not trusted.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from horizon.core.records import FinishReason, Json, Reply
from horizon.core.tool_calls import join_call, without_marks
from horizon.models._served.error_text import parse_json, read_error

# Without case and marks: STOP_SEQUENCE, stop-sequence and stopSequence are one.
_STOPS = frozenset(
    {"stop", "stopsequence", "stoptoken", "stopstr", "stopstring", "stopstringfound", "matchedstop", "matchedeos"}
    | {"eos", "eostoken", "eosfound", "endturn", "endofturn", "endoftext", "endtoken", "imend", "eotid", "s"}
    | {"complete", "completed", "done", "finished", "finish", "normal"}
)
_LENGTHS = frozenset(
    {"length", "limit", "lengthlimit", "tokenlimit", "outputlimit", "maxtokens", "maxoutputtokens", "maxnewtokens"}
    | {
        "maxcompletiontokens",
        "maxlength",
        "modellength",
        "maxtokensreached",
        "maxtokenreached",
        "maxpredictedtokensreached",
    }
    # Some servers end a reply that only repeats itself.
    | {"repetition", "repetitiontruncation"}
)
_TOOLS = frozenset({"toolcalls", "functioncall", "tooluse", "toolcall"})
_FILTERS = re.compile(r"filter|safety|recitation|blocklist|prohibited|spii|guardrail|moderation|sensitive|risk|policy")
_THOUGHTS = (
    *("reasoning_content", "reasoning", "reasoning_text", "thinking", "thought", "thoughts"),
    *("reasoning_details", "thinking_blocks"),
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
    if answer.get("object") == "error":
        return Fault(_wording(answer))
    if not isinstance(message, dict):
        return Fault(f"a choice without a message: {_wording(choice)}")
    finish = _finish_of(choice.get("finish_reason"))
    if isinstance(finish, Fault):
        return finish
    content = _content_of(message, finish, calls_tools)
    if isinstance(content, Fault):
        return content
    native = choice.get("native_finish_reason")
    if isinstance(native, str) and "error" in native.lower():
        return Fault(f"the reply ended with native_finish_reason '{native[:80]}'")
    if not content.text.strip() and _is_filtered(choice):
        return Fault("the reply was filtered", is_filter=True)
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
    name = re.sub(r"[^a-z0-9]", "", reason.lower()).removeprefix("finishreason")
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
    return Fault(f"the reply ended with finish_reason '{reason[:80]}'", is_filter=_FILTERS.search(name) is not None)


def _is_error(error: Any) -> bool:
    """Return whether an `error` beside the choices is one: some gateways always send it, with nothing inside."""
    return any(error.values()) if isinstance(error, dict) else bool(error)


def _is_filtered(choice: Mapping[str, Any]) -> bool:
    """Return whether a provider reports beside a choice that it withheld it."""
    results = choice.get("content_filter_results")
    reports = results.values() if isinstance(results, dict) else ()
    return any(isinstance(report, dict) and report.get("filtered") is True for report in reports)


def _content_of(message: Mapping[str, Any], finish: _Finish, calls_tools: bool) -> _Content | Fault:
    content = message.get("content")
    reasoning = next((text for key in _THOUGHTS if (text := "\n".join(_strings(message.get(key), 0)))), None)
    refusal = message.get("refusal")
    if isinstance(refusal, dict | list) and refusal:
        refusal = _wording(refusal)
    parts = [] if content is None else [content] if isinstance(content, str | dict) else content
    if not isinstance(parts, list):
        return Fault(f"a message whose content is {_wording(content)} of type {type(content).__name__}")
    joined = _join(parts)
    if isinstance(joined, Fault):
        return joined
    joined = _Content(
        without_marks(joined.text) if calls_tools else joined.text,
        reasoning or joined.reasoning,
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
        text = part.get("text") if isinstance(part, dict) else None
        text = text.get("value") if isinstance(text, dict) else text
        if kind in ("text", "output_text", None) and isinstance(text, str):
            texts.append(text)
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
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in ("thinking", "reasoning", "reasoning_content", "thought", "text", "summary", "content"):
            if depth < 4:
                yield from _strings(value.get(key), depth + 1)
    elif isinstance(value, list) and depth < 4:
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
