"""Claims about text that models continue: a dialogue stays open behind its lead, and a reply ends with its unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.answers import answer_line
from horizon.core.continuation import Unit, cut_reply, dialogue_text, is_over
from horizon.core.records import Message


def test_a_dialogue_is_paragraphs_with_the_last_answer_open() -> None:
    messages = [Message("system", "Rules."), Message("user", "What is 2+2?"), Message("assistant", "Answer: 4")]
    text = dialogue_text([*messages, Message("user", "And 3+3?")])
    assert text == "Rules.\n\nWhat is 2+2?\nAnswer: 4\n\nAnd 3+3?\nAnswer:"


@pytest.mark.parametrize(
    ("unit", "text", "reply"),
    [
        ("word", " Nf3 Nc6 3. Bb5", "Nf3"),
        ("word", "Nf3", "Nf3"),
        ("word", "\n2. Nf3 Nc6", "Nf3"),
        ("word", " 2... Nc6", "Nc6"),
        ("word", " 2.Nf3", "Nf3"),
        ("word", " 1-0", "1-0"),
        ("word", " {a comment}", "{a"),
        ("word", "  ", ""),
        ("line", " C A\n\nThe next is", "Answer: C A"),
        ("line", " C A", "Answer: C A"),
        ("line", "\nC A", "Answer:"),
    ],
)
def test_a_reply_is_the_first_word_or_line(unit: Unit, text: str, reply: str) -> None:
    assert cut_reply(unit, text) == reply


@pytest.mark.parametrize("unit", ["line", "word"])
@given(text=st.text("Nf3 12.\n", max_size=12), more=st.text("Nf3 12.\n", max_size=6))
def test_what_follows_the_end_of_a_reply_never_changes_it(unit: Unit, text: str, more: str) -> None:
    if is_over(unit, text) and (unit == "line" or text.split()[-1] not in ("1", "2", "12")):
        assert is_over(unit, text + more)
        assert cut_reply(unit, text + more) == cut_reply(unit, text)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8))
def test_a_line_is_read_back_as_an_answer(answer: str) -> None:
    # The reader normalises what it reads (NFKC), and drops marks that are not seen.
    assert answer_line(cut_reply("line", f" {answer}\nmore")) == answer_line(f"Answer: {answer}")
