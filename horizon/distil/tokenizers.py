"""Tokenizers of students: what a student reads of a prompt, and its chat template.

Both drop the rules, which a student was trained on and need not read. The one for chess keeps only positions and
moves, so that another wording of a prompt changes nothing; the one for other tasks keeps words and digits.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordLevel

from horizon.distil.move_spelling import CASTLING, MEN, all_moves

PAD, UNKNOWN, END, REPLY, ASKED = "<pad>", "<unk>", "<end>", "<reply>", "<asked>"
SPECIAL = (PAD, UNKNOWN, END, REPLY, ASKED)
"""The tokens of every student, in the order of their numbers; a reply ends with END.

Before a reply comes REPLY, but in chess, where it follows a position or the opponent's move.
"""

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'system' %}<rules>{{ message.content }}</rules>"
    "{% elif message.role == 'user' %}<asked>{{ message.content }}"
    "{% else %}<reply>{{ message.content }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<reply>{% endif %}"
)
"""The chat template; the tokenizers drop what is between `<rules>` and `</rules>`."""

# What follows the placement in a FEN: side to move, castling, en passant.
_FEN_TAIL = " [wb] (?:[KQkq]{1,4}|-) (?:[a-h][36]|-)"
_PLACEMENT_LEFT = rf"(?=[pnbrqkPNBRQK.1-8/]*{_FEN_TAIL})"
_MEN = "[pnbrqkPNBRQK]"
NOTE = "could not be played"
"""What a chess student reads of the note after a reply that was not played."""
_CHESS_TOKEN = "|".join(
    (
        NOTE,
        rf"{_MEN}@[a-h][1-8]",
        r"(?<=@h1 )[wb](?= (?:[KQkq]{1,4}|-) )|(?<=\. )[wb](?= (?:[KQkq]{1,4}|-) )",
        r"(?<= [wb] )(?:[KQkq]{1,4}|-)(?= (?:[a-h][36]|-))",
        r"(?<=[KQkq-] )[a-h][36](?= \d)",
        r"(?<![A-Za-z0-9@])[a-h][1-8][a-h][1-8][nbrq]?(?![A-Za-z0-9])",
    )
)
_LETTERS = "A-Za-zÄÖÜäöüß'"


def chess_tokenizer() -> Tokenizer:
    """Return the tokenizer of chess students: a token per man with its square, a token per move in UCI, nothing else.

    Lists of legal moves are not read. The name of a man's square is put behind him by one expression per square, which
    counts what is left of the placement.
    """
    squares = [f"{file}{rank}" for rank in range(1, 9) for file in "abcdefgh"]
    men = [f"{man}@{square}" for man in MEN for square in squares]
    tokenizer = _word_level(dict.fromkeys((*SPECIAL, NOTE, *men, "w", "b", *CASTLING, *squares, *all_moves())))
    # From h1 back to a8, so that the squares named already are not counted.
    named = (
        normalizers.Replace(Regex(rf"(?<={_MEN})(?={_squares_left(place)}{_FEN_TAIL})"), f"@{squares[place ^ 56]}")
        for place in reversed(range(64))
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"<rules>[\s\S]*?</rules>"), ""),
            normalizers.Replace(Regex(r"(?i:legal moves)[^\n<]*"), ""),
            *(normalizers.Replace(Regex(f"{n}{_PLACEMENT_LEFT}"), "." * n) for n in range(1, 9)),
            *named,
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_CHESS_TOKEN), "removed", invert=True)
    return tokenizer


def _squares_left(place: int) -> str:
    """Return the expression of what follows a square in an expanded placement, squares counted from a8 to h1."""
    return rf"/?(?:(?:[.]|{_MEN}@[a-h][1-8])/?){{{63 - place}}}"


def word_tokenizer(texts: Iterable[str], without: Collection[str] = ()) -> Tokenizer:
    """Return the tokenizer of students of other tasks: the words, digits and marks of these texts.

    It does not read the words and marks in `without`.
    """
    tokenizer = _word_level(dict.fromkeys(SPECIAL))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"<rules>[\s\S]*?</rules>"), ""),
            normalizers.Replace(Regex(r"(?<=<reply>)Answer: "), ""),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_pieces(without)), "removed", invert=True)
    # A word is written after a space; the digits of a number are not.
    tokenizer.decoder = decoders.Sequence([decoders.Replace(Regex("^(?=[A-Za-z])"), " ")])
    words = dict.fromkeys(SPECIAL)
    for text in texts:
        pieces = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
        words |= dict.fromkeys(word for word, _ in pieces)
    tokenizer.model = WordLevel({word: number for number, word in enumerate(words)}, unk_token=UNKNOWN)
    return tokenizer


def _pieces(without: Collection[str]) -> str:
    """Return the expression of a word, digit or mark that is read."""
    words = "|".join(sorted(re.escape(word) for word in without if word.isalpha()))
    marks = "".join(sorted(re.escape(mark) for mark in without if not mark.isalpha()))
    word = rf"(?<![{_LETTERS}])(?!(?:{words})(?![{_LETTERS}]))[{_LETTERS}]+" if words else f"[{_LETTERS}]+"
    return rf"<reply>|<asked>|{word}|[0-9]|[^\s\w{marks}]"


def constant_words(texts: Iterable[str]) -> frozenset[str]:
    """Return words and marks that every message of these dialogues has, no reply has, and no two messages differ in.

    Without them no two different messages are read alike.
    """
    split = re.compile(_pieces(()))
    asked: set[tuple[str, ...]] = set()
    replied: set[str] = set()
    for text in texts:
        for turn in text.split(ASKED)[1:]:
            message, _, reply = turn.partition(REPLY)
            asked.add(tuple(split.findall(message)))
            replied.update(split.findall(reply))
    common = set[str].intersection(*map(set, asked)) if asked else set()
    chosen: frozenset[str] = frozenset()
    for word in sorted(word for word in common - replied if not word.isdigit()):
        shorter = {tuple(piece for piece in message if piece != word) for message in asked}
        if len(shorter) == len(asked):
            asked, chosen = shorter, chosen | {word}
    return chosen


def save_tokenizer(tokenizer: Tokenizer, folder: Path, context_tokens: int) -> None:
    """Write a tokenizer and the chat template into a model's folder, as transformers reads them."""
    from transformers import PreTrainedTokenizerFast

    make: Any = PreTrainedTokenizerFast
    wrapped = make(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        model_max_length=context_tokens,
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)


def _word_level(words: Iterable[str]) -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token=UNKNOWN))
    return tokenizer
