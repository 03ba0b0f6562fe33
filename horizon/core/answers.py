"""What a reply answers: think-blocks stripped, then the explicit answer line.

The format that every environment asks for is one line, `Answer: ...`; the last such line counts. Without one, the
last line that says "The answer is ..." (or action, or move) does. Reading a bare action out of a reply without either
is each environment's own business. Knows no environment.
"""

import re

ANSWER_FORMAT = "Answer: "
"""What a well-formed answer line starts with."""

LONGEST_SPOKEN = 400
"""Characters of an answer that are read: no action of any environment is longer, and patterns stay quick."""

_OPEN, _CLOSE = "<think>", "</think>"
_MARKS = " \t*_`\"'“”‘’"
# Anchored at line starts and without nested repetition, so matching is linear in the text.
_ANSWER_LINE = re.compile(r"^[ \t>*_`#-]{0,16}answer[*_` \t]{0,8}[:=][*_` \t]{0,8}(.*)$", re.IGNORECASE | re.MULTILINE)
_SAID = re.compile(
    r"^[ \t>*_`#-]{0,16}(?:so |therefore,? |thus,? )?(?:the|my) (?:final |correct |next |best ){0,2}"
    r"(?:answer|action|move)[*_` \t]{0,8}(?:is|=|:)[*_` \t]{0,8}:?[*_` \t]{0,8}(?:to )?(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_BOXED = re.compile(r"^\\boxed\{([^{}]*)\}\.?$")


def strip_thinking(reply: str) -> str:
    """Return the reply without its `<think>` blocks.

    Some templates open the block themselves, so text before a lone `</think>` is thinking too. A block that never
    closes swallows the rest: a model cut off while thinking has not answered.
    """
    kept: list[str] = []
    # By places and not by cutting the rest off, which would copy it once a block.
    close = reply.find(_CLOSE)
    start = close + len(_CLOSE) if close >= 0 and reply.find(_OPEN, 0, close) < 0 else 0
    while True:
        opened = reply.find(_OPEN, start)
        if opened < 0:
            kept.append(reply[start:])
            return "".join(kept)
        kept.append(reply[start:opened])
        closed = reply.find(_CLOSE, opened)
        if closed < 0:
            return "".join(kept)
        start = closed + len(_CLOSE)


def answer_line(reply: str) -> str | None:
    """Return what follows the last `Answer:`, or else the last "The answer is"; null where there is neither.

    Bare of quotes, emphasis and a closing full stop.

    `reply` has its think-blocks stripped already. An empty answer line is null.
    """
    lines = _ANSWER_LINE.findall(reply) or _SAID.findall(reply)
    if not lines:
        return None
    text = lines[-1].strip(_MARKS + "\r")
    boxed = _BOXED.match(text)
    text = (boxed.group(1) if boxed else text).strip(_MARKS)
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip(_MARKS)
    return text or None


def last_line(reply: str) -> str | None:
    """Return the last line of a reply without an answer line, when it is short enough to be an answer; or null."""
    line = reply.rstrip()[-LONGEST_SPOKEN - 1 :].rpartition("\n")[2].strip()
    return line if 0 < len(line) <= LONGEST_SPOKEN else None


def is_complete(reply_so_far: str) -> bool:
    """Tell whether a reply that is still being written already holds a finished answer line, so decoding can stop."""
    end = reply_so_far.rfind("\n")
    if end < 0:
        return False
    return answer_line(strip_thinking(reply_so_far[:end])) is not None
