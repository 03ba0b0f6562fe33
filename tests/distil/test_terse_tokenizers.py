"""Claims about terse students: they do not read what every message has, and read no two messages alike."""

from dataclasses import replace
from pathlib import Path

import pytest

from horizon.core.errors import UsageError
from horizon.distil.card import command_of
from horizon.distil.dialogue_lessons import check_spelling, write_dialogues
from horizon.distil.lesson_files import load_dialogues, make_lessons
from horizon.distil.recipe import Recipe
from horizon.distil.tokenizers import constant_words, word_tokenizer


def test_words_and_marks_of_every_message_are_found() -> None:
    texts = ["<asked>Add 3, please.<reply>Answer: 3<asked>Add 4, please.<reply>Answer: 7"]
    assert constant_words(texts) == {"Add", ",", "please", "."}


def test_a_word_of_a_reply_is_read() -> None:
    assert constant_words(["<asked>Is it red ?<reply>red<asked>Is it blue ?<reply>red"]) == {"Is", "it", "?"}


def test_a_word_that_keeps_two_messages_apart_is_read() -> None:
    # Without "to", "1 to 12" and "11 to 2" would be one message.
    texts = ["<asked>1 to 12<reply>a<asked>11 to 2<reply>b"]
    assert constant_words(texts) == frozenset()


def test_a_part_of_another_word_is_read() -> None:
    texts = ["<asked>cup 1 cupboard<reply>x<asked>cup 2 cups<reply>x"]
    words = constant_words(texts)
    assert words == {"cup"}
    assert word_tokenizer(texts, words).encode(texts[0]).tokens == [
        *("<asked>", "1", "cupboard", "<reply>", "x"),
        *("<asked>", "2", "cups", "<reply>", "x"),
    ]


def test_a_message_without_words_leaves_nothing_out() -> None:
    assert constant_words(["<asked><reply>x"]) == frozenset()
    assert constant_words([""]) == frozenset()


@pytest.mark.parametrize(
    "environment", ["permutation:cups=10", "stack_machine", "running_total", "board_tracking", "list_editing"]
)
def test_terse_messages_differ_where_messages_do(environment: str) -> None:
    texts = write_dialogues(environment, 0, range(60), 6)
    words = constant_words(texts)
    full, terse = word_tokenizer(texts), word_tokenizer(texts, words)
    messages = {turn.partition("<reply>")[0] for text in texts for turn in text.split("<asked>")[1:]}
    read = [{tuple(tokenizer.encode(text).tokens) for text in messages} for tokenizer in (full, terse)]
    assert len(read[0]) == len(read[1]) and words
    check_spelling(environment, 0, range(60), 6, terse)


def test_a_terse_student_reads_half_of_the_tokens_and_needs_lessons_of_its_own(tmp_path: Path) -> None:
    full = Recipe("permutation:cups=9", "small", lessons=200, turns=4, steps=1)
    terse = replace(full, is_terse=True)
    for recipe, name in ((full, "full"), (terse, "terse")):
        make_lessons(recipe, tmp_path / name, lambda text: None)
    n_full, n_terse = (
        len(load_dialogues(recipe, tmp_path / name).tokens) for recipe, name in ((full, "full"), (terse, "terse"))
    )
    assert n_terse < 0.6 * n_full
    assert command_of(terse) == command_of(full).replace(" --out", " --terse --out")
    for recipe, name in ((full, "terse"), (terse, "full")):
        with pytest.raises(UsageError, match=f"is_terse={not recipe.is_terse}, not {recipe.is_terse}"):
            make_lessons(recipe, tmp_path / name, lambda text: None)


def test_terse_chess_is_refused() -> None:
    with pytest.raises(UsageError, match="--terse: students of chess"):
        Recipe(is_terse=True)
