"""Actions given by calling a tool, as text and as the messages of a chat API: the protocol `ask=tools`.

A reply's text holds a call as `<tool_call>{"name": "act", "arguments": {"action": "A C"}}</tool_call>`, so that rows
and conditions treat it as any other reply. Knows messages; no environment, no model.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from horizon.core.records import Answer, ErrorKind, Json, Message
from horizon.core.reply_text import strip_thinking

TOOL_NAME = "act"
ARGUMENT = "action"
MALFORMED_CALL: ErrorKind = "malformed_call"
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": TOOL_NAME,
        "description": "Gives your action of this turn.",
        "parameters": {
            "type": "object",
            "properties": {
                ARGUMENT: {"type": "string", "description": "The action, in the form that the rules give."}
            },
            "required": [ARGUMENT],
            "additionalProperties": False,
        },
    },
}
"""The one tool there is, as the chat API and chat templates take it."""
CallFault = Literal["no_call", "several_calls", "not_json", "wrong_tool", "wrong_schema"]
"""What is wrong with the format of a reply; `call_fault` in a row's `extra`."""
NOT_CARRIED_OUT = "Not carried out: call the tool once per turn."
"""The result of all but the last of several calls in one reply."""

_START, _END = "<tool_call>", "</tool_call>"
_CALL = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReadCall:
    """The action that a reply's one call gives, or what is wrong with its format; one of them is None."""

    action: str | None
    fault: CallFault | None = None


def call_text(action: str) -> str:
    """Return the reply that gives an action by a well-formed call."""
    return join_call(TOOL_NAME, {ARGUMENT: action})


def join_call(name: str, arguments: Json) -> str:
    """Return a call of any tool as text; arguments that are no JSON are a text."""
    return f"{_START}{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}{_END}"


def without_marks(text: str) -> str:
    """Return a text in which nothing is taken for a call: of a server, which has its calls beside the text."""
    return text.replace(_START, "(tool_call)").replace(_END, "(/tool_call)")


def read_call(reply: str) -> ReadCall:
    """Return what a reply calls. Thinking is not read; time linear in its length."""
    calls = _CALL.findall(strip_thinking(reply))
    if len(calls) != 1:
        return ReadCall(None, "several_calls" if calls else "no_call")
    call = _parse(calls[0])
    if call is None or (isinstance(call, dict) and isinstance(call.get("arguments"), str)):
        return ReadCall(None, "not_json")
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return ReadCall(None, "wrong_schema")
    if call["name"] != TOOL_NAME:
        return ReadCall(None, "wrong_tool")
    arguments = call.get("arguments")
    if not isinstance(arguments, dict) or set(arguments) != {ARGUMENT} or not isinstance(arguments[ARGUMENT], str):
        return ReadCall(None, "wrong_schema")
    return ReadCall(arguments[ARGUMENT])


def parse_call(reply: str, parse: Callable[[str], Answer]) -> Answer:
    """Return the answer of a reply; the action in a well-formed call is parsed as an answer line is."""
    call = read_call(reply)
    if call.action is None:
        return Answer(None, MALFORMED_CALL)
    return parse(f"Answer: {' '.join(call.action.split())}")


def as_chat(messages: Sequence[Message], *, has_json_text: bool) -> list[dict[str, Any]]:
    """Return a conversation as the chat API has it: calls as `tool_calls`, what follows them as their results.

    `has_json_text`: arguments as JSON text, as in the API; else as objects, as chat templates take them. A reply with
    a call without a name, or whose arguments are no object, is shown as text: servers refuse that as a call.
    """
    chat: list[dict[str, Any]] = []
    open_calls: list[str] = []
    for message in messages:
        if message.role == "user" and open_calls:
            results = [NOT_CARRIED_OUT] * (len(open_calls) - 1) + [message.content]
            for call_id, result in zip(open_calls, results, strict=True):
                named = {} if has_json_text else {"name": TOOL_NAME}
                chat.append({"role": "tool", "tool_call_id": call_id, "content": result, **named})
            open_calls = []
            continue
        open_calls = []
        text = strip_thinking(message.content) if message.role == "assistant" else ""
        calls = [_parse(call) for call in _CALL.findall(text)]
        shown: dict[str, Any] = {"role": message.role, "content": message.content}
        if calls and all(_is_callable(call) for call in calls):
            # Nine letters and digits: the strictest form of an id that servers ask for.
            open_calls = [f"call{len(chat):03d}{number:02d}" for number in range(len(calls))]
            shown["content"] = _CALL.sub("", text).strip()
            shown |= {
                "tool_calls": [
                    _entry(call, call_id, has_json_text) for call, call_id in zip(calls, open_calls, strict=True)
                ]
            }
        chat.append(shown)
    return chat


def _entry(call: Any, call_id: str, has_json_text: bool) -> dict[str, Any]:
    arguments = call["arguments"]
    shown = json.dumps(arguments, ensure_ascii=False) if has_json_text else arguments
    return {"id": call_id, "type": "function", "function": {"name": call["name"], "arguments": shown}}


def _is_callable(call: Any) -> bool:
    is_named = isinstance(call, dict) and isinstance(call.get("name"), str) and bool(call["name"])
    return is_named and isinstance(call.get("arguments"), dict)


def _parse(text: str) -> Any:
    """Return the JSON of a text, None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
