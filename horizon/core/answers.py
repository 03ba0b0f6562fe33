"""The one reader of replies, for every environment: from any text to the action that it means.

Stages: `normalise`, `strip_thinking` and `cut_at_end_mark` of `reply_text`; here the cut at an invented next turn and
the choice of the mark that counts; then `answer_start` with the environment's own parser. Each is linear in the
reply's length.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from horizon.core.answer_marks import Mark, emphasised_texts, marks, sentences, weak_signs
from horizon.core.answer_start import LONGEST_ANSWER, is_placeholder, read_start
from horizon.core.answer_words import ALTERNATIVE_WORDS
from horizon.core.records import Answer
from horizon.core.reply_text import cut_at_end_mark, normalise, strip_formatting, strip_thinking

__all__ = [
    "ANSWER_FORMAT",
    "answer_line",
    "is_complete",
    "read_action",
    "read_reply",
    "stands_when_cut",
    "strip_thinking",
]

ANSWER_FORMAT = "Answer: "
"""The start of a well-formed answer line."""

Prompts = Callable[[], Iterable[str]]
"""Gives the environment's messages at a state, in full and as a later turn: what no reply continues with."""

# Lines that come from outside: the other side's move, the next state, the next question.
_OPENER = re.compile(
    r"[^\w\n]{0,16}(?:you play\b|you are\b|your (?:turn|move|last reply|opponent)\b|next (?:turn|position|state|"
    r"question|move)\b|"
    r"(?:turn|round|move|question|position|step|puzzle|example|problem)[ \t]?\#?\d|(?:the |my |your )?opponent\b|"
    r"(?:white|black)(?:'s turn| plays| played| moves| moved| replies| replied| responds| to move)|now it(?: is|'s)|"
    r"a? ?new (?:position|puzzle|state|game)|played for you\b|played ?:|last moves? ?:|moves so far ?:|legal "
    r"moves ?:|fen ?:|"
    r"board ?:|q ?:|question ?:|observation ?:|assistant ?:|instructions? ?:|input ?:|what is (?:your|the)\b|"
    r"which move\b|reply with\b)",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\n]+")
_LABELLED = re.compile(r"[^\W\d_][^:\n]{1,30}:")
_NO_ANSWER = re.compile(
    r":|\b(?:sure|ok|okay|yes|let|here|hello|hi|thanks|of course|certainly|well|hmm|first|so)\b", re.IGNORECASE
)
_BARE = 40
"""The length of a first line that may be a bare answer."""
_LONGEST_LINK = 40
_LINK = re.compile(
    rf"[^\w\n]{{0,12}}(?:,|(?<!<)/|&|\b(?:{ALTERNATIVE_WORDS})\b)[^\w\n\\<\[]{{0,8}}"
    r"(?:\\{1,2}\w{4,8}\{|[<\[]\w{1,20}[>\]]|\w{0,6} ?answer[ *_]{0,3}[:=])?\s{0,3}",
    re.IGNORECASE,
)
"""What is between two marks that are alternatives: a word or sign, and the opening of the second mark."""
_LISTED = 60
_MOST_LISTED = 60
"""The length and number of lines that, all of them actions, are a list of actions."""


@dataclass(frozen=True, slots=True)
class ReadReply:
    """A reply as it is understood.

    `body` is the model's own turn without thinking. `marked` is what the mark that counts holds, None without a mark,
    empty if all marks hold placeholders; `below` is the body after it. `weak` are texts that may be the answer of a
    reply without a mark, the likelier first. `is_closed`: the mark is whole, even if the reply was cut off later.
    """

    body: str
    marked: str | None
    below: str
    weak: tuple[str, ...]
    is_closed: bool


def read_reply(reply: str, prompts: Prompts = tuple) -> ReadReply:
    """Return a reply as it is understood.

    A mark in a form that is asked for (an answer line, tags, a box, JSON) comes before a sentence ("The answer is"),
    and the last one before earlier ones. Time linear in the reply's length.
    """
    body = _own_turn(_clean(reply), prompts)
    given = marks(body) or sentences(body)
    if not given:
        return ReadReply(body, None, "", tuple(_words_without_mark(body)), False)
    real = [mark for mark in given if not is_placeholder(mark.text)]
    last = max(real or given, key=lambda mark: mark.start)
    last = _with_alternative(body, real, last)
    return ReadReply(body, last.text if real else "", body[last.end :], (), last.is_closed and bool(real))


def _with_alternative(body: str, real: list[Mark], last: Mark) -> Mark:
    r"""Return a mark with the one before it if both are offered as alternatives: `\\boxed{a} or \\boxed{b}`."""
    before = max((mark for mark in real if mark.end <= last.start), key=lambda mark: mark.end, default=None)
    if before is None or last.start - before.end > _LONGEST_LINK or before.text.strip() == last.text.strip():
        return last
    if not _LINK.fullmatch(body[before.end : last.start]):
        return last
    return Mark(f"{before.text} or {last.text}", before.start, last.end, last.is_closed)


def read_action(reply: str, parse: Callable[[str], str | None], prompts: Prompts = tuple) -> Answer:
    r"""Return the action of a reply: what its mark starts with, or what a reply without one plainly consists of.

    `parse` returns the action that a text names if it names one and nothing else. Several different actions are
    `unparsable`; a reply that marks no answer and is none is `no_answer`. Whether an action is legal is not asked.

    Examples
    --------
    >>> read_action("**Final Answer:** $\\\\boxed{north}$", {"north": "north"}.get)
    Answer(action='north', error='none')
    >>> read_action("Answer: north or east", {"north": "north", "east": "east"}.get)
    Answer(action=None, error='unparsable')
    """
    understood = read_reply(reply, prompts)
    if understood.marked is not None:
        action = read_start(understood.marked, parse)
        return Answer(action) if action is not None else Answer(None, "unparsable")
    lines = [line.strip() for line in understood.body.splitlines() if line.strip()]
    if is_list(lines) and len({read_start(line, parse) for line in lines} - {None}) > 1:
        return Answer(None, "unparsable")
    for text in understood.weak:
        if (action := read_start(text, parse)) is not None:
            return Answer(action)
    others = (*lines[:1], *emphasised_texts(understood.body)[:LONGEST_ANSWER])
    named = {action for text in others if (action := read_start(text, parse)) is not None}
    return Answer(named.pop()) if len(named) == 1 else Answer(None, "unparsable" if named else "no_answer")


def is_list(lines: Sequence[str]) -> bool:
    """Return whether lines without a mark may be a list of actions, and no sentences."""
    return 1 < len(lines) <= _MOST_LISTED and not any(len(line) > _LISTED or line.endswith(".") for line in lines)


def answer_line(reply: str) -> str | None:
    """Return what the mark of a reply's answer holds, without emphasis and final full stop; None if it holds
    nothing.
    """
    marked = read_reply(reply).marked
    if marked is None:
        return None
    text = marked.strip(" \t*_`\"'“”‘’")
    return (text[:-1].rstrip() if text.endswith(".") and not text.endswith("..") else text) or None


def stands_when_cut(reply: str, read: Callable[[str], Answer], prompts: Prompts = tuple) -> bool:
    """Return whether the answer of a reply that a limit cut off was complete: more text would not have changed it.

    So it is in a closed mark, and where the mark without its last word gives the same answer.
    """
    understood = read_reply(reply, prompts)
    if understood.marked is None:
        return False
    shorter = reply.rstrip().rpartition(" ")[0]
    return understood.is_closed or (bool(shorter) and read(shorter) == read(reply))


def is_complete(reply_so_far: str, prompts: Prompts = tuple) -> bool:
    """Return whether a partial reply has ended by itself: after its answer it went over to the next turn.

    What would follow is cut from a whole reply as well, so that decoding can stop without a change of the verdict.
    """
    end = reply_so_far.rfind("\n")
    if end < 0:
        return False
    text = strip_thinking(normalise(reply_so_far[:end]))
    own = cut_at_end_mark(text)
    if not text.endswith(own):
        return True
    own = strip_formatting(own)
    return len(_own_turn(own, prompts, only_marked=True)) < len(own)


def _clean(reply: str) -> str:
    return strip_formatting(cut_at_end_mark(strip_thinking(normalise(reply))))


def _own_turn(text: str, prompts: Prompts, *, only_marked: bool = False) -> str:
    """Return the text up to the line where, after an answer, it goes over to what the environment would write."""
    given = [mark for mark in marks(text) if not is_placeholder(mark.text)]
    if not given and not only_marked:
        given = sentences(text)
    first = min(given, key=lambda mark: mark.end, default=None)
    start = first.end if first is not None else None if only_marked else _end_of_bare_line(text)
    if start is None or not text[start:].strip():
        return text
    openings: set[str] | None = None
    for line in _LINE.finditer(text, start):
        if line.start() == start or line.group().isspace():
            # The rest of the answer's own line, or an empty one.
            continue
        if _OPENER.match(line.group()):
            return text[: line.start()]
        openings = _openings(prompts()) if openings is None else openings
        if _opening(line.group()) in openings:
            return text[: line.start()]
    return text


def _end_of_bare_line(text: str) -> int | None:
    """Return the end of a first line that is short enough to be an answer, and has no label."""
    line = next((line for line in _LINE.finditer(text) if not line.group().isspace()), None)
    if line is None or len(line.group().strip()) > _BARE or _NO_ANSWER.search(line.group()):
        return None
    return line.end()


def _openings(prompts: Iterable[str]) -> set[str]:
    """Return how the lines of the environment's messages begin."""
    return {opening for prompt in prompts for line in _LINE.findall(prompt) if (opening := _opening(line))}


def _opening(line: str) -> str:
    """Return the label of a line, or its first two words; empty for a line that is too short to be known again."""
    line = line.strip().lower()
    if len(line) < 8:
        return ""
    label = _LABELLED.match(line)
    return label.group() if label else " ".join(line.split(maxsplit=2)[:2]).strip(".,:;")


def _words_without_mark(text: str) -> Iterable[str]:
    """Yield the texts that may be the answer of a reply without a mark, the likelier first."""
    yield from weak_signs(text)
    last = text.rstrip()[-LONGEST_ANSWER - 1 :].rpartition("\n")[2].strip()
    if 0 < len(last) <= LONGEST_ANSWER:
        yield last
