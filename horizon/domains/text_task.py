"""What planning and bookkeeping environments share: the parameters ask, restate and shift, rules and answer format.

A task is stated in words, in the language of its shift, and answered in one line by the model alone. Knows neither
puzzles nor worlds.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from horizon.core.environment import Mover
from horizon.core.parameters import parameter
from horizon.core.tool_calls import ARGUMENT, TOOL_NAME
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

    def __post_init__(self) -> None:
        """Refuse impossible settings; a subclass that adds its own calls this one."""
        read_shift(self.shift)

    def instructions(self) -> str:
        """Return the rules in the language of the shift, without the answer format."""
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

    @cached_property
    def _german(self) -> bool:
        return language(self.shift) == "german"
