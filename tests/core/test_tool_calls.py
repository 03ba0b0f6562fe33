"""Calls of the tool as text: what is read of them, each fault of format, and their form in the chat API."""

import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import TypeAdapter

from horizon.core.records import Message
from horizon.core.tool_calls import NOT_CARRIED_OUT, TOOL, CallFault, as_chat, call_text, join_call, read_call

GOOD = call_text("A C")


@given(st.text())
def test_a_call_gives_back_the_action_that_it_was_made_of(action: str) -> None:
    # Marks inside a text end the call, as they would in what a model writes.
    if "tool_call>" not in action and "think" not in action:
        call = read_call(call_text(action))
        assert call.action == action or not action.isprintable()


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("", "no_call"),
        ("Answer: A C", "no_call"),
        ('{"name": "act", "arguments": {"action": "A C"}}', "no_call"),
        (f"<think>{GOOD}</think>A C", "no_call"),
        (GOOD * 2, "several_calls"),
        (f"{GOOD}{join_call('look', {})}", "several_calls"),
        ("<tool_call>act(A C)</tool_call>", "not_json"),
        (join_call("act", '{"action": "A C"'), "not_json"),
        (join_call("move", {"action": "A C"}), "wrong_tool"),
        (join_call("act", {}), "wrong_schema"),
        (join_call("act", {"action": 3}), "wrong_schema"),
        (join_call("act", {"action": "A C", "sure": True}), "wrong_schema"),
        (join_call("act", ["A C"]), "wrong_schema"),
        ("<tool_call>[]</tool_call>", "wrong_schema"),
        (f"<tool_call>{'[' * 50_000}</tool_call>", "not_json"),
    ],
)
def test_each_fault_of_format_has_its_name(reply: str, fault: CallFault) -> None:
    call = read_call(reply)
    assert (call.action, call.fault) == (None, fault)


@pytest.mark.parametrize("reply", [GOOD, f"I move.\n{GOOD}", f"<think>A B? No.</think>{GOOD}", GOOD[:-12]])
def test_words_and_thoughts_beside_one_call_and_an_end_that_was_cut_off_change_nothing(reply: str) -> None:
    assert read_call(reply).action == "A C"


def test_the_tool_and_a_history_of_calls_have_the_types_of_the_official_sdk() -> None:
    # The SDK's own types of what the API takes.
    TypeAdapter(ChatCompletionToolParam).validate_python(TOOL)
    messages = [
        *(Message("system", "rules"), Message("user", "state 1"), Message("assistant", f"I move.\n{GOOD}")),
        *(Message("user", "state 2"), Message("assistant", GOOD * 2), Message("user", "state 3")),
        *(Message("assistant", "Answer: A C"), Message("user", "state 4")),
        *(Message("assistant", join_call("act", "A C")), Message("user", "state 5")),
    ]
    chat = as_chat(messages, has_json_text=True)
    for message in chat:
        TypeAdapter(ChatCompletionMessageParam).validate_python(message)
    roles = [message["role"] for message in chat]
    exchanges = [["assistant", "tool"], ["assistant", "tool", "tool"], ["assistant", "user"], ["assistant", "user"]]
    assert roles == ["system", "user", *chain.from_iterable(exchanges)]
    assert chat[2]["content"] == "I move."
    assert json.loads(chat[2]["tool_calls"][0]["function"]["arguments"]) == {"action": "A C"}
    calls = [call["id"] for message in chat for call in message.get("tool_calls", ())]
    assert calls == [message["tool_call_id"] for message in chat if message["role"] == "tool"]
    assert len(set(calls)) == 3 and all(len(call) == 9 and call.isalnum() for call in calls)
    assert [message["content"] for message in chat[5:7]] == [NOT_CARRIED_OUT, "state 3"]


def test_chat_templates_get_arguments_as_objects() -> None:
    (_, call) = as_chat([Message("user", "state"), Message("assistant", GOOD)], has_json_text=False)
    assert call["tool_calls"][0]["function"] == {"name": "act", "arguments": {"action": "A C"}}
