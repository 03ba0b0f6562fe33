"""Parsing of names in an answer: ignores case, brackets, commas, arrows and filler words, but no other word.

Pure; knows no environment. The names are those shown to the model, so that they depend on the shift.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

_SPACES = re.compile(r"[\s,:]+")
_ARROWS = re.compile(r"->|→|=>|[()\[\]{}<>\-\"'`.;|/_*=~»]")


def parse_names(text: str, shown: Mapping[str, str], fillers: Collection[str] = ()) -> list[str] | None:
    """Return the original names in a text, in order; None if it contains a word that is neither name nor filler.

    `shown` maps original to shown names. A word is first compared as a whole, then without punctuation, since a shift
    may name an object `>`.
    """
    known = _by_spelling(tuple(shown.items()))
    originals: list[str] = []
    for word in filter(None, _SPACES.split(text)):
        if word in known or word.lower() in known:
            originals.append(known.get(word) or known[word.lower()])
            continue
        for part in filter(None, _ARROWS.split(word)):
            lowered = part.lower()
            if lowered in known:
                originals.append(known[lowered])
            elif lowered not in fillers:
                return None
    return originals


@lru_cache(maxsize=1024)
def _by_spelling(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {shown.lower(): original for original, shown in items}


_INTEGER = re.compile(r"(?<![\w.])[+-]?\d{1,3}(?:,\d{3})+(?![\d,])|(?<!\d)[+-]?\d+")
_WHOLE = re.compile(r"(\d)\.0{1,6}(?![\d.])")
_EQUATION = re.compile(r"[\s\d+*/().,×x-]{0,200}\d[\s).]{0,8}=(?P<result>[^=]*)")
_LONGEST_INTEGER = 40


def parse_integer(text: str) -> str | None:
    """Return the one integer in a text, such as `-7`, `1,200` or `12.0`, or the result of `5 + 7 = 12`; else None."""
    text = _WHOLE.sub(r"\1", text)
    if (equation := _EQUATION.fullmatch(text)) and re.search(r"\d\s*[+*/×x-]", text.partition("=")[0]):
        text = equation["result"]
    numbers = _INTEGER.findall(text)
    if len(numbers) != 1 or len(numbers[0]) > _LONGEST_INTEGER:
        return None
    return str(int(numbers[0].replace(",", "")))
