"""Earlier thinking in a history: kept, dropped, kept in the last reply alone, or replaced by neutral text as long.

One setting for every backend. Pure; knows exchanges, no model.
"""

from functools import lru_cache
from typing import Literal

from horizon.core.reply_text import THINKING_TAG, strip_thinking

Thinking = Literal["keep", "drop", "last", "replace"]

_MARKED = "<think>\n{}\n</think>\n\n{}"
"""How thinking that a server returned apart from the reply is shown before it, as public templates write it."""


def shown_reply(reply: str, thinking: str, neutral: str, policy: Thinking, *, is_last: bool) -> str:
    """Return a reply as a history shows it.

    `thinking` is what a server returned apart from the reply; a local model's is in the reply. `neutral` is the text
    for the policy `replace`.

    Examples
    --------
    >>> shown_reply("<think>e4 or d4?</think>Answer: e4", "", "", "drop", is_last=False)
    'Answer: e4'
    """
    if policy == "keep" or (policy == "last" and is_last):
        return _MARKED.format(thinking, reply) if thinking else reply
    bare = without_thinking(reply)
    return _MARKED.format(neutral, bare) if policy == "replace" and neutral else bare


@lru_cache(maxsize=1 << 12)
def without_thinking(reply: str) -> str:
    """Return a reply without its thinking and the white space after it; as it is where it has none."""
    bare = strip_thinking(reply)
    return reply if bare == reply else bare.lstrip()


def thinking_in(reply: str, thinking: str) -> str:
    """Return the text of a reply's thinking without its marks, whatever holds it; empty where there is none."""
    if thinking:
        return thinking
    bare = without_thinking(reply)
    return "" if bare == reply else THINKING_TAG.sub("", reply.removesuffix(bare)).strip()
