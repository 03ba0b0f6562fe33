"""Curves of estimates as series of a figure, drawn with the bands that hold for all their points together."""

from collections.abc import Sequence
from dataclasses import replace

from horizon.analysis.chart import Series
from horizon.core.estimator import Estimate


def banded_series(name: str, points: Sequence[Estimate], axis: str) -> Series:
    """Return the points along `at[axis]` with `band_low` and `band_high` as their intervals.

    One cluster alone gives no spread: such a point is left out of the curve.
    """
    known = [point for point in points if point.low is not None]
    return Series(
        name, tuple(float(str(point.at[axis])) for point in known), tuple(_with_band(point) for point in known)
    )


def _with_band(point: Estimate) -> Estimate:
    low, high = (
        value if isinstance(value, float) else None for value in (point.at["band_low"], point.at["band_high"])
    )
    return replace(point, low=low, high=high)
