"""Finds prompts that a server cut in silence, by comparing its count of tokens with a lower bound of our own.

No tokenizer in use joins two words that white space or punctuation separates, so a text has at least as many tokens as
words. Counts nothing exactly, and so accuses no server that read everything; nor one whose counts are made up, such as
the same for every prompt.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence

from horizon.core.records import Message

_WORD = re.compile(r"\w+")
_MOST_CONVERSATIONS = 10_000
# Tokens of the opened reply, such as an empty block of thoughts, that a template leaves out of the history.
_SLACK = 8
# Below the smallest context of a server in use, a count that is too low may be a made-up one.
_SMALLEST_CONTEXT = 512


class PromptCheck:
    """What one server read of each conversation so far, to hold its next count against."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, tuple[int, bytes, int]] = OrderedDict()
        self._shortest: tuple[int, int] | None = None
        self._counts = False

    def is_cut(self, conversation: str, messages: Sequence[Message], n_tokens: int | None) -> bool:
        """Return whether a server that counts `n_tokens` in this conversation can't have read all of it.

        A conversation that continues an earlier one must have grown by its new words; any other needs as many tokens
        as it has words. Unknown counts prove nothing, and small ones only where the server's counts grow with its
        prompts.
        """
        if not n_tokens:
            return False
        base, n_known = 0, 0
        if conversation in self._read:
            n_messages, digest, n_read = self._read[conversation]
            if len(messages) >= n_messages and _digest(messages[:n_messages]) == digest:
                base, n_known = n_read, n_messages
        if n_tokens + _SLACK < base + sum(_least_tokens(message) for message in messages[n_known:]):
            return self._counts or n_tokens >= _SMALLEST_CONTEXT
        self._learn(sum(_least_tokens(message) for message in messages), n_tokens)
        self._read[conversation] = (len(messages), _digest(messages), n_tokens)
        self._read.move_to_end(conversation)
        if len(self._read) > _MOST_CONVERSATIONS:
            self._read.popitem(last=False)
        return False

    def _learn(self, n_words: int, n_tokens: int) -> None:
        """Note that a prompt was counted; the counts of two prompts show whether they are counts at all."""
        if n_tokens < n_words:
            return
        if self._shortest is None:
            self._shortest = (n_words, n_tokens)
        words, tokens = self._shortest
        self._counts = self._counts or (n_words - words) * (n_tokens - tokens) > 0
        self._shortest = min(self._shortest, (n_words, n_tokens))


def _least_tokens(message: Message) -> int:
    """Return the fewest tokens of a message; 0 for a reply with thoughts, which templates cut out of the history."""
    if message.role == "assistant" and re.search("think|reason", message.content, re.IGNORECASE):
        return 0
    return len(_WORD.findall(message.content))


def _digest(messages: Sequence[Message]) -> bytes:
    digest = hashlib.blake2b(digest_size=8)
    for message in messages:
        digest.update(f"{message.role} {len(message.content)} {message.content}".encode("utf-8", "replace"))
    return digest.digest()
