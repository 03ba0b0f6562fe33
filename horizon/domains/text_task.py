"""What planning and bookkeeping environments share: ask, restate, shift and prompt, rules and answer format.

A task is stated in words, in the language of its shift and the version of its prompt, and answered in one line by the
model alone. Knows neither puzzles nor worlds.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from horizon.core.environment import Mover
from horizon.core.parameters import parameter
from horizon.core.tool_calls import ARGUMENT, TOOL_NAME
from horizon.domains.prompt_versions import choose_text, prompt_parameter
from horizon.domains.wording_shifts import SHIFT_HELP, language, read_shift


@dataclass(frozen=True)
class TextTask:
    """The part of the environment contract that needs no state.

    A subclass is a frozen dataclass that sets the class variables, repeats `ask` and `restate` with its own help, and
    overrides `instructions` and `answer_example`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    summary: ClassVar[str]
    oracle_kind: ClassVar[str] = "exact"
    has_opponent: ClassVar[bool] = False

    ask: str = parameter("interactive", "one action per turn, or several", choices=("interactive", "plan"))
    restate: str = parameter("state", "content of later turns", choices=("state", "event", "nothing"))
    shift: str = parameter("none", SHIFT_HELP)
    prompt: str = prompt_parameter()

    def __post_init__(self) -> None:
        """Refuse impossible settings; a subclass that adds its own calls this one."""
        read_shift(self.shift)

    def instructions(self) -> str:
        """Return the rules in one language and version, without the answer format."""
        raise NotImplementedError

    def answer_example(self) -> str:
        """Return one action or answer as it is written in a reply, such as `A C`, and nothing else."""
        raise NotImplementedError

    def rules(self) -> str:
        return f"{self.instructions()}\n{self._answer_format()}"

    def mover(self, state: Any) -> Mover:
        return "model"

    def engine_position(self, state: Any) -> str | None:
        return None

    def _answer_format(self) -> str:
        """Return the sentence about the answer line; overridden where several actions or answers are asked for."""
        return self._one_line(self.answer_example())

    def _one_line(self, example: str) -> str:
        if self.ask == "tools" and self._german:
            return f"Antworte mit genau einem Aufruf des Werkzeugs {TOOL_NAME}, Argument {ARGUMENT} wie: {example}"
        if self.ask == "tools":
            return f"Reply by calling the tool {TOOL_NAME} exactly once, with the argument {ARGUMENT} as in: {example}"
        if self._german:
            return f"Antworte mit genau einer Zeile in dieser Form: Answer: {example}"
        return f"Reply with exactly one line in this form: Answer: {example}"

    def _choose_text(self, *, v1: str, v2: str, german: str) -> str:
        """Return the text in the language of the shift, in English that of the prompt's version."""
        return german if self._german else choose_text(self.prompt, v1=v1, v2=v2)

    @cached_property
    def _is_renamed(self) -> bool:
        return bool(read_shift(self.shift) & {"names", "notation"})

    @cached_property
    def _german(self) -> bool:
        return language(self.shift) == "german"
