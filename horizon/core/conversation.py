"""Conversations for models that do not take every role, or no empty text. Pure; knows no model."""

from collections.abc import Sequence
from itertools import groupby

from horizon.core.records import Message

NO_REPLY = "(no reply)"
"""The text in place of an empty reply where a model takes no empty text."""


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with the system's text before that of the first user message."""
    rules = "\n\n".join(message.content for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    if not rules:
        return others
    for place, message in enumerate(others):
        if message.role == "user":
            others[place] = Message("user", f"{rules}\n\n{message.content}")
            return others
    return [Message("user", rules), *others]


def fill_empty_replies(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with `NO_REPLY` for replies without any text."""
    return [
        Message("assistant", NO_REPLY) if message.role == "assistant" and not message.content.strip() else message
        for message in messages
    ]


def merge_neighbours(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with neighbours of one role as one message, a blank line between their texts."""
    return [
        Message(role, "\n\n".join(message.content for message in run))
        for role, run in groupby(messages, key=lambda message: message.role)
    ]
