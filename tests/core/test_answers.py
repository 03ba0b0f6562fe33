"""Claims about reading answers: thinking is no answer, the last answer line counts, and time is linear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.answers import answer_line, is_complete, strip_thinking


@pytest.mark.parametrize(
    ("reply", "left"),
    [
        ("<think>Answer: a</think>Answer: b", "Answer: b"),
        ("so a it is</think>Answer: b", "Answer: b"),
        ("<think>never ends Answer: a", ""),
        ("x<think>1</think>y<think>2</think>z", "xyz"),
        ("plain", "plain"),
    ],
)
def test_thinking_is_cut_out(reply: str, left: str) -> None:
    assert strip_thinking(reply) == left


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        ("Answer: Nf3", "Nf3"),
        ("**Answer:** Nf3.", "Nf3"),
        ("answer = `e4`", "e4"),
        ("Answer: a\nAnswer: b", "b"),
        ("> Answer: \\boxed{42}", "42"),
        ("Answer:", None),
        ("The answer: a", "a"),
        ("The answer is: Nf3.", "Nf3"),
        ("So the next move is to Kc2.", "Kc2"),
        ("The answer is white.\nAnswer: black", "black"),
        ("Answer: black\nThe answer is white.", "black"),
        ("I think the answer is white", None),
        ("The movement is slow", None),
        ("no such line", None),
        ("Answer: “e4”", "e4"),
    ],
)
def test_the_last_answer_line_is_read_bare(reply: str, line: str | None) -> None:
    assert answer_line(reply) == line


@given(st.text(max_size=300))
def test_any_text_is_read_without_raising(text: str) -> None:
    line = answer_line(strip_thinking(text))
    assert line is None or (line == line.strip() and "\n" not in line)


def test_a_reply_is_complete_when_its_answer_line_has_ended() -> None:
    assert is_complete("Answer: e4\n")
    assert not is_complete("Answer: e4")
    assert not is_complete("<think>Answer: e4\n")


@pytest.mark.parametrize("piece", ["<think>", "</think>", "Answer: ", "\n", "* ", "answer:*", "<think></think>", "a:"])
def test_the_work_grows_with_the_text_and_not_with_its_square(piece: str) -> None:
    # No clock: a megabyte of the worst piece would take minutes at quadratic cost and stop the suite's own time limit.
    text = piece * (1_000_000 // len(piece))
    answer_line(strip_thinking(text))
