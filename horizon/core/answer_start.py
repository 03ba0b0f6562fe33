"""The start of an answer: wrapping is taken off, explanations after it are left out, alternatives refused.

A text in and an environment's parser, an action out. The parser reads a text that is one action and nothing else;
here is decided which text that is. Linear in the text, which is cut at `LONGEST_ANSWER`. Knows no mark and no
environment.
"""

import re
from collections.abc import Callable, Iterator

from horizon.core.answer_words import ALTERNATIVE_WORDS

LONGEST_ANSWER = 400
"""The number of characters of an answer in which an action is searched: no action is longer."""
LONGEST_SERIES = 20_000
"""The number of characters of an answer that is parsed as a whole: a series of actions may be long."""
MOST_WORDS = 40
_MOST_BOUNDARIES = 8
_MOST_LAYERS = 6

_MARKS = " \t\r\n*_`\"'“”‘’"
_QUOTES = _MARKS + "„‚‛‟«»‹›′″´$~"
_BRACKETS = dict(zip("([{<⟨〈【「『〔《", ")]}>⟩〉】」』〕》", strict=True))
_CLOSING = frozenset(_BRACKETS.values())
_ENDING = ".,;:!|\\/="
_PICTURES = re.compile(
    r"^[\U0001f300-\U0001faff\u2600-\u2653\u2660-\u2790\u2b50-\u2b55 ]+|"
    r"[\U0001f300-\U0001faff\u2600-\u2653\u2660-\u2790\u2b50-\u2b55 ]{1,40}$"
)
"""Pictures around an answer; chess pieces are none."""
_ESCAPED_END = re.compile(r"\\r?\\?n(?![a-z])")
"""A line end that was escaped once too often."""
_BULLET = re.compile(r"(?:[-•‣◦·*+>#→]{1,6}|={1,3}>|:)[ \t]{1,8}(?=\S)")
_NUMBER = re.compile(r"\(?\d{1,2}[.)][ \t]{1,8}(?=\S)")

_COMMAND = re.compile(
    r"\\(?:text(?:bf|tt|it|rm|sf|normal)?|math(?:rm|bf|tt|sf|it|bb|cal|normal)|operatorname|[mh]box|boxed|fbox|"
    r"framebox|"
    r"ensuremath|emph|underline|bm|boldsymbol|verb|textcolor\s?\{[^{}]{1,20}\}|color\s?\{[^{}]{1,20}\}|"
    r"colorbox\s?\{[^{}]{1,20}\}|"
    r"(?:tiny|small|normalsize|large|Large|LARGE|huge|Huge))\s?\*?\s?\{(?P<inside>[^{}]*)\}"
)
_LATEX = (
    (re.compile(r"\\(?:to|(?:long)?rightarrow|Rightarrow|mapsto)\b"), "->"),
    (re.compile(r"\\times\b"), "x"),
    (
        re.compile(
            r"\\(?:quad|qquad|left|right|rm|bf|tt|it|displaystyle|tiny|small|normalsize|large|Large|LARGE|huge|"
            r"Huge)\b|\\[,;:! ]|\\\\|\\[()\[\]]"
        ),
        " ",
    ),
    (re.compile(r"\\([#_&%{}$])"), r"\1"),
)
_LABEL = re.compile(
    r"(?:(?:my|the|our|your|final|best|next|correct|right|chosen|so|therefore)[ _]){0,4}"
    r"(?:answer|move|action|choice|solution|result|reply|response|decision|output|step)\b"
    r"(?:[ \t]{0,3}(?:is|was|would be|will be|should be)\b[ \t]?:?|[ \t*_`]{0,4}(?:[:=→|]|->|[\])}>])|(?=[ \t]))[ "
    r"\t*_`]{0,6}",
    re.IGNORECASE,
)
_LEADING_WORDS = re.compile(
    r"(?:(?:so|then|well|ok|okay|yes|sure|certainly|now|i think|i believe|i guess|it is|it's|that is|that's|is|"
    r"to|just|simply|"
    r"(?:i|we)(?:'ll|'d| will| would| should| can| shall)?(?: choose| pick| select| play| go with| go| take| "
    r"answer| say| move)?|"
    r"choose|pick|select|play|let's(?: go with| play| choose)?|go with|answer|move|action|make_move)\b(?!')[ "
    r"\t,:=(\"*`!]{1,4}){1,6}",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\W{0,8}(?:(?:it|i|we|that|this|is|was|would|should|do|does|will|can|must|are|the answer)[ \t]){0,4}"
    r"(?:not|never|avoid|don't|doesn't|isn't|won't|wouldn't|can't|cannot|neither|anything (?:but|except)|"
    r"everything (?:but|except)|all (?:but|except)|none of|any of)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\W{0,8}(?:(?:MOVE|ACTION|ANSWER|WORD|NAME|NUMBER|VALUE|DIRECTION|TILE|YOUR|HERE|THE|FROM|TO|WHO|PIECE|"
    r"OBJECT)(?:[ _-]|\b)){1,4}"
    r"\W{0,8}|\W{0,4}(?i:(?:your|my|the|insert|legal|chosen)[ _-](?:(?:final|best|next)[ _-])?(?:answer|move|"
    r"action|choice)(?:[ _-]here)?)"
    r"\W{0,8}|[\[<{(](?i:answer|move|action)[\]>})]|[\s.…_*\"'`-]{0,40}"
)
_BOUNDARY = re.compile(
    r"[.!?](?=\s|$)|\s*[(\[{]|\s+-{1,3}\s+|:\s|\n|\s*(?:->|=>|→)\s|,?\s+(?:because|since|as|which|that|so|for|"
    r"after|before|when|while|"
    r"if|instead|rather|not|but|then|with|in order|due|based|given|making|leaving|to avoid|is|was|would|will|"
    r"should|seems|looks|though|"
    r"although|unless|until|where|whose|thereby|thus|therefore|hence|it|this|we|i|followed by|and (?:then|it|this|"
    r"that|so|i))\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(rf"\W*(?:{ALTERNATIVE_WORDS})\b", re.IGNORECASE)
_CONNECTOR = re.compile(
    rf"(?:[\s,;/|&+*×·、\"'“”`\[\](){{}}-]|\b(?:{ALTERNATIVE_WORDS}|and|and/or|nor|either|also|versus|vs)\b\.?)+",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Return whether an answer is empty or only names what should be in its place: `MOVE`, `<your answer>`, `...`."""
    return _PLACEHOLDER.fullmatch(text.strip()[: 2 * MOST_WORDS]) is not None and len(text.strip()) < 2 * MOST_WORDS


def unwrap(text: str) -> Iterator[str]:
    """Yield the text without emphasis, quotes and full stop, then without all wrapping, then without leading words.

    In this order, as a dollar or a bracket may be the name of something.
    """
    if "\\" in text:
        text = _without_latex(_ESCAPED_END.sub("\n", text))
    light = text.strip(_MARKS)
    if light.endswith(".") and not light.endswith(".."):
        light = light[:-1].rstrip(_MARKS)
    yield light
    plain = _plain(text)
    yield plain
    for lead in (_NUMBER, _LEADING_WORDS):
        if (words := lead.match(plain)) and words.end() < len(plain):
            yield _plain(plain[words.end() :])


def _plain(text: str) -> str:
    """Return the text without LaTeX, labels, bullets, quotes and brackets around it."""
    if "\\" in text or "$" in text:
        text = _without_latex(text).replace("$", " ")
    for _ in range(_MOST_LAYERS):
        before = text
        text = text if text.isascii() else _PICTURES.sub("", text)
        text = _unbracket(text.strip(_QUOTES).rstrip(_ENDING + _QUOTES))
        for pattern in (_BULLET, _LABEL):
            if (label := pattern.match(text)) and label.end() < len(text):
                text = text[label.end() :]
        if text == before:
            break
    return text


def _without_latex(text: str) -> str:
    for _ in range(_MOST_LAYERS):
        text, n_changed = _COMMAND.subn(lambda command: command.group("inside"), text)
        if not n_changed:
            break
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    return text


def _unbracket(text: str) -> str:
    """Return the text without a pair of brackets around the whole, or a bracket that has no partner."""
    if not text:
        return text
    closing = _BRACKETS.get(text[0])
    if closing and (text.find(closing) in (-1, len(text) - 1)):
        return text[1:].removesuffix(closing)
    while len(text) > 2 and closing and text[-1] == closing and text[1:].startswith(text[0]) and text[-2] == closing:
        # Brackets in brackets.
        text = text[1:-1]
    if text.startswith("=="):
        return text.lstrip("=")
    if len(text) > 4 and text.startswith("++") and text.endswith("++"):
        return text[2:-2]
    if text[-1] in _CLOSING and not any(opening in text for opening, end in _BRACKETS.items() if end == text[-1]):
        return text[:-1]
    return text


def read_start(text: str, parse: Callable[[str], str | None]) -> str | None:
    """Return the action that an answer names: the whole of it, or what it starts with before an explanation.

    None where it names none, where its start is negated, or where it offers several: "C A or B C", "north, east".
    """
    candidates = list(unwrap(text[:LONGEST_SERIES]))
    if any(_NEGATED.match(candidate) for candidate in candidates):
        return None
    # A number at the start may be the answer or its bullet: it is taken off only after all else.
    for some in (candidates[:2], candidates[2:]):
        for read in (_whole, _before_explanation):
            for candidate in dict.fromkeys(some):
                if (action := read(candidate, parse)) is not None:
                    return action
    return None


def _whole(text: str, parse: Callable[[str], str | None]) -> str | None:
    return parse(text) if text else None


def _before_explanation(text: str, parse: Callable[[str], str | None]) -> str | None:
    text = text[:LONGEST_ANSWER]
    for number, boundary in enumerate(_BOUNDARY.finditer(text)):
        if number >= _MOST_BOUNDARIES:
            break
        head = _plain(text[: boundary.start()])
        if head and (action := parse(head)) is not None:
            is_asked = boundary.group() == "?" or _OTHERWISE.match(text[boundary.end() :])
            is_one_of = is_asked and _offers_other(text[boundary.end() :], head, parse)
            return None if is_one_of else action
    return _of_first_words(text, parse)


def _of_first_words(text: str, parse: Callable[[str], str | None]) -> str | None:
    """Return the action of the first words where other words, but no further action, follow."""
    ends = [word.end() for word in re.finditer(r"[^\s,;/|]+", text)][:MOST_WORDS]
    named = [(end, action) for end in ends if (action := parse(text[:end].rstrip(",;:"))) is not None]
    if not named:
        return None
    # A parser that ignores words reads more than the action; one of lists reads a part of it in fewer words.
    end, action = named[0] if named[0][1] == named[-1][1] else named[-1]
    return None if _offers_other(text[end:], text[:end], parse) else action


def _offers_other(rest: str, head: str, parse: Callable[[str], str | None]) -> bool:
    """Return whether a further action, or a further name of the same kind, follows an action."""
    connector = _CONNECTOR.match(rest)
    words = rest[connector.end() if connector else 0 :].split()[: len(head.split()) + 1]
    if any(parse(" ".join(words[:n]).rstrip(".,;:!?)]}")) is not None for n in range(1, len(words) + 1)):
        return True
    own = head.split()
    following = words[0].strip(".,;:!?()") if words else ""
    return (
        len(own) > 1
        and bool(following)
        and any(parse(" ".join([*own[:place], following, *own[place + 1 :]])) is not None for place in range(len(own)))
    )
