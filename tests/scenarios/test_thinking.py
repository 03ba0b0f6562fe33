"""Claims about earlier thinking in histories: each policy shows what its name says, and no other text is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.scenarios.thinking import Thinking, shown_reply, thinking_in, without_thinking

POLICIES: tuple[Thinking, ...] = ("keep", "drop", "last", "replace")
THOUGHT = "<think>\ne4 or d4?\n</think>\n\nAnswer: e4"


@pytest.mark.parametrize("policy", POLICIES)
@given(
    reply=st.text(alphabet=st.characters(exclude_characters="<[{◁⟨〈‹«【`")).filter(lambda text: "hinking" not in text)
)
def test_a_reply_without_thinking_is_shown_as_it_is(policy: Thinking, reply: str) -> None:
    if without_thinking(reply) == reply:
        assert shown_reply(reply, "", "", policy, is_last=False) == reply
    assert without_thinking(f"Answer: {reply}") == f"Answer: {reply}"


@pytest.mark.parametrize(
    ("policy", "is_last", "shown"),
    [
        ("keep", False, THOUGHT),
        ("drop", True, "Answer: e4"),
        ("last", True, THOUGHT),
        ("last", False, "Answer: e4"),
        ("replace", False, "<think>\nThe baker rests.\n</think>\n\nAnswer: e4"),
    ],
)
def test_thinking_in_the_reply_and_thinking_apart_from_it_are_shown_alike(
    policy: Thinking, is_last: bool, shown: str
) -> None:
    own = shown_reply(THOUGHT, "", "The baker rests.", policy, is_last=is_last)
    apart = shown_reply("Answer: e4", "e4 or d4?", "The baker rests.", policy, is_last=is_last)
    assert own == apart == shown


def test_thinking_that_the_template_opened_or_that_never_ends_is_dropped() -> None:
    assert without_thinking("e4 or d4?</think>\n\nAnswer: e4") == "Answer: e4"
    assert without_thinking("<think>e4 or d4?") == ""
    assert thinking_in("e4 or d4?</think>\n\nAnswer: e4", "") == "e4 or d4?"
    assert thinking_in("Answer: e4", "") == ""
