"""The form of a chat request that a server takes: what it refuses, learnt from its refusals or set by the user.

A `Refused` set only grows, so that requests under way at once can learn side by side. Sends nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from horizon.core.conversation import fill_empty_replies, fold_system, merge_neighbours
from horizon.core.errors import UsageError
from horizon.core.model import ModelOptions, Request
from horizon.core.records import Json, Message
from horizon.core.registry import nearest
from horizon.core.tool_calls import TOOL, as_chat
from horizon.models._served.error_text import ErrorText

Refused: TypeAlias = frozenset[str]
"""Names out of `MEANINGS`."""

_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")
_SAMPLING = ("temperature", "top_p", "seed")
_OPTIONAL = (*_SAMPLING, "tool_choice")
"""What a request can do without."""
MEANINGS: Mapping[str, str] = {
    "temperature": "not sent: the server samples at its own temperature",
    "top_p": "not sent: the server's own",
    "seed": "not sent: sampling follows no seed",
    "tool_choice": "not sent: the server's own, which is to let the model choose",
    "max_tokens": "sent as max_completion_tokens",
    "max_completion_tokens": "sent as max_tokens or max_output_tokens",
    "max_output_tokens": "sent as max_new_tokens",
    "max_new_tokens": "not sent",
    "system": "the rules are sent before the first user message",
    "empty_assistant": "an empty reply is shown to the model as '(no reply)'",
    "repeated_role": "neighbouring messages of one role are sent as one",
}
"""What can be left out of a request, and what is done in its place."""

_LEARNABLE = frozenset({400, 415, 422, 501})
# A fault inside a server may mention anything; of those, the ones of chat templates alone are refusals.
_TEMPLATE_FAULT = re.compile(
    r"\b(must|should) alternate|\bsystem[ _](role|message|prompt)s? (is |are )?(not |un)support"
    r"|jinja.{0,80}\b(role|system)",
    re.IGNORECASE,
)
_UNSUPPORTED = re.compile(
    r"unsupported|not (be )?(supported|permitted|allowed|accepted|recogni[sz]ed|implemented|enabled|available|valid)"
    r"|(does|do)(n't| not) (support|accept|allow|take)|n't supported|unrecogni[sz]ed|unknown|unexpected|forbidden"
    r"|extra (inputs|fields)|additional propert|invalid (parameter|argument|field|request)|deprecated"
    r"|no longer|cannot (both )?be|can't be|mutually exclusive|cannot find field|no such field|instead|extraneous",
    re.IGNORECASE,
)
_IMPOSSIBLE = re.compile(
    r"\b(must|should|invalid|out of range|only|between|below|above|greater|less|at (least|most)|expected|allowed)\b"
    r"|\bboth\b|\u5fc5\u987b|\u4e0d\u652f\u6301",
    re.IGNORECASE,
)
_REQUIRED = re.compile(r"required|missing|instead|must (be )?(set|provide)", re.IGNORECASE)
_EXCLUSIVE = re.compile(r"\bboth\b|exclusive|only one|either", re.IGNORECASE)
_SYSTEM = re.compile(
    r"\bsystem\b.{0,40}\b(role|messages?|prompts?|instructions?)\b"
    r"|\b(roles?|messages?|prompts?|instructions?)\b.{0,60}(['\"`]|: ?|\bgot |=)system\b"
    r"|developer[ _](role|message|instruction)|messages?(\[0\]|\.0)\.role"
    r"|['\"`]system['\"`]|first message (must|should|is)|valid roles?\b.{0,20}user|start with (a |the )?'?user"
    r"|only .{0,20}user.{0,20}assistant|roles?\b.{0,40}'?user'?,? (and|or) '?(assistant|model)",
    re.IGNORECASE,
)
_ALTERNATE = re.compile(r"must alternate|alternat\w+ .{0,40}(role|user)|consecutive|same role", re.IGNORECASE)
_EMPTY = re.compile(
    r"empty|blank|white.?space|at least (1|one)|too.?short|min(imum)?[_ ]?length"
    r"|(either|must have|missing|without).{0,20}(content|text)|content.{0,30}(required|missing|non-null)"
    r"|content=['\"]{2}|length:? 0\b",
    re.IGNORECASE,
)


def split_settings(argument: str) -> tuple[str, Refused]:
    """Return a model's name and what `NAME:without=temperature+seed` leaves out; a name may have colons of its own.

    Raises:
        UsageError: another setting, or a name that is none of `MEANINGS`.
    """
    name, _, setting = argument.rpartition(":")
    if "=" not in setting:
        return argument, frozenset()
    key, _, text = setting.partition("=")
    if key != "without":
        raise UsageError(f"{argument}: unknown setting '{key}': the only one is without, as without=temperature+seed")
    names = [part.strip() for part in text.split("+")]
    for part in names:
        if part not in MEANINGS:
            raise UsageError(f"without={text}: '{part}' can't be left out of a request: {nearest(part, MEANINGS)}")
    return name, frozenset(names)


def request_body(model: str, request: Request, options: ModelOptions, refused: Refused) -> dict[str, Any]:
    """Return the JSON body of a chat request that uses nothing of what is refused; under `ask=tools` with the tool.

    Lone surrogates, which UTF-8 does not have, are sent as replacement characters.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": _chat(_messages(request.messages, refused), options),
        "temperature": options.temperature,
        "top_p": options.top_p,
        "seed": request.seed % 2**31,
    }
    if options.calls_tools:
        # The model chooses whether to call: not to do so is an error of its own.
        body |= {"tools": [TOOL], "tool_choice": "auto"}
    for name in refused & body.keys() & set(_OPTIONAL):
        del body[name]
    limit = next((name for name in _LIMITS if name not in refused), None)
    return body if limit is None else {**body, limit: request.max_tokens}


def learn(status: int, error: ErrorText, body: Mapping[str, Any]) -> Refused:
    """Return what a server's refusal of this body asks to leave out; empty where it names nothing that can be."""
    is_template = status == 500 and _TEMPLATE_FAULT.search(error.words) is not None
    if status not in _LEARNABLE and not is_template:
        return frozenset()
    roles = [message["role"] for message in body["messages"]]
    has_system = "system" in roles
    words = error.words
    if not is_template and (name := _named_parameter(error, body)):
        return frozenset({name})
    if _ALTERNATE.search(words):
        if has_system:
            return frozenset({"system"})
        if any(role == following for role, following in pairwise(roles)):
            return frozenset({"repeated_role"})
    if has_system and (_SYSTEM.search(words) or any(field.endswith("role") for field in error.fields)):
        return frozenset({"system"})
    is_blank = any(
        message["role"] == "assistant" and not message["content"].strip() and "tool_calls" not in message
        for message in body["messages"]
    )
    if is_blank and _EMPTY.search(words):
        return frozenset({"empty_assistant"})
    return frozenset()


def describe_refusals(refused: Iterable[str]) -> dict[str, Json]:
    """Return what was left out and what was done in its place, for the manifest."""
    return {name: MEANINGS[name] for name in MEANINGS if name in set(refused)}


def _named_parameter(error: ErrorText, body: Mapping[str, Any]) -> str | None:
    """Return the sent parameter that a refusal is about; of several the one that its words name first."""
    sent = [name for name in (*_OPTIONAL, *_LIMITS) if name in body]
    limit = next((name for name in _LIMITS if name in body), None)
    in_fields = [name for name in sent if any(name == field.rpartition(".")[2] for field in error.fields)]
    sentences = re.split(r"(?<=[.;!?])\s|\n", error.words)
    refusing = [sentence for sentence in sentences if _UNSUPPORTED.search(sentence)]
    in_words = next(
        (names for sentence in (*refusing, *sentences) if (names := _names_in(sentence, sent))),
        [],
    )
    if limit is not None and _wants_other_limit(error, limit):
        return limit
    candidates = in_fields or in_words
    if {"temperature", "top_p"} <= set(candidates) and body["top_p"] == 1.0 and _EXCLUSIVE.search(error.words):
        # Of two that exclude one another, the one that changes nothing is left out.
        return "top_p"
    for name in candidates:
        # A limit that is too high is no unknown parameter, and a mention is no refusal.
        if any(_names_in(sentence, [name]) for sentence in refusing):
            return name
        if name in _OPTIONAL and (
            name in in_fields
            or any(_names_in(sentence, [name]) and _IMPOSSIBLE.search(sentence) for sentence in sentences)
        ):
            return name
    return None


def _wants_other_limit(error: ErrorText, limit: str) -> bool:
    """Return whether a refusal asks for the reply's limit under another name than it was sent."""
    others = [name for name in _LIMITS if name != limit]
    return any(
        _names_in(sentence, others) and _REQUIRED.search(sentence) and not _names_in(sentence, _SAMPLING)
        for sentence in re.split(r"(?<=[.;!?])\s|\n", error.words)
    )


def _names_in(sentence: str, names: Sequence[str]) -> list[str]:
    """Return which names occur in a sentence as whole words, in order of place."""
    places = {name: re.search(rf"(?<![\w-]){name}(?![\w-])", sentence) for name in names}
    return sorted((name for name in names if places[name]), key=lambda name: places[name].start())  # type: ignore[union-attr]


def _chat(messages: Sequence[Message], options: ModelOptions) -> list[dict[str, Any]]:
    if options.calls_tools:
        return as_chat(messages, has_json_text=True)
    return [{"role": message.role, "content": message.content} for message in messages]


def _messages(messages: Sequence[Message], refused: Refused) -> list[Message]:
    shown = [Message(message.role, _encodable(message.content)) for message in messages]
    if "system" in refused:
        shown = fold_system(shown)
    if "empty_assistant" in refused:
        shown = fill_empty_replies(shown)
    if "repeated_role" in refused:
        shown = merge_neighbours(shown)
    return shown


def _encodable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
