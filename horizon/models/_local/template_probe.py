"""What is asked of a chat template before play: to keep the texts of hard conversations, in bounded time and memory.

Knows no tokenizer: a template is a function from messages to the prompt here.
"""

import datetime
import os
import re
import sys
from collections.abc import Callable, Sequence

from horizon.core.records import Message

DATE = datetime.date(2024, 7, 26)
"""What a template that shows today's date is given, so that prompts are the same on every day."""

_DATE_CALL = re.compile(r"""strftime_now\(\s*("[^"\\]*"|'[^'\\]*')\s*\)""")
_MOST_CPU_S = 3
_MOST_BYTES = 2**30
_OUT_OF_MEMORY = 3
# Marks of JSON, HTML, Jinja and boards, line ends, letters beyond ASCII: what escaping, joining and cutting change.
_HARD = "Horizon's \"board\" <a & b>:\n\n  | \u2659 {{ x }} {% y %} |\n  | \u00e9 \\n 'z' |\n"
_LONG = "\n".join(f"{line}. Horizon counts line {line}." for line in range(1, 301))


class Unfit(Exception):
    """A template does not take a conversation in this form; the message ends a sentence that begins with it."""


def probe(n_turns: int) -> list[Message]:
    """Return a conversation of hard and long texts; those of the user end in words that occur once."""
    messages = [Message("system", f"{_HARD}{_LONG}\nHorizon asks for rule zero.")]
    for turn in range(1, n_turns + 1):
        text = f"{_HARD}{_LONG}\n" if turn == 1 else _HARD
        messages.append(Message("user", f"{text}Horizon asks question {turn}x."))
        if turn < n_turns:
            # Replies repeat in play, too.
            messages.append(Message("assistant", f"Horizon gets answer {turn % 2}x."))
    return messages


def plain_probe() -> list[Message]:
    """Return a shortest conversation of plain words."""
    return [Message("system", "Horizon asks for rule zero."), Message("user", "Horizon asks question 1x.")]


def check_order(messages: Sequence[Message], text: str) -> None:
    """Check that a prompt has the user's and the model's texts in their order, and the rules anywhere.

    Raises:
        Unfit: one is not there.
    """
    place = 0
    for message in messages:
        if message.role == "system":
            end_of(message, text, 0)
        else:
            place = end_of(message, text, place)


def end_of(message: Message, text: str, start: int) -> int:
    """Return where a message's text ends in a prompt, at or behind a place; templates may trim it.

    Raises:
        Unfit: it is not there.
    """
    wanted = message.content.strip()
    place = text.find(wanted, start)
    if place < 0:
        # Some templates change the white space inside.
        if " ".join(wanted.split()) in " ".join(text[start:].split()):
            return start
        what = {"system": "the rules", "assistant": "the model's own replies"}.get(message.role, "the user's text")
        raise Unfit(f"leaves {what} out of the prompt, or changes words")
    return place + len(wanted)


def fix_date(template: str) -> str:
    """Return a template with `DATE` in place of its calls for the present time."""
    return _DATE_CALL.sub(lambda call: repr(DATE.strftime(call[1][1:-1])), template)


def check_bounds(work: Callable[[], object]) -> None:
    """Do the work in a process of its own first, which may use 3 s of the processor and 1 GiB of memory.

    A template may hide a loop or a product that takes all of either, and nothing could end it in this process.

    Raises:
        Unfit: it took more.
    """
    if not sys.platform.startswith("linux"):
        return
    process = os.fork()
    if process == 0:
        code = 0
        try:
            _limit()
            work()
        except MemoryError:
            code = _OUT_OF_MEMORY
        except BaseException:  # noqa: BLE001 - the same is raised again in the process that asked
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        amount = "1 GiB of memory" if code == _OUT_OF_MEMORY else f"{_MOST_CPU_S} s of computing"
        raise Unfit(f"takes more than {amount} for a short conversation")


def _limit() -> None:
    """Bound what this process may use beyond what it has."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    for bound, most in ((resource.RLIMIT_AS, held + _MOST_BYTES), (resource.RLIMIT_CPU, _MOST_CPU_S)):
        _, hard = resource.getrlimit(bound)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(bound, (least, least))
