"""Tokenizers of students: what a student reads of a prompt, and its chat template.

Both drop the rules, which a student was trained on and need not read. The one for chess keeps only positions and
moves, so that another wording of a prompt changes nothing; the one for other tasks keeps words and digits.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordLevel

from horizon.distil.move_spelling import CASTLING, MEN

PAD, UNKNOWN, END, REPLY, ASKED = "<pad>", "<unk>", "<end>", "<reply>", "<asked>"
SPECIAL = (PAD, UNKNOWN, END, REPLY, ASKED)
"""The tokens of every student, in the order of their numbers; a reply begins after REPLY and ends with END."""

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'system' %}<rules>{{ message.content }}</rules>"
    "{% elif message.role == 'user' %}<asked>{{ message.content }}"
    "{% else %}<reply>{{ message.content }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<reply>{% endif %}"
)
"""The chat template; the tokenizers drop what is between `<rules>` and `</rules>`."""

# The fields of a FEN after its placement: side to move and castling.
_FEN_TAIL = " [wb] (?:[KQkq]{1,4}|-) "
_PLACEMENT_LEFT = rf"(?=[pnbrqkPNBRQK.1-8/]*{_FEN_TAIL})"
_MOVE = (
    r"(?<![A-Za-z0-9])(?:O-O-O|O-O|[KQRBN]?[a-h]?[1-8]?[a-h][1-8](?:=[QRBN])?|[a-h]x[a-h][1-8](?:=[QRBN])?)"
    r"(?![A-Za-z0-9])"
)
_CHESS_TOKEN = "|".join(
    (
        "<reply>",
        rf"[pnbrqkPNBRQK.]{{2}}(?=[pnbrqkPNBRQK./]*{_FEN_TAIL})",
        r"(?<=[pnbrqkPNBRQK.] )[wb](?= (?:[KQkq]{1,4}|-) )",
        r"(?<= [wb] )(?:[KQkq]{1,4}|-)(?= )",
        _MOVE,
    )
)
_WORD = r"<reply>|<asked>|[A-Za-zÄÖÜäöüß']+|[0-9]|[^\s\w]"


def chess_tokenizer(spellings: Iterable[str]) -> Tokenizer:
    """Return the tokenizer of chess students: 32 pairs of squares a FEN, one token a move, and nothing else.

    `spellings` are the moves of its vocabulary, as `spell_moves` writes them. Lists of legal moves are not read.
    """
    pairs = [one + other for one in MEN for other in MEN]
    squares = [f"{file}{rank}" for rank in range(1, 9) for file in "abcdefgh"]
    rest = [word for word in dict.fromkeys(spellings) if word not in squares]
    words = dict.fromkeys((*SPECIAL, *pairs, "w", "b", *CASTLING, *squares, *rest))
    tokenizer = _word_level(words)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"<rules>[\s\S]*?</rules>"), ""),
            normalizers.Replace(Regex(r"(?i:legal moves)[^\n<]*"), ""),
            *(normalizers.Replace(Regex(f"{n}{_PLACEMENT_LEFT}"), "." * n) for n in range(1, 9)),
            normalizers.Replace(Regex(r"(?<=[KQRBN])x|(?<=[KQRBN][a-h1-8])x|(?<=[KQRBN][a-h][1-8])x"), ""),
            normalizers.Replace(Regex(r"(?<=[1-8QRBNO])[+#]"), ""),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_CHESS_TOKEN), "removed", invert=True)
    return tokenizer


def word_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Return the tokenizer of students of other tasks: the words, digits and marks of these texts."""
    tokenizer = _word_level(dict.fromkeys(SPECIAL))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"<rules>[\s\S]*?</rules>"), ""),
            normalizers.Replace(Regex(r"(?<=<reply>)Answer: "), ""),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_WORD), "removed", invert=True)
    # A word is written after a space; the digits of a number are not.
    tokenizer.decoder = decoders.Sequence([decoders.Replace(Regex("^(?=[A-Za-z])"), " ")])
    words = dict.fromkeys(SPECIAL)
    for text in texts:
        pieces = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
        words |= dict.fromkeys(word for word, _ in pieces)
    tokenizer.model = WordLevel({word: number for number, word in enumerate(words)}, unk_token=UNKNOWN)
    return tokenizer


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
