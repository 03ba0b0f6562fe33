"""Claims about `human`: the person sees the task once, types a line, and can neither be fooled nor lost silently."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import Posed, Request, open_model
from horizon.core.records import Message, Reply
from horizon.models.human import HumanModel, plain


class Unseen:
    """A posed state that nobody may look at."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"human looked at the posed state's {name}")


def request(asked: str, conversation: str = "one", turn: int = 1) -> Request:
    posed: Posed = Unseen()  # type: ignore[assignment]
    messages = [Message("system", "THE RULES")]
    for number in range(1, turn):
        messages += [Message("user", f"question {number}"), Message("assistant", f"reply {number}")]
    return Request((*messages, Message("user", asked)), 0, conversation, turn, 0, posed)


def at_terminal(typed: str) -> tuple[HumanModel, io.StringIO]:
    shown = io.StringIO()
    return HumanModel(io.StringIO(typed), shown), shown


def test_requests_are_asked_one_at_a_time_in_order() -> None:
    model, shown = at_terminal("e4\nd4\n")
    replies = model.reply([request("first?", "one"), request("second?", "two")])
    assert [reply.text for reply in replies if isinstance(reply, Reply)] == ["e4", "d4"]
    assert shown.getvalue().index("first?") < shown.getvalue().index("second?")
    assert all(isinstance(reply, Reply) and reply.latency_ms is not None for reply in replies)


def test_the_rules_are_shown_once_a_conversation_and_the_history_never() -> None:
    model, shown = at_terminal("a\nb\nc\n")
    model.reply([request("now 1?", "one", 1)])
    model.reply([request("now 2?", "one", 2)])
    assert shown.getvalue().count("THE RULES") == 1
    assert "question 1" not in shown.getvalue()
    model.reply([request("now 1?", "two", 1)])
    assert shown.getvalue().count("THE RULES") == 2


def test_an_empty_line_is_an_empty_reply() -> None:
    model, _ = at_terminal("\n")
    (reply,) = model.reply([request("?")])
    assert isinstance(reply, Reply) and reply.text == ""


def test_a_last_line_without_a_newline_counts() -> None:
    model, _ = at_terminal("Nf3")
    (reply,) = model.reply([request("?")])
    assert isinstance(reply, Reply) and reply.text == "Nf3"


@pytest.mark.parametrize("typed", ["", "quit\n", " QUIT\n"])
def test_a_person_who_leaves_gives_no_reply_and_no_failure(typed: str) -> None:
    model, _ = at_terminal(f"e4\n{typed}")
    model.reply([request("?", "one")])
    with pytest.raises(KeyboardInterrupt):
        model.reply([request("?", "two")])


def test_a_closed_terminal_is_a_failure() -> None:
    closed = io.StringIO("e4\n")
    closed.close()
    (reply,) = HumanModel(closed, io.StringIO()).reply([request("?")])
    assert isinstance(reply, ModelFailure)


def test_the_terminal_is_standard_input_and_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("e4\n"))
    (reply,) = open_model("human").reply([request("your move")])
    assert isinstance(reply, Reply) and reply.text == "e4"
    captured = capsys.readouterr()
    assert captured.out == "" and "your move" in captured.err


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;a new title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("a\x08\x7f\x00b", "ab"),
        ("right\u202eleft", "rightleft"),
        ("8 r n\n7 p\tp", "8 r n\n7 p\tp"),
        ("♔ Zürich 将", "♔ Zürich 将"),
        ("no\u00a0break", "no break"),
    ],
)
def test_terminal_escapes_are_stripped(hostile: str, harmless: str) -> None:
    assert plain(hostile) == harmless


@given(st.text(alphabet=st.sampled_from("\x1b\x9b\x9d[]0;mJ\x07\\ab\n\t\x00"), max_size=40) | st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    assert all(each.isprintable() or each in "\n\t" for each in plain(text))


def test_a_person_is_not_reproducible() -> None:
    model = open_model("human")
    assert model.reads_text and model.identity()["reproducible"] is False and model.identity()["why"]
    model.close()
    model.close()


def test_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="human takes no settings"):
        open_model("human:slow")
