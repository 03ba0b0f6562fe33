"""Names heard in an answer: forgiving about case, brackets, commas, arrows and filler words, strict about the rest.

Pure; knows no environment. The names are those shown to the model, so a shift changes what is heard.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

_SPACES = re.compile(r"[\s,:]+")
_ARROWS = re.compile(r"->|→|=>|[()\[\]{}<>\-\"'`.;|/]")


def heard_names(text: str, shown: Mapping[str, str], fillers: Collection[str] = ()) -> list[str] | None:
    """Return the original names that a text says, in order; null when it holds a word that is neither name nor filler.

    `shown` is original -> shown. A word that is a shown name as it stands is taken before punctuation is cut off it,
    since a shift may call an object `>`.
    """
    known = _by_spelling(tuple(shown.items()))
    found: list[str] = []
    for word in filter(None, _SPACES.split(text)):
        if word in known or word.lower() in known:
            found.append(known.get(word) or known[word.lower()])
            continue
        for part in filter(None, _ARROWS.split(word)):
            lowered = part.lower()
            if lowered in known:
                found.append(known[lowered])
            elif lowered not in fillers:
                return None
    return found


@lru_cache(maxsize=1024)
def _by_spelling(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {shown.lower(): original for original, shown in items}


_INTEGER = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+|[+-]?\d+")
_LONGEST_INTEGER = 40


def heard_integer(text: str) -> str | None:
    """Return the one whole number that a text holds, as `-7` or `1200`; null when it holds none or several."""
    found = _INTEGER.findall(text)
    if len(found) != 1 or len(found[0]) > _LONGEST_INTEGER:
        return None
    return str(int(found[0].replace(",", "")))
