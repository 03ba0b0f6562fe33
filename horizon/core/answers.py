"""The answer in a reply: think blocks are stripped, then the explicit answer line is read.

Every environment asks for one line, `Answer: ...`; the last such line counts, or else the last line of the form "The
answer is ..." (or action, or move). Parsing a bare action from a reply without either is left to the environment.
Knows no environment.
"""

import re

ANSWER_FORMAT = "Answer: "
"""The start of a well-formed answer line."""

LONGEST_ANSWER = 400
"""The number of characters of an answer that are parsed: no action is longer, and matching stays fast."""

_OPEN, _CLOSE = "<think>", "</think>"
_MARKS = " \t*_`\"'“”‘’"
# Anchored at line starts and without nested repetition, so matching is linear in the text.
_ANSWER_LINE = re.compile(r"^[ \t>*_`#-]{0,16}answer[*_` \t]{0,8}[:=][*_` \t]{0,8}(.*)$", re.IGNORECASE | re.MULTILINE)
_ANSWER_SENTENCE = re.compile(
    r"^[ \t>*_`#-]{0,16}(?:so |therefore,? |thus,? )?(?:the|my) (?:final |correct |next |best ){0,2}"
    r"(?:answer|action|move)[*_` \t]{0,8}(?:is|=|:)[*_` \t]{0,8}:?[*_` \t]{0,8}(?:to )?(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_BOXED = re.compile(r"^\\boxed\{([^{}]*)\}\.?$")


def strip_thinking(reply: str) -> str:
    """Return the reply without its `<think>` blocks.

    Some templates open the block themselves, so text before an unmatched `</think>` is thinking, too. A block that is
    never closed extends to the end: a model that was cut off while thinking has not answered.
    """
    kept: list[str] = []
    # Indices instead of slices: slicing would copy the rest of the text for every block.
    close = reply.find(_CLOSE)
    start = close + len(_CLOSE) if close >= 0 and reply.find(_OPEN, 0, close) < 0 else 0
    while True:
        block_start = reply.find(_OPEN, start)
        if block_start < 0:
            kept.append(reply[start:])
            return "".join(kept)
        kept.append(reply[start:block_start])
        block_end = reply.find(_CLOSE, block_start)
        if block_end < 0:
            return "".join(kept)
        start = block_end + len(_CLOSE)


def answer_line(reply: str) -> str | None:
    """Return the text after the last `Answer:`, or else after the last "The answer is".

    Quotes, emphasis and a final full stop are removed. None if there is no such line, or the last one is empty.
    `reply` must have its think blocks stripped.
    """
    lines = _ANSWER_LINE.findall(reply) or _ANSWER_SENTENCE.findall(reply)
    if not lines:
        return None
    text = lines[-1].strip(_MARKS + "\r")
    boxed = _BOXED.match(text)
    text = (boxed.group(1) if boxed else text).strip(_MARKS)
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip(_MARKS)
    return text or None


def last_line(reply: str) -> str | None:
    """Return the last line of a reply if it is short enough to be an answer, else None."""
    line = reply.rstrip()[-LONGEST_ANSWER - 1 :].rpartition("\n")[2].strip()
    return line if 0 < len(line) <= LONGEST_ANSWER else None


def is_complete(reply_so_far: str) -> bool:
    """Return whether a partial reply already contains a complete answer line, so that decoding can stop."""
    end = reply_so_far.rfind("\n")
    if end < 0:
        return False
    return answer_line(strip_thinking(reply_so_far[:end])) is not None
