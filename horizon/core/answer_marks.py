"""The marks of an answer in a reply: answer lines, tags, boxes, JSON, sentences, and weaker signs.

A cleaned text in, the places where it gives its answer out, each found in time linear in the text: patterns are
anchored and every repetition in them is bounded. Knows neither what an answer means nor how it is unwrapped.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

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


_KEYS = (
    r"(?:(?:my|the|your|final|best|next|chosen|correct|legal)[_ ]?){0,2}"
    r"(?:answer|move|action|choice|solution|result|reply|response|decision|output)"
)
_LEAD = r"^[^\w\n{]{0,16}(?:\d{1,2}[.)][ \t]{1,3})?[^\w\n{]{0,8}"
_SEPARATOR = r"[*_`~\"')\]|>}]{0,4}[ \t]{0,4}(?:[:=]|-{1,2}>|→|[|]|-(?=[ \t]))[*_`\"' \t]{0,8}"
_LINE = re.compile(
    _LEAD + r"(?:(?:so|and|here is|here's|thus|therefore|hence),? ){0,2}(?:(?:my|the|your|our) )?"
    r"(?:final |best |correct |next |chosen |actual ){0,2}(?:answer|ans)"
    r"(?: ?\([^()\n]{1,20}\)| ?\#?\d{1,3}| line| move| action)?(?:[ \t]{0,2}(?:is|was|would be|will be|should be))?"
    + _SEPARATOR
    + r"(?P<rest>[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(
    _LEAD + r"(?:(?:my|the|your|our) )?(?:final |best |correct |chosen ){0,2}(?:answer|move|action)[^\w\n]{0,8}(?:is)?"
    r"[^\w\n]{0,4}\n[\s>]{0,20}(?:```[a-z]{0,12}\s{1,8})?(?P<rest>\S[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_INLINE = re.compile(
    r"(?:[.!?;][\"')*_]{0,3}[ \t]{1,4}|>[ \t]{0,4}|\b(?:my|final) )"
    r"(?:final )?answer[*_`]{0,3}[ \t]{0,2}[:=](?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:^[^\w\n]{0,16}|[.!?,;:][*_\"')]{0,3}[ \t]{1,4})(?:(?:so|therefore|thus|hence|then|and|ok|okay|well|"
    r"now),? ){0,2}"
    r"(?:(?:i|we) (?:would |will |do |'d )?(?:think|believe|say|guess|conclude)(?: that)? )?"
    r"(?:the|my|our) (?:final |correct |next |best |right |optimal |only |new |chosen |recommended ){0,2}"
    r"(?:answer|action|move|choice|solution|option)(?: to (?:play|make|take)| here| now| in this position| for "
    r"\w{2,9}){0,2}"
    r"[*_` \t]{0,8}(?:is|=|:|will be|would be|should be)[*_` \t]{0,8}:?[*_` \t]{0,8}(?:to )?(?P<rest>[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(
    rf"[<\[{{◁⟨〈【]\|?(?P<name>{_KEYS}|final)(?:\s[^<>\[\]\n]{{0,60}})?\|?[>\]}}▷⟩〉】][ \t]?:?", re.IGNORECASE
)
_END_TAG = re.compile(rf"[<\[{{◁⟨〈【]\|?[/\\](?:{_KEYS}|final)?\|?[>\]}}▷⟩〉】]", re.IGNORECASE)
_BOX = re.compile(r"\\{1,2}(?:boxed|fbox|framebox)\*?\s{0,2}\{")
_LONGEST_BOX = 600
_MOST = 4
_TEXT = r"\"(?:[^\"\\\n]|\\.){0,400}\"|'[^'\n]{0,400}'|`[^`\n]{0,400}`"
_NAME = rf"{_KEYS}|from|to|promotion"
_PAIR = re.compile(
    rf"[{{,(]\s{{0,200}}(?:[\"'`]\s?(?P<key>{_NAME})\s?[\"'`]|(?P<bare>{_NAME}))\s{{0,4}}[:=]\s{{0,20}}"
    rf"(?P<value>{_TEXT}|[+-]?\d{{1,40}}(?![\w.])|\[[^\[\]{{}}]{{0,4000}}\])",
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
_SPACED = re.compile(_LEAD + r"(?:final )?answer[*_` \t]{1,6}(?P<rest>[^\n]{1,40})$", re.IGNORECASE | re.MULTILINE)
_CHOICE = re.compile(
    r"(?:^[^\w\n]{0,8}|[.!?,;:][ \t]{1,4}|\b(?:so|therefore|thus|then) )(?:i|we|let's|let us)"
    r"(?:'ll|'d| will| would| should| can| shall| am going to)?(?: now| like to| rather| then){0,2} "
    r"(?:choose|pick|select|play|move|go with|go for|go|answer with|answer|say|suggest|recommend|take)[ \t]{1,3}"
    r"(?:to (?:play|move) )?(?P<rest>[^\n]+)",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE = re.compile(r"```[a-zA-Z]{0,12}[ \t]*\n(?P<rest>[^`]{1,4000})```")
_SPAN = re.compile(r"\*\*(?P<bold>[^*\n]{1,200})\*\*|`{1,2}(?P<code>[^`\n]{1,200})`|\"(?P<quote>[^\"\n]{1,200})\"")


def marks(text: str) -> list[Mark]:
    """Return every place that gives an answer in a form that is asked for, in no order."""
    pairs = list(_pairs(text))
    lines = [mark for pattern in (_LINE, _HEADING, _INLINE) for mark in _rests(pattern, text)]
    inside = [mark for mark in lines if not any(pair.start - 2 <= mark.start <= pair.end for pair in _outer(pairs))]
    return [*inside, *pairs, *_tags(text), *_boxes(text)]


def sentences(text: str) -> list[Mark]:
    """Return every sentence that names the answer, as "The best move is ..."."""
    return list(_rests(_SENTENCE, text))


def weak_signs(text: str) -> Iterator[str]:
    """Yield texts that may be the answer of a reply without a mark, the last of each kind: labels, choices, fences."""
    for pattern in (_HASHES, _LABEL, _SPACED, _CHOICE, _FENCE):
        last = None
        for match in pattern.finditer(text):
            last = match.group("rest")
        if last is not None:
            yield last


def emphasised_texts(text: str) -> list[str]:
    """Return the parts of a text that are in bold, in code or in quotes."""
    return [span.group("bold") or span.group("code") or span.group("quote") for span in _SPAN.finditer(text)]


def _rests(pattern: re.Pattern[str], text: str) -> Iterator[Mark]:
    for match in pattern.finditer(text):
        yield Mark(match.group("rest"), match.start("rest"), match.end("rest"), match.end("rest") < len(text))


def _tags(text: str) -> Iterator[Mark]:
    """Yield what is between the tags of an answer; without an end tag, the rest of the line, or the next one."""
    ends = [(tag.start(), tag.end()) for tag in _END_TAG.finditer(text)]
    for tag in _outer(list(_TAG.finditer(text))):
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
        if key not in ("from", "to", "promotion"):
            yield Mark(value, pair.start("value"), pair.end(), True)
            continue
        ends = {**ends, key: value} if key != "from" else {key: value}
        if "from" in ends and "to" in ends:
            promotion = f"={ends['promotion']}" if "promotion" in ends else ""
            yield Mark(f"{ends['from']} {ends['to']}{promotion}", pair.start("value"), pair.end(), True)


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
