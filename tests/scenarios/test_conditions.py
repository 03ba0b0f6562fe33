"""Claims about what each condition shows."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.scenarios.conditions import show as show_view
from horizon.scenarios.views import Exchange, Shown, View


def exchange(number: int, erred: bool = False, is_attempt: bool = False) -> Exchange:
    return Exchange(f"asked {number}", f"posed {number}", f"reply {number}", erred, is_attempt)


def show(condition: str, rules: str, history: Sequence[Exchange], asked: str, posed: str) -> Shown:
    return show_view(condition, View(rules, history, asked, posed, plain=asked))


HISTORY = (exchange(1), exchange(2, erred=True), exchange(3), exchange(4, erred=True))


def texts(condition: str) -> list[str]:
    return [each.content for each in show(condition, "rules", HISTORY, "asked 5", "posed 5").messages]


def test_natural_shows_the_whole_history_with_the_first_state_in_full() -> None:
    assert texts("natural") == [
        "rules",
        "posed 1",
        "reply 1",
        "asked 2",
        "reply 2",
        "asked 3",
        "reply 3",
        "asked 4",
        "reply 4",
        "asked 5",
    ]
    shown = show("natural", "rules", HISTORY, "asked 5", "posed 5")
    assert (shown.turn, shown.prior_errors) == (5, 2)


def test_fresh_shows_the_state_alone_as_turn_one() -> None:
    assert texts("fresh") == ["rules", "posed 5"]
    shown = show("fresh", "rules", HISTORY, "asked 5", "posed 5")
    assert (shown.turn, shown.prior_errors) == (1, 0)


def test_a_window_shows_the_last_turns_and_opens_with_its_first_state_in_full() -> None:
    assert texts("window:2") == ["rules", "posed 3", "reply 3", "asked 4", "reply 4", "asked 5"]
    assert show("window:2", "rules", HISTORY, "asked 5", "posed 5").prior_errors == 1
    assert texts("window:99") == texts("natural")


def test_a_window_keeps_the_attempts_of_the_turns_it_keeps() -> None:
    history = (exchange(1), exchange(2, is_attempt=True), exchange(3), exchange(4))
    shown = show("window:2", "rules", history, "asked 5", "posed 5")
    assert [each.content for each in shown.messages][1] == "posed 2"
    assert shown.turn == 3


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12), st.integers(1, 14))
def test_a_window_of_k_never_shows_more_than_k_turns(kinds: list[tuple[bool, bool]], k: int) -> None:
    history = [exchange(i, erred and not attempt, attempt) for i, (erred, attempt) in enumerate(kinds)]
    shown = show(f"window:{k}", "rules", history, "asked", "posed")
    turns = sum(not attempt for _, attempt in kinds)
    assert shown.turn == min(k, turns) + 1
    assert [each.role for each in shown.messages[1:]] == ["user", "assistant"] * ((len(shown.messages) - 2) // 2) + [
        "user"
    ]


@pytest.mark.parametrize(
    "bad",
    [
        "windw:2",
        "window",
        "window:0",
        "window:x",
        "natural:2",
        "",
        "hide",
        "hide:me",
        "hide:own:2",
        "kv:1",
        "kv:17",
        "kv",
        "recut:0",
        "recut",
    ],
)
def test_an_unknown_condition_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"condition"):
        show(bad, "rules", (), "asked", "posed")


def test_hidden_messages_are_earlier_ones_of_one_side_in_the_natural_conversation() -> None:
    natural = show("natural", "rules", HISTORY, "asked 5", "posed 5")
    for condition, role in (("hide:own", "assistant"), ("hide:other", "user")):
        shown = show(condition, "rules", HISTORY, "asked 5", "posed 5")
        assert shown.messages == natural.messages
        assert {shown.messages[place].role for place in shown.recall.hidden} == {role}
        assert len(shown.recall.hidden) == 4
        assert len(shown.messages) - 1 not in shown.recall.hidden
    assert show("hide:own", "rules", HISTORY, "asked 5", "posed 5").prior_errors == 0
    assert show("hide:other", "rules", HISTORY, "asked 5", "posed 5").prior_errors == 2


def test_at_turn_one_nothing_is_hidden() -> None:
    assert show("hide:own", "rules", (), "posed", "posed") == show("natural", "rules", (), "posed", "posed")


def test_a_rounded_history_is_the_natural_conversation_with_its_bits() -> None:
    shown = show("kv:4", "rules", HISTORY, "asked 5", "posed 5")
    assert shown.messages == show("natural", "rules", HISTORY, "asked 5", "posed 5").messages
    assert shown.recall.bits == 4
    assert show("kv:4", "rules", (), "posed", "posed") == show("natural", "rules", (), "posed", "posed")


def test_longer_turns_quote_the_replies_inside_them() -> None:
    assert texts("recut:2") == [
        "rules",
        "posed 1\n\nYou replied: reply 1\n\nasked 2",
        "reply 2",
        "asked 3\n\nYou replied: reply 3\n\nasked 4",
        "reply 4",
        "asked 5",
    ]
    assert texts("recut:3") == [
        "rules",
        "posed 1\n\nYou replied: reply 1\n\nasked 2\n\nYou replied: reply 2\n\nasked 3",
        "reply 3",
        "asked 4\n\nYou replied: reply 4\n\nasked 5",
    ]
    assert len(texts("recut:all")) == 2
    assert texts("recut:all") == texts("recut:99")


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12), st.integers(1, 14))
def test_a_recut_transcript_has_every_text_once_in_its_order(kinds: list[tuple[bool, bool]], k: int) -> None:
    history = [exchange(i, erred and not attempt, attempt) for i, (erred, attempt) in enumerate(kinds)]
    while history and history[-1].is_attempt:
        history.pop()
    natural = show("natural", "rules", history, "asked now", "posed now")
    shown = show(f"recut:{k}", "rules", history, "asked now", "posed now")
    words = "\n\n".join(message.content for message in shown.messages).replace("You replied: ", "")
    assert words == "\n\n".join(message.content for message in natural.messages)
    assert shown.prior_errors == natural.prior_errors
    assert shown.turn == -(-natural.turn // k)
    if k == 1:
        assert shown == natural
    if not any(attempt for _, attempt in kinds):
        assert sum(message.role == "user" for message in shown.messages) == shown.turn
