"""Claims about reading answers: thinking is no answer, the last answer line counts, and time is linear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.answers import answer_line, is_complete, read_action, stands_when_cut
from horizon.core.reply_text import normalise, strip_thinking

LINES = [
    "Answer: a\n",
    "Answer: b\n",
    "a\n",
    "The answer is b.\n",
    "No, wait.\n",
    "You play Black. Legal moves: a b\n",
    "Which move do you play?\n",
    "User: next\n",
    "\n",
    "Final answer: b\n",
    "<answer>a</answer>\n",
    "Answer: ",
]


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
        ("I think the answer is white", "white"),
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


def test_a_partial_reply_is_complete_when_it_went_over_to_the_next_turn() -> None:
    assert is_complete("Answer: e4\nYou play Black. Legal moves: e5\n")
    assert is_complete("Answer: e4\nUser: e5\n")
    assert not is_complete("Answer: e4\nYou play Black.")
    # The last answer counts, so that one that may be taken back is not the end.
    assert not is_complete("Answer: e4\nNo, wait.\n")
    assert not is_complete("<think>Answer: e4\nYou play Black.\n")
    assert not is_complete("You play Black. Legal moves: e5\nWhich move do you play?\n")


@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_decoding_that_stops_at_a_complete_reply_changes_no_verdict(lines: list[str]) -> None:
    # A local model is stopped there, a served one writes on: the same text gets the same verdict.
    whole = "".join(lines)
    stop = next(
        (end for end in range(len(whole)) if whole[end - 1 : end] == "\n" and is_complete(whole[:end])), len(whole)
    )
    known = {letter: letter for letter in "ab"}
    assert read_action(whole[:stop], known.get) == read_action(whole, known.get)


@pytest.mark.parametrize(
    ("reply", "stands"),
    [
        ("Answer: a\n", True),
        ("Answer: a because it is", True),
        ("**Answer: a**\nThis is so beca", True),
        ("<answer>a</answer>", True),
        ("\\boxed{a}", True),
        ('{"answer": "a"', True),
        ("Answer: a", False),
        ("Answer:", False),
        ("<answer>a", False),
        ("Let me think about a and", False),
        ("a", False),
        ("<think>Answer: a\n", False),
    ],
)
def test_a_reply_that_was_cut_off_counts_where_its_answer_was_complete(reply: str, stands: bool) -> None:
    known = {letter: letter for letter in "ab"}
    assert stands_when_cut(reply, lambda text: read_action(text, known.get)) == stands


PIECES = [
    "<think>",
    "</think>",
    "Answer: ",
    "\n",
    "* ",
    "answer:*",
    "a:",
    "<answer>",
    "\\boxed{",
    "{,(",
    "```\n",
    " ",
    "ｅ",
    "\u200b",
]
PIECES += [
    "\x00",
    "\x1b[",
    "a\u0301\u0323",
    "\ufdfa",
    "&amp",
    "[move]",
    '{"move": "a"} ',
    "Answer:\n",
    "or ",
    "User:",
    "$",
    "\\text{",
]


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_with_the_text_and_not_with_its_square(piece: str) -> None:
    # No clock: at quadratic cost the worst piece takes minutes and stops the suite's own time limit.
    text = (piece * 50_000)[:50_000]
    read_action(text, {"a": "a"}.get)


def test_the_parser_is_asked_no_oftener_for_a_longer_reply() -> None:
    def count_questions(length: int) -> int:
        asked: list[str] = []
        read_action("Answer: " + "a or b, " * length, lambda text: asked.append(text))
        return len(asked)

    assert count_questions(10_000) <= count_questions(200)


@given(st.text(max_size=200))
def test_normalised_text_is_normal(text: str) -> None:
    once = normalise(text)
    assert not any(character < " " and character not in "\n\t" for character in once)
    assert "\u200b" not in once
