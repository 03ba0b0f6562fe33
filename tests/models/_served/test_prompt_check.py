"""Claims about prompts that a server cuts in silence: they are overflow, and no server that reads all is accused."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from served_play import ask, request
from stub_server import Raw, completion, serving

from horizon.core.model import ModelOptions, open_model
from horizon.core.records import Message, Reply
from horizon.models._served.prompt_check import PromptCheck


def tokens(messages: list[dict[str, str]]) -> int:
    """Count as byte-pair tokenizers split at most: letters, digits and marks apart, four tokens a message."""
    return sum(4 + len(re.findall(r"[^\W\d_]+|\d|[^\w\s]|_", message["content"])) for message in messages)


def reading_at_most(limit: int) -> Any:
    """Return a server that drops the oldest messages beyond its limit and says nothing, as Ollama does."""

    def behave(number: int, asked: dict[str, Any]) -> Raw:
        system, *rest = asked["messages"]
        while len(rest) > 1 and tokens([system, *rest]) > limit:
            rest.pop(0)
        body = completion("Answer: a b")
        body["usage"] = {"prompt_tokens": min(limit, tokens([system, *rest])), "completion_tokens": 4}
        return Raw(200, body)

    return behave


def turns(n_turns: int) -> list[Message]:
    messages = [Message("system", "The rules of this game are few and short.")]
    for turn in range(1, n_turns + 1):
        messages.append(Message("user", f"Turn {turn}: the first peg holds disks 1, 2 and 3; which move do you make?"))
        if turn < n_turns:
            messages.append(Message("assistant", "Answer: a b"))
    return messages


@pytest.mark.parametrize("limit", [100, 250, 10_000])
def test_the_first_turn_that_a_server_cuts_is_overflow_and_no_turn_before_it(limit: int) -> None:
    plain = [{"role": message.role, "content": message.content} for message in turns(20)]
    fits = [tokens(plain[: 2 * turn]) <= limit for turn in range(1, 21)]
    with serving(reading_at_most(limit)) as stub:
        model = open_model("openai:stub", ModelOptions(base_urls=(stub.url,)))
        replies = [model.reply([request(turns(turn))])[0] for turn in range(1, 21)]
        model.close()
    assert all(isinstance(reply, Reply) for reply in replies)
    assert [reply.finish_reason == "stop" for reply in replies if isinstance(reply, Reply)] == fits


def test_a_single_prompt_with_more_words_than_tokens_was_cut() -> None:
    long = [Message("system", "rules"), Message("user", "word " * 1500)]
    outcomes, _, _ = ask(reading_at_most(600), [request(long)])
    assert isinstance(outcomes[0], Reply)
    assert (outcomes[0].finish_reason, outcomes[0].context_tokens) == ("overflow", 600)


TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


@settings(max_examples=100)
@given(st.lists(TEXT, min_size=1, max_size=8))
def test_a_server_that_counts_every_word_is_never_accused(texts: list[str]) -> None:
    check = PromptCheck()
    messages: list[Message] = []
    for place, text in enumerate(texts):
        messages.append(Message("assistant" if place % 2 else "user", text))
        n_tokens = sum(len(re.findall(r"\w+", message.content)) for message in messages)
        assert not check.is_cut("c", messages, n_tokens)


def test_a_conversation_that_is_another_one_is_held_against_its_own_words_alone() -> None:
    check = PromptCheck()
    assert not check.is_cut("c", turns(8), 400)
    assert not check.is_cut("c", turns(1), 40)
    assert not check.is_cut("c", turns(8), None)


def test_thoughts_that_a_template_cuts_out_of_the_history_accuse_no_server() -> None:
    check = PromptCheck()
    first = [Message("user", "which door?")]
    thoughtful = Message("assistant", f"<think>{'so ' * 300}</think>\nAnswer: a")
    assert not check.is_cut("c", first, 6)
    assert not check.is_cut("c", [*first, thoughtful, Message("user", "and now?")], 14)


@pytest.mark.parametrize("count", [1, 5, 10, 50, 100])
def test_a_server_whose_counts_are_made_up_is_not_accused(count: int) -> None:
    check = PromptCheck()
    assert not any(check.is_cut("c", turns(turn), count) for turn in range(1, 30))
    assert not any(check.is_cut(f"c{turn}", turns(turn), count) for turn in range(1, 30))
