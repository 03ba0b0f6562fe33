"""Distribution shifts: the same task in another wording, with the same oracle.

A shift changes only the text: the names of objects, the notation, the orientation, the language of instruction, and
added sentences that have nothing to do with the task. Pure; knows no environment.
"""

from functools import lru_cache
from itertools import product
from typing import Literal, cast

from horizon.core.errors import UsageError
from horizon.core.registry import nearest
from horizon.core.seeds import derive, generator

WordingShift = Literal["names", "notation", "mirror", "german", "distractors"]
Language = Literal["english", "german"]
SHIFTS: tuple[WordingShift, ...] = ("names", "notation", "mirror", "german", "distractors")
SHIFT_HELP = "none, or any of names+notation+mirror+german+distractors: the same task in another wording"

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
_VOWELS = ("a", "e", "i", "o", "u")
_SYMBOLS = tuple("@#%&+=$~^!?<>[]")

_DISTRACTORS: dict[Language, tuple[str, ...]] = {
    "english": (
        "The weather in the harbour was mild that morning.",
        "A neighbour is painting the garden fence green.",
        "The library closes early on Thursdays.",
        "Somebody left an umbrella in the hallway.",
        "The kettle is on the stove.",
        "A train passes the village twice a day.",
        "The old clock on the wall runs slow.",
        "Fresh bread is sold at the corner shop.",
        "The ferry was late again last week.",
        "A cat sleeps on the window sill.",
    ),
    "german": (
        "Am Hafen war das Wetter an jenem Morgen mild.",
        "Ein Nachbar streicht den Gartenzaun grün.",
        "Die Bibliothek schließt donnerstags früh.",
        "Jemand hat einen Schirm im Flur vergessen.",
        "Der Kessel steht auf dem Herd.",
        "Zweimal am Tag fährt ein Zug durch das Dorf.",
        "Die alte Uhr an der Wand geht nach.",
        "Im Laden an der Ecke gibt es frisches Brot.",
        "Die Fähre war letzte Woche wieder verspätet.",
        "Eine Katze schläft auf der Fensterbank.",
    ),
}


@lru_cache(maxsize=256)
def read_shift(text: str) -> frozenset[WordingShift]:
    """Return the shifts of a parameter such as `names+mirror`; `none` is the textbook form.

    Raises:
        UsageError: an unknown shift, with the nearest ones.
    """
    if text == "none":
        return frozenset()
    for part in text.split("+"):
        if part not in SHIFTS:
            raise UsageError(f"shift={text}: no shift is called '{part}': {nearest(part, (*SHIFTS, 'none'))}")
    return frozenset(cast("list[WordingShift]", text.split("+")))


def language(shift: str) -> Language:
    """Return the language of instruction."""
    return "german" if "german" in read_shift(shift) else "english"


@lru_cache(maxsize=4096)
def display_names(shift: str, seed: int, kind: str, originals: tuple[str, ...]) -> dict[str, str]:
    """Return the shown name of each object of one kind in an instance, by original name; one to one.

    Under `names` they are seeded invented words, under `notation` (without `names`) symbols of one character, if
    there are enough of them. Treat the result as read-only: it is cached.
    """
    shifts = read_shift(shift)
    if "names" in shifts:
        return dict(zip(originals, invent_words(seed, kind, len(originals)), strict=True))
    if "notation" in shifts and len(originals) <= len(_SYMBOLS):
        chosen = generator(seed, "symbols", kind).sample(_SYMBOLS, len(originals))
        return dict(zip(originals, chosen, strict=True))
    return {name: name for name in originals}


@lru_cache(maxsize=4096)
def invent_words(seed: int, kind: str, n_words: int) -> tuple[str, ...]:
    """Return `n_words` different meaningless words of two or three open syllables, such as `zuro`."""
    syllables = ["".join(pair) for pair in product(_ONSETS, _VOWELS)]
    random = generator(seed, "invented words", kind)
    words: dict[str, None] = {}
    while len(words) < n_words:
        length = 2 if n_words <= 500 else 3
        words["".join(random.choice(syllables) for _ in range(length))] = None
    return tuple(words)


def with_distractor(shift: str, seed: int, turn: int, text: str) -> str:
    """Return the text, preceded by one unrelated sentence if the shift includes distractors."""
    if "distractors" not in read_shift(shift):
        return text
    sentences = _DISTRACTORS[language(shift)]
    return f"{sentences[derive(seed, 'distractor', turn) % len(sentences)]} {text}"
