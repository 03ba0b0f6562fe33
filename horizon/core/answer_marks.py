"""The marks of an answer in a reply: answer lines, tags, boxes, JSON, sentences, and weaker signs.

A cleaned text in, the places where it gives its answer out, each found in time linear in the text: patterns are
anchored and every repetition in them is bounded. Knows neither what an answer means nor how it is unwrapped.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeVar

from horizon.core.answer_words import ANSWER_IN_OTHER_LANGUAGES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where a reply gives its answer: the text there, where it begins and ends, and whether its end is there.

    A mark is closed by a line end, a closing tag, brace or quote; a reply that is cut off within it may lack a part.
    """

    text: str
    start: int
    end: int
    is_closed: bool


_WHICH = (
    r"final|best|correct|next|chosen|actual|updated|corrected|revised|new|proposed|suggested|recommended|improved|"
    r"definitive|optimal"
)
_KEYS = (
    rf"(?:(?:my|the|your|legal|{_WHICH})[-_ ]?){{0,2}}"
    r"(?:answer|move|action|choice|solution|result|reply|response|decision|output)"
)
_LEAD = r"^[^\w\n{]{0,16}(?:\d{1,2}[.)][ \t]{1,3})?[^\w\n{]{0,8}"
_SEPARATOR = r"[*_`~\"')\]|>}]{0,4}[ \t]{0,4}(?:[:=]{1,2}|-{1,2}>|→|[|]|-(?=[ \t]))[*_`\"' \t]{0,8}"
_LINE = re.compile(
    _LEAD + r"(?:(?:so|and|here is|here's|thus|therefore|hence),? ){0,2}(?:(?:my|the|your|our) )?"
    rf"(?:(?:{_WHICH}) ){{0,2}}(?:answer|ans)"
    r"(?: ?\([^()\n]{1,20}\)| ?\#?\d{1,3}| line| move| action)?(?:[ \t]{0,2}(?:is|was|would be|will be|should be))?"
    + _SEPARATOR,
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(
    _LEAD + rf"(?:(?:my|the|your|our) )?(?:(?:{_WHICH}) ){{0,2}}(?:answer|move|action)[^\w\n]{{0,8}}(?:is)?"
    r"[^\w\n]{0,4}\n[\s>]{0,20}(?:```[a-z]{0,12}\s{1,8})?(?![|:-]{3})(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_INLINE = re.compile(
    r"(?:[.!?;:][\"')*_]{0,3}[ \t]{1,4}|>[ \t]{0,4}|\b(?:my|final) |(?<=[a-z0-9])(?=(?-i:Answer)))"
    r"(?:final )?answer[*_`]{0,3}[ \t]{0,2}[:=]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:^[^\w\n]{0,16}|[.!?,;:][*_\"')]{0,3}[ \t]{1,4})(?:(?:so|therefore|thus|hence|then|and|ok|okay|well|"
    r"now),? ){0,2}"
    r"(?:(?:i|we)(?:'m| am| are| would| will| do|'d)? (?:think|believe|say|guess|conclude|(?:quite |"
    r"very )?(?:confident|sure|certain))"
    r"(?: that)? )?"
    rf"(?:the|my|our) (?:(?:{_WHICH}|right|only) ){{0,2}}"
    r"(?:answer|action|move|choice|solution|option)(?: to (?:play|make|take)| here| now| in this position| for "
    r"\w{2,9}){0,2}"
    r"[*_` \t]{0,8}(?:is(?!n't)|=|:|will be|would be|"
    r"should be)[*_` \t]{0,8}(?::[*_` \t]{0,8}(?:\n[\s>]{0,8})?)?(?:to )?",
    re.IGNORECASE | re.MULTILINE,
)
_TAGGED = rf"{_KEYS}|final|ans|box"
_TAG = re.compile(
    rf"[<\[{{◁⟨〈【]\|?(?:(?:begin|start)_(?:of_)?)?(?P<name>{_TAGGED})"
    r"(?:\s[^<>\[\]/\n]{0,60})?\|?[>\]}▷⟩〉】][ \t]?:?"
    # The parameters of a tool call.
    rf"|<parameter(?:=|[ ]name=)[\"']?(?:{_KEYS})[\"']?>|<arg_key>\s?(?:{_KEYS})\s?</arg_key>\s{{0,4}}<arg_value>",
    re.IGNORECASE,
)
_END_TAG = re.compile(
    rf"[<\[{{◁⟨〈【]\|?(?:[/\\]|end_(?:of_)?(?={_TAGGED}))(?:{_TAGGED}|parameter|arg_value)?\|?[>\]}}▷⟩〉】]",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"</[a-zA-Z][\w-]{0,20}>")
_EMPTY_TAG = re.compile(
    rf"<(?:{_KEYS})\s[a-z]{{1,12}}\s?=\s?(?:\"(?P<text>[^\"<>\n]{{1,400}})\"|'(?P<quoted>[^'<>\n]{{1,400}})')\s?/>",
    re.I,
)
_BOX = re.compile(r"\\{1,2}(?:boxed|fbox|framebox)\*?\s{0,2}\{")
_LONGEST_BOX = 600
_MOST = 4
_TEXT = r"\"(?:[^\"\\\n]|\\.){0,400}\"|'[^'\n]{0,400}'|`[^`\n]{0,400}`|“[^”\n]{0,400}”"
_FROM, _TO = r"(?:from|source|start|origin)[_ ]?(?:square)?", r"(?:to|target|end|destination|dest)[_ ]?(?:square)?"
_NAME = rf"{_KEYS}|uci|san|{_FROM}|{_TO}|promot(?:ion|e[_ ]?to)"
_IS_FROM, _IS_TO = re.compile(_FROM, re.IGNORECASE), re.compile(_TO, re.IGNORECASE)
_PAIR = re.compile(
    rf"[{{,(]\s{{0,200}}(?:[\"'`“]\s?(?P<key>{_NAME})\s?[\"'`”]|(?P<bare>{_NAME}))\s{{0,4}}[:=]\s{{0,20}}"
    rf"(?P<value>{_TEXT}|[+-]?\d{{1,40}}(?=\s{{0,8}}(?:[,)}}\]\n]|\Z))|\[[^\[\]{{}}]{{0,4000}}\])",
    re.IGNORECASE,
)
_CALL = re.compile(
    rf"\b(?:(?:submit|final|make|play|give|set|choose|do|take|send|provide)_?)?(?:{_KEYS}|submit)\(\s{{0,8}}"
    rf"(?P<value>{_TEXT})\s{{0,8}}\)",
    re.IGNORECASE,
)
_ITEM = re.compile(rf"{_TEXT}|[^\s,\[\]\"']+")

_HASHES = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]{0,4}(?P<rest>[^\s#][^\n]*)", re.MULTILINE)
_LABEL = re.compile(
    _LEAD
    + rf"(?:so )?(?:{_KEYS}|ans|step|plan|therefore|thus|hence|so)[ \t]?\d{{0,3}}"
    + _SEPARATOR
    + r"(?P<rest>[^\n]+)",
    re.IGNORECASE | re.MULTILINE,
)
_SPACED = re.compile(
    _LEAD + r"(?:final )?(?:answer|ans)[.;)]?[*_` \t]{1,6}(?P<rest>[^\n]{1,40})$", re.IGNORECASE | re.MULTILINE
)
_OF_QUESTION = re.compile(r"^[^\w\n]{0,8}A[*_]{0,2}:[*_]{0,2}[ \t]{1,4}(?P<rest>[^\n]{1,400})", re.MULTILINE)
"""The answer of a question and answer in short: "A: ..."."""
_OF_QUESTION = re.compile(r"^[^\w\n]{0,8}A[*_]{0,2}:[*_]{0,2}[ \t]{1,4}(?P<rest>[^\n]{1,400})", re.MULTILINE)
"""The answer of a question and answer in short: "A: ..."."""
_CHOICE = re.compile(
    r"(?:^[^\w\n]{0,8}|[.!?,;:][ \t]{1,4}|\b(?:so|therefore|thus|then) )(?:i|we|let's|let us)"
    r"(?:'ll|'d| will| would| should| can| shall| am going to)?(?: now| like to| rather| then){0,2} "
    r"(?:choose|pick|select|play|move|go with|go for|go|answer with|answer|respond with|reply with|say|suggest|"
    r"recommend|"
    r"take):?[ \t]{1,3}"
    r"(?:to (?:play|move) )?(?P<rest>[^\n]+)",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_ROWS = 40
_ANSWER = re.compile(rf"(?:(?:my|the|your|{_WHICH}) ){{0,2}}answer", re.IGNORECASE)
_KEY = re.compile(_KEYS, re.IGNORECASE)

_FOREIGN_HINT = re.compile(ANSWER_IN_OTHER_LANGUAGES, re.IGNORECASE)
_FOREIGN = re.compile(
    _LEAD + rf"(?:{ANSWER_IN_OTHER_LANGUAGES})(?: ?(?:是|为|は))?[*_`\"' \t]{{0,6}}[:=|][*_`\"' \t]{{0,8}}",
    re.IGNORECASE | re.MULTILINE,
)
_FOREIGN_SENTENCE = re.compile(
    _LEAD + rf"(?:{ANSWER_IN_OTHER_LANGUAGES}) ?(?:ist|lautet|est|es|è|é|is|är|er|on|to|je|là|adalah|是|为|"
    rf"は)[ \t*_`]{{0,6}}(?=[^\n])",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE = re.compile(r"```[a-zA-Z]{0,12}[ \t]*\n(?P<rest>[^`]{1,4000})```")
_SPAN = re.compile(r"\*\*(?P<bold>[^*\n]{1,200})\*\*|`{1,2}(?P<code>[^`\n]{1,200})`|\"(?P<quote>[^\"\n]{1,200})\"")


def marks(text: str) -> list[Mark]:
    """Return every place that gives an answer in a form that is asked for, in no order."""
    pairs = [*_pairs(text), *_calls(text)]
    patterns = (_LINE, _HEADING, _INLINE, _FOREIGN) if _FOREIGN_HINT.search(text) else (_LINE, _HEADING, _INLINE)
    lines = [mark for pattern in patterns for mark in _rests(pattern, text)]
    columns = list(columns_of(text, _ANSWER))
    others = [*_outer(pairs), *_outer(columns)]
    inside = [mark for mark in lines if not any(other.start - 2 <= mark.start <= other.end for other in others)]
    return [*inside, *pairs, *columns, *_tags(text), *_boxes(text)]


def sentences(text: str) -> list[Mark]:
    """Return every sentence that names the answer, as "The best move is ..."."""
    foreign = _rests(_FOREIGN_SENTENCE, text) if _FOREIGN_HINT.search(text) else ()
    return [*_rests(_SENTENCE, text), *foreign, *columns_of(text, _KEY)]


def weak_signs(text: str) -> Iterator[str]:
    """Yield texts that may be the answer of a reply without a mark, the last of each kind: labels, choices, fences."""
    for pattern in (_HASHES, _LABEL, _SPACED, _CHOICE, _FENCE, *([] if "\n" in text.strip() else [_OF_QUESTION])):
        last = None
        for match in pattern.finditer(text):
            last = match.group("rest")
        if last is not None:
            yield last


def emphasised_texts(text: str) -> list[str]:
    """Return the parts of a text that are in bold, in code or in quotes."""
    return [span.group("bold") or span.group("code") or span.group("quote") for span in _SPAN.finditer(text)]


def _rests(pattern: re.Pattern[str], text: str) -> Iterator[Mark]:
    """Yield the rest of each line after a pattern; one line may give its answer several times."""
    for match in _outer(list(pattern.finditer(text))):
        start, end = match.end(), text.find("\n", match.end())
        rest = text[start : end if end >= 0 else len(text)]
        # A tag that was opened before the line's mark.
        if "</" in rest and (tag := _CLOSING.search(rest)) and "<" not in rest[: tag.start()]:
            rest = rest[: tag.start()]
        yield Mark(rest, start, start + len(rest), start + len(rest) < len(text))


def _tags(text: str) -> Iterator[Mark]:
    """Yield what is between the tags of an answer; without an end tag, the rest of the line, or the next one."""
    ends = [(tag.start(), tag.end()) for tag in _END_TAG.finditer(text)]
    for tag in _EMPTY_TAG.finditer(text):
        yield Mark(tag.group("text") or tag.group("quoted"), tag.start(), tag.end(), True)
    tags = list(_TAG.finditer(text))
    if not ends and len(tags) > 1 and len(tags) % 2 == 0:
        # The end tag is written like the start tag.
        for opening, closing in _outer(list(zip(tags[::2], tags[1::2], strict=True))):
            if opening.group() == closing.group() and "\n\n" not in text[opening.end() : closing.start()]:
                yield Mark(text[opening.end() : closing.start()], opening.end(), closing.end(), True)
                tags = [tag for tag in tags if tag not in (opening, closing)]
    for tag in _outer(tags):
        place = bisect_left(ends, (tag.end(), 0))
        if place < len(ends):
            yield Mark(text[tag.end() : ends[place][0]], tag.end(), ends[place][1], True)
            continue
        start = tag.end() + len(text[tag.end() :]) - len(text[tag.end() :].lstrip())
        end = text.find("\n", start)
        yield Mark(text[start : end if end >= 0 else len(text)], start, end if end >= 0 else len(text), end >= 0)


def _boxes(text: str) -> Iterator[Mark]:
    r"""Yield what is in `\\boxed{...}`, braces inside balanced; of many, the first and the last ones."""
    openings = [box.end() for box in _BOX.finditer(text)]
    for start in _outer(openings):
        depth = 1
        for place in range(start, min(len(text), start + _LONGEST_BOX)):
            depth += (text[place] == "{") - (text[place] == "}")
            if not depth:
                yield Mark(text[start:place], start, place + 1, True)
                break
        else:
            end = text.find("\n", start)
            yield Mark(text[start : end if end >= 0 else len(text)], start, end if end >= 0 else len(text), end >= 0)


def _pairs(text: str) -> Iterator[Mark]:
    """Yield the values of an answer's keys in JSON or a call; `from` and `to` together are one value."""
    ends: dict[str, str] = {}
    for pair in _PAIR.finditer(text):
        key, value = (pair.group("key") or pair.group("bare")).lower(), _value(pair.group("value"))
        if _IS_FROM.fullmatch(key):
            ends = {"from": value}
        elif _IS_TO.fullmatch(key):
            ends["to"] = value
        elif key.startswith("promot"):
            ends["promotion"] = value
        else:
            yield Mark(value, pair.start("value"), pair.end(), True)
            continue
        if "from" in ends and "to" in ends:
            promotion = f"={ends['promotion']}" if ends.get("promotion") else ""
            yield Mark(f"{ends['from']} {ends['to']}{promotion}", pair.start("value"), pair.end(), True)


def _calls(text: str) -> Iterator[Mark]:
    """Yield the argument of a call such as `final_answer("...")`."""
    for call in _CALL.finditer(text):
        yield Mark(_value(call.group("value")), call.start("value"), call.end(), True)


def columns_of(text: str, names: re.Pattern[str]) -> Iterator[Mark]:
    """Yield the cells below a heading of these names in the tables of a text; several cells are several answers."""
    if "|" not in text or "--" not in text:
        return
    lines = text.split("\n")
    rules = [number for number, line in enumerate(lines) if number and "--" in line and not line.strip(" \t|:-")]
    for number in _outer(rules):
        cells = [cell.strip(" \t*_`") for cell in lines[number - 1].strip().strip("|").split("|")]
        place = next((place for place, cell in enumerate(cells) if names.fullmatch(cell)), None)
        rows = list(takewhile(lambda line: "|" in line, lines[number + 1 : number + 1 + _MOST_ROWS]))
        if place is None or not rows:
            continue
        parts = [row.strip().strip("|").split("|") for row in rows]
        start = sum(len(line) + 1 for line in lines[: number - 1])
        end = start + sum(len(line) + 1 for line in (*lines[number - 1 : number + 1], *rows)) - 1
        yield Mark("; ".join(part[place].strip() for part in parts if place < len(part)), start, end, end < len(text))


def _outer(marks: list[T]) -> list[T]:
    """Return the first and the last few: the first ends a turn, the last counts, and work stays linear."""
    return marks if len(marks) <= 2 * _MOST else marks[:_MOST] + marks[-_MOST:]


def _value(written: str) -> str:
    """Return the text of a value; the items of a list are joined, by semicolons if they have several words."""
    if written[0] == "[":
        items = [_value(item.group()) for item in _ITEM.finditer(written)]
        return ("; " if any(" " in item.strip() for item in items) else " ").join(items)
    if written[0] == '"':
        try:
            return str(json.loads(written))
        except ValueError:
            return written[1:-1]
    return written[1:-1] if written[0] in "'`" else written
