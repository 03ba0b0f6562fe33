"""One figure as plain data: series of estimates along an axis of numbers or names. Draws and estimates nothing.

An estimator's `charts` makes them from estimates; the report draws them on the page and as files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from horizon.core.estimator import Estimate, Estimates

Form = Literal["line", "step", "bar", "stack", "dot", "scatter"]
FEW_SERIES = 3
"""Up to this many series of a chart all show their bands."""

RATE = "share of turns with an error"


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one colour of bars: places on the axis and the estimates at them, equally many.

    In a scatter `spans` are the estimates behind the places; a series without them is a dotted line to guide the eye.
    """

    name: str
    places: tuple[float | str, ...]
    points: tuple[Estimate, ...]
    spans: tuple[Estimate, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure.

    Parameters
    ----------
    slug
        The name of its files; unique among the figures of a group.
    title
        A few words; the report adds the model and the setting.
    alt_text
        One sentence that describes the figure, for readers who can't see it.
    form
        How series are drawn: `line`, `step`, `bar` (from 0), `stack` (bars on each other), `dot` (with intervals) or
        `scatter` (with intervals on both axes).
    series
        The data; a figure without a point is left out of the report.
    mark
        A place on the horizontal axis, and its label.
    rank
        The figure's place on the page, lowest first; the built-in figures use 10 to 300.
    notes
        Sentences to show beneath the figure, such as its assumptions.
    y_unit
        `share`: the vertical axis is in percent; `number`: it is a plain number, such as an odds ratio.
    baseline
        The value that means "no effect", marked in figures of dots: 0 for differences, 1 for ratios.
    """

    slug: str
    title: str
    alt_text: str
    x_title: str
    y_title: str
    form: Form
    series: tuple[Series, ...]
    mark: tuple[float, str] | None = None
    rank: int = 1000
    notes: tuple[str, ...] = ()
    y_unit: Literal["share", "number"] = "share"
    baseline: float = 0.0

    def has_band(self, index: int) -> bool:
        """Return whether a series shows its band: only the first two of many do, as bands would hide each other."""
        return len(self.series) <= FEW_SERIES or index < 2


def points_of(estimates: Estimates, key: str) -> tuple[Estimate, ...]:
    """Return the estimates of a list that have a value; none if the key is absent or a single estimate."""
    listed = estimates.get(key)
    return tuple(point for point in listed if point.estimate is not None) if isinstance(listed, list) else ()


def single_of(estimates: Estimates, key: str) -> Estimate | None:
    """Return a single estimate that has a value, or None."""
    single = estimates.get(key)
    return single if isinstance(single, Estimate) and single.estimate is not None else None


def series_along(
    estimates: Estimates, key: str, *, axis: str = "turn", by: str | None = "condition"
) -> tuple[Series, ...]:
    """Return a list of estimates as series along the axis `at[axis]`: one for each value of `at[by]`, or one for all.

    A point without `at[by]` belongs to the series `natural`.
    """
    by_name: dict[str, list[Estimate]] = {}
    for point in points_of(estimates, key):
        by_name.setdefault("" if by is None else str(point.at.get(by, "natural")), []).append(point)
    return tuple(
        Series(name, tuple(_place(point, axis) for point in points), tuple(points)) for name, points in by_name.items()
    )


def named_series(points: Sequence[Estimate], names: Iterable[str]) -> tuple[Series, ...]:
    """Return estimates as one series over names, in the same order."""
    return (Series("", tuple(names), tuple(points)),)


def series_by_condition(points: Iterable[Estimate], label: str, *details: str) -> tuple[Series, ...]:
    """Return a series for each condition over `at[label]`, to which `details` that differ between points are added."""
    points = list(points)
    labels = (label, *(name for name in details if len({str(point.at[name]) for point in points}) > 1))
    by_name: dict[str, list[Estimate]] = {}
    for point in points:
        by_name.setdefault(str(point.at["condition"]), []).append(point)
    return tuple(
        Series(name, tuple(", ".join(str(point.at[key]) for key in labels) for point in own), tuple(own))
        for name, own in by_name.items()
    )


def _place(point: Estimate, axis: str) -> float | str:
    value = point.at[axis]
    return float(value) if isinstance(value, int | float) else str(value)
