"""The texts of a server that gives no reply: its own words from any of the usual bodies, and what they mean.

Knows no request and no connection. The bodies are not trusted: nothing here raises.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

_LONGEST = 2000
_PARTS = (
    "error",
    "errors",
    "message",
    "msg",
    "detail",
    "details",
    "error_message",
    "error_description",
    "description",
)
_MORE_PARTS = ("title", "reason", "raw", "metadata", "innererror", "inner_error", "cause")
_CODES = ("code", "type", "status", "error_type", "error_code")
_PAGE = "a web page"
_DEEPEST = 8
_MOST = 20

_OVERFLOWS = re.compile(
    r"context[ _](length|window|size|limit)|max(imum)?[ _]context|exceed_context_size|context the overflows"
    r"|(prompt|input|inputs|request(?! entity)|conversation|messages?|text)\b"
    r"[^.]{0,60}\b(is|are|was)?\s*too (long|large|big|many (tokens|characters|messages|turns))"
    r"|(prompt|input|inputs|conversation|sequence|messages?)\b[^.]{0,80}"
    r"\b(exceed(s|ed|ing)?|longer than|larger than|greater than|more than|over the)\b"
    r"[^.]{0,60}\b(tokens?|length|limit|max\w*|context|allowed)"
    r"|\btokens?\b[^.]{0,40}\bexceed(s|ed|ing)?\b[^.]{0,40}\b(limit|max\w*|context|length)"
    r"|input token count|token count exceeds|tokens?`? \+ `?max_new_tokens|must have less than \d+ tokens"
    r"|max(imum)?[ _](seq(uence)?|model|input|prompt)[ _]?len(gth)?|too many (input |prompt )?tokens"
    r"|exceeds? [^.]{0,40}max_position_embeddings|max_total_tokens|reduce the length|request too large"
    r"|reduce your (message|prompt|input)|string_above_max_length|ContextWindowExceeded|\bn_ctx\b|"
    r"context shift is disabled"
    r"|exceed(s|ed|ing)?\b[^.]{0,40}\btoken limit|tokens in request more than|tokens? but the (limit|maximum) is"
    r"|(input|output|prompt) tokens must be reduced|range of (input|prompt) length|kv[ _-]?cache (is )?full"
    # vLLM's and LMDeploy's when the prompt alone fills the context.
    r"|max_tokens must be at least 1, got -"
    r"|messages\.\d+\.content: string should have at most"
    r"|超长|过长|超过.{0,20}(长度|上下文|token)",
    re.IGNORECASE,
)
_RATES = re.compile(r"rate.?limit|per (minute|second|day|hour)|too many requests", re.IGNORECASE)
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
_OVERFLOW_STATUSES = frozenset({400, 413, 422, 500})
_FINAL = re.compile(
    r"insufficient_quota|exceeded your current quota|billing|roles? must alternate|system role|jinja|chat.?template",
    re.IGNORECASE,
)
_FILTERS = re.compile(
    r"content[ _-]?(filter|management|policy)|responsible ?ai|moderation|safety (system|setting)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """A server's words, and the names of the request's fields that they are about."""

    words: str
    fields: tuple[str, ...] = ()


def read_error(body: bytes) -> ErrorText:
    """Return the message of a body that is no reply: JSON of any form, a page, a stream of events, or plain text."""
    text = body[: 64 * _LONGEST].decode("utf-8", "replace").strip()
    if not text:
        return ErrorText("an empty body")
    try:
        value = parse_json(body)
    except ValueError:
        return _of_text(text)
    words = list(dict.fromkeys(islice(_words(value, 0), _MOST)))
    if not words:
        return ErrorText(_cut(text))
    return ErrorText(_cut("; ".join(words)), tuple(dict.fromkeys(islice(_fields(value, 0), _MOST))))


def parse_json(body: bytes) -> Any:
    """Return a body's JSON; whole numbers of more than 18 digits become floats.

    Raises:
        ValueError: it is none, or nested deeper than the parser goes.
    """
    try:
        return json.loads(body, parse_int=lambda digits: int(digits) if len(digits) < 19 else float(digits))
    except RecursionError:
        raise ValueError("JSON nested too deep") from None


def is_overflow(status: int, error: ErrorText) -> bool:
    """Return whether a refusal is because the conversation does not fit the context; a proxy's page never does."""
    if error.words.startswith(_PAGE):
        return False
    if _TOO_LARGE.search(error.words) and status in (413, 429):
        return True
    is_rate = status == 429 or (status != 413 and _RATES.search(error.words) is not None)
    return status in _OVERFLOW_STATUSES and not is_rate and _OVERFLOWS.search(error.words) is not None


def is_final(status: int, error: ErrorText) -> bool:
    """Return whether the same request would fail again, whatever its status."""
    return status == 501 or is_overflow(status, error) or _FINAL.search(error.words) is not None


def advice(status: int, error: ErrorText) -> str:
    """Return what to do about a failure of this status."""
    if _FILTERS.search(error.words):
        return "the provider's filter stopped it, not the model: choose another server or another task"
    if status in (401, 403):
        return "check OPENAI_API_KEY, and that it may use this model at this server"
    if status == 402 or "quota" in error.words.lower() or "billing" in error.words.lower():
        return "check the account's balance and limits at the provider"
    if status in (404, 405):
        return "check the model's name, and that the server's address is the API's, as http://localhost:8000/v1"
    if status == 413:
        return "the server or a proxy before it takes no request of this size: raise its limit, or lower turns"
    if status == 429:
        return "wait, or start again with fewer requests at once (batch_size=4)"
    if 300 <= status < 400:
        return "give the address that it redirects to as the server's"
    if status in (408, 504):
        return "give it more time (timeout_s=300) or fewer requests at once"
    if status >= 500:
        return "read the server's log"
    return (
        "the server refuses the request as it is: change what it names, or leave a parameter out, as "
        "openai:NAME:without=temperature+seed"
    )


def _of_text(text: str) -> ErrorText:
    """Return the words of a body that is no JSON."""
    if re.match(r"(data|event|id|:)[: ]", text):
        events = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("data:")]
        for event in events:
            try:
                value = parse_json(event.encode())
            except ValueError:
                continue
            words = list(_words(value, 0)) if isinstance(value, dict) and not value.get("choices") else []
            if words:
                return ErrorText(_cut("; ".join(words)), tuple(_fields(value, 0)))
        return ErrorText(f"a stream of events where one JSON body was asked for: {_cut(' '.join(events) or text)}")
    if re.match(r"(?i)<(!doctype|!--|\?xml|[a-z][a-z0-9]*[\s>/])", text):
        plain = re.sub(r"(?is)<(script|style)\b.*?(</\1>|\Z)|<!--.*?(-->|\Z)", " ", text)
        plain = html.unescape(re.sub(r"<[^>]*>?", " ", plain))
        return ErrorText(f"{_PAGE}: {_cut(plain) or 'without text'}")
    return ErrorText(_cut(text))


def _words(value: Any, depth: int) -> Iterator[str]:
    """Yield the messages in a body, outermost first, with the codes beside them."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        # A gateway may pass on the body of the server behind it as text.
        if value.lstrip().startswith(("{", "[")):
            try:
                yield from _words(parse_json(value.encode("utf-8", "replace")), depth + 1)
                return
            except ValueError:
                pass
        if value.strip():
            yield _cut(value)
    elif isinstance(value, list):
        for part in value[:10]:
            yield from _words(part, depth + 1)
    elif isinstance(value, dict):
        parts = [key for key in (*_PARTS, *_MORE_PARTS) if value.get(key)]
        codes = [str(value[key]) for key in _CODES if isinstance(value.get(key), str | int) and value[key]]
        where = _location(value)
        if not parts and depth and not codes:
            # {"errors": {"seed": ["Unknown field."]}}
            for key, part in list(value.items())[:10]:
                yield from (f"{key}: {words}" for words in _words(part, depth + 1) if isinstance(part, str | list))
        for key in parts:
            yield from (f"{where}{words}" for words in _words(value[key], depth + 1))
        if codes and (parts or depth):
            yield f"({', '.join(dict.fromkeys(codes))})"


def _location(item: dict[str, Any]) -> str:
    """Return the place that an entry of a pydantic list is about, such as `seed: `."""
    place = item.get("loc")
    if not isinstance(place, list):
        return ""
    names = [str(part) for part in place if part != "body"]
    return f"{'.'.join(names)}: " if names else ""


def _fields(value: Any, depth: int) -> Iterator[str]:
    """Yield the fields that a body names as the cause: `param`, and the places of pydantic's lists."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = parse_json(value.encode("utf-8", "replace"))
        except ValueError:
            return
    if isinstance(value, list):
        for part in value[:20]:
            yield from _fields(part, depth + 1)
    elif isinstance(value, dict):
        if isinstance(value.get("param"), str):
            yield value["param"]
        place = value.get("loc")
        if isinstance(place, list):
            names = [part for part in place if isinstance(part, str) and part != "body"]
            yield from names[-1:]
            if "role" in names[-1:]:
                yield ".".join(map(str, place))
        for key in (*_PARTS, *_MORE_PARTS):
            yield from _fields(value.get(key), depth + 1)


def _cut(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
