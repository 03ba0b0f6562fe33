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
    "bad", ["windw:2", "window", "window:0", "window:x", "natural:2", "", "hide", "hide:me", "hide:own:2"]
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
