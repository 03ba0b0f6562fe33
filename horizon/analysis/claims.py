"""A claim about a run: one bound on one figure. Knows no scenario file."""

from dataclasses import dataclass
from typing import Literal

Figure = Literal["error_rate", "h50", "focus_gap", "skill", "aborted"]


Direction = Literal["at_most", "at_least"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One bound on one figure. `first` and `last` are turns, both included; None is no end."""

    figure: Figure
    direction: Direction
    bound: float
    condition: str = "natural"
    first: int = 1
    last: int | None = None

    @property
    def text(self) -> str:
        """The claim in words, such as `error rate of turns 1-10 at most 0.3`."""
        where = "" if self.first == 1 and self.last is None else f" of turns {self.first}-{self.last or ''}"
        under = "" if self.condition == "natural" else f" under {self.condition}"
        return f"{self.figure.replace('_', ' ')}{where}{under} {self.direction.replace('_', ' ')} {self.bound:g}"
