"""Dialogues as plain text that a model continues, and the end of what it writes: the protocol `ask=completion`.

For base models, which know no roles. Knows messages as texts; no environment, no model.
"""

import re
from collections.abc import Sequence
from typing import Literal

from horizon.core.records import FinishReason, Message

Unit = Literal["", "line", "word"]
"""What a model writes: a line behind `LEAD`, a word of a game's record, or (empty) a message of a dialogue."""

LEAD = "Answer:"
MOST_WORD_TOKENS = 16
"""A move has at most six tokens, and a number may precede it."""

_WORD = re.compile(r"\s*(?:\d{1,4}\s?\.+\s*){0,2}(\S+)")
_NUMBER = re.compile(r"\d{1,4}\.*")


def dialogue_text(messages: Sequence[Message]) -> str:
    """Return a conversation as text: each exchange a paragraph, the last one open behind `LEAD`."""
    text = ""
    for message in messages:
        content = message.content.strip()
        gap = "\n" if message.role == "assistant" else "\n\n"
        text += f"{gap if text else ''}{content}"
    return f"{text}\n{LEAD}"


def is_over(unit: Unit, text: str) -> bool:
    """Return whether a continuation has reached the end of its unit."""
    if unit == "line":
        return "\n" in text
    match = _WORD.match(text)
    if match is None or match.end() == len(text):
        return False
    # After "12. " the move is still to come.
    return _NUMBER.fullmatch(match[1]) is None or bool(text[match.end() :].strip())


def finish_of(unit: Unit, text: str, finish: FinishReason) -> FinishReason:
    """Return how a continuation ended: one that reached the end of its unit was not cut off, whatever followed it."""
    return "stop" if finish == "length" and is_over(unit, text) else finish


def drop_echo(prompt: str, text: str) -> str:
    """Return a continuation without the prompt before it, which some servers return as well."""
    return text.removeprefix(prompt)


def cut_reply(unit: Unit, text: str) -> str:
    """Return the reply in a continuation: its first line behind `LEAD`, or its first word that is no move number."""
    if unit == "line":
        line = text.partition("\n")[0].strip()
        return f"{LEAD} {line}".rstrip()
    match = _WORD.match(text)
    return match[1] if match is not None else ""
