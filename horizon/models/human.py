"""The backend `human`: a person at the terminal, who reads what a model would read and types the reply.

Prints to standard error, since standard output is for data, and reads standard input. Knows no environment.
"""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import Capabilities, ModelOptions, Request
from horizon.core.records import Json, Reply

CAPABILITIES = Capabilities(holds_weights=False, opens_cheaply=True, is_interactive=True, argument="none")
LEAVE = "quit"
"""What a person types to leave."""

# CSI sequences (colours, cursor), then strings such as titles and links, then other two-character escapes.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b."
)


@dataclass(slots=True)
class HumanModel:
    """Puts one request at a time, in order, to the person at `input` and `output`; None means the terminal."""

    input: TextIO | None = None
    output: TextIO | None = None
    name: str = "human"
    reads_text: bool = True
    _conversation: str | None = field(default=None, init=False)
    _started: set[str] = field(default_factory=set, init=False)

    def identity(self) -> Mapping[str, Json]:
        """Return that a person replies, whom no seed decides."""
        return {"backend": "human", "reproducible": False, "why": "a person replies"}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Ask for each reply, one line each.

        Raises:
            KeyboardInterrupt: the person left, by `quit`, Ctrl-C or the end of input. That is no reply and no failure:
                the present turn is asked again when the run is resumed.
        """
        return [self._ask(request) for request in requests]

    def count_tokens(self, text: str) -> int | None:
        """Return None: people have no tokenizer."""
        return None

    def close(self) -> None:
        """Leave the terminal as it is."""

    def _ask(self, request: Request) -> Reply | ModelFailure:
        # Looked up at each request, as the standard streams may be replaced meanwhile.
        source, output = self.input or sys.stdin, self.output or sys.stderr
        if request.conversation != self._conversation:
            self._conversation = request.conversation
            header = f"conversation {plain(request.conversation)}, turn {request.turn}"
            print(f"\n=== {header} ({LEAVE} leaves, and can be resumed)", file=output)
        if request.conversation not in self._started:
            self._started.add(request.conversation)
            for message in request.messages:
                if message.role == "system":
                    print(plain(message.content), file=output)
        questions = [message.content for message in request.messages if message.role == "user"]
        print(f"\n{plain(questions[-1]) if questions else ''}\n> ", end="", file=output, flush=True)
        started = time.perf_counter()
        try:
            line = source.readline()
        except (OSError, ValueError) as error:
            return ModelFailure(f"the person's replies can't be read: standard input: {error}")
        if not line or line.strip().lower() == LEAVE:
            raise KeyboardInterrupt("the person left")
        return Reply(line.rstrip("\r\n"), latency_ms=(time.perf_counter() - started) * 1000)


def open_model(argument: str, options: ModelOptions) -> HumanModel:
    """Return the model `human`; no option concerns it.

    Raises:
        UsageError: a setting was given, and there is none.
    """
    if argument:
        raise UsageError(f"model human takes no settings, so not '{argument}': write just human")
    return HumanModel()


def plain(text: str) -> str:
    """Return a text without terminal escapes and control characters, line ends and tabs kept; linear time."""
    kept = _ESCAPES.sub("", text)
    return "".join(c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "" for c in kept)
