"""One figure as plain data: series of estimates along an axis of numbers or names. Draws and computes nothing."""

from dataclasses import dataclass
from typing import Literal

from horizon.core.estimator import Estimate

Form = Literal["line", "step", "bar", "stack", "dot"]
FEW_SERIES = 3
"""Series of a chart that can all be read at once."""

RATE = "share of turns with an error"


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one colour of bars: places on the axis and the estimates at them, equally many."""

    name: str
    places: tuple[float | str, ...]
    points: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure: `slug` names its files, `said` tells it in words, `mark` is a place and its word."""

    slug: str
    title: str
    said: str
    x_title: str
    y_title: str
    form: Form
    series: tuple[Series, ...]
    mark: tuple[float, str] | None = None

    def has_band(self, index: int) -> bool:
        """Tell whether a series shows its band: bands of many conditions would hide each other; tables hold all."""
        return len(self.series) <= FEW_SERIES or index < 2
