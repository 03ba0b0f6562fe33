"""Impulse response: the effect of one change at one earlier turn on the turns after it, by lag, and its half-life.

From the conditions `impulse:reminder`, `impulse:blank`, `impulse:right` and `impulse:error`: at the same states the
history differs in one turn only. What works through later replies, which stay as they were played, is not in it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from horizon.analysis.chart import Chart, Series, series_along
from horizon.analysis.condition_contrast import contrast_labels
from horizon.analysis.stats.bootstrap import resampled_sums
from horizon.analysis.stats.intervals import LEVEL, SIGNS, Floats, equal_episodes, missing, spread
from horizon.analysis.turn_bins import TurnBin, bin_of
from horizon.analysis.turn_table import Flags, Ints, TurnTable, same_states
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = (
    "difference of error rates on the same states by turns since the impulse, jackknife over instances, Student's t, "
    "one pair lost and one won more (Bonett & Price); bands hold for all lags together (Bonferroni)"
)
HALF_LIFE_METHOD = (
    "turns in which the curve a 2^(-(lag - 1) / half-life) halves, least squares on the differences by lag; interval "
    "from resampled instances (93 % in simulations of 40 episodes or more, 87 % of 12); given where a band by lag "
    "excludes 0, assuming that the effect shrinks by one factor each turn"
)
PAIRS = (
    ("natural", "impulse:reminder"),
    ("natural", "impulse:blank"),
    ("natural", "impulse:right"),
    ("impulse:error", "impulse:right"),
)
"""The contrasts; `natural - impulse:right` on the states whose reply at the impulse's turn was replaced."""
COLUMNS = ("impulse_turn", "impulse_changed")
NO_EFFECT: Mapping[str, float] = {"impulse_response": 0.0}
_SHORTEST = 0.25
_FIGURES = (
    ("impulse_response_added", "After a reminder or an empty exchange", PAIRS[:2]),
    ("impulse_response_errors", "After one error", PAIRS[2:]),
)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The states that both conditions posed: lag (from 1), instance, episode and difference of errors of each."""

    lag: Ints
    instance: Ints
    episode: Ints
    differences: Floats

    @property
    def last(self) -> int:
        return int(self.lag.max())


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `impulse_response`, by contrast and bin of lags (-1..1), and `impulse_half_life`, in turns, by contrast.

    Above 0 the first condition of a contrast errs more. A half-life has no value where no effect is shown, or where
    it is not halved within the lags that were played; its note names the reason.
    """
    curves: list[Estimate] = []
    half_lives: list[Estimate] = []
    for minuend, subtrahend in PAIRS:
        pairs = _pair(table, minuend, subtrahend)
        if pairs is not None:
            at = contrast_labels(minuend, subtrahend)
            curve = _curve(pairs, at)
            curves += curve
            half_lives.append(_half_life(pairs, at, is_shown=any(_excludes_zero(point) for point in curve)))
    return {"impulse_response": curves, "impulse_half_life": half_lives}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the response to what was added, and to an error, each with its simultaneous bands."""
    drawn = []
    for place, (slug, title, pairs) in enumerate(_FIGURES):
        names = [str(contrast_labels(*pair)["contrast"]) for pair in pairs]
        lines = series_along(estimates, "impulse_response", axis="lag", by="contrast")
        series = tuple(_with_band(line) for line in lines if line.name in names)
        notes = tuple(
            f"{figure.at['contrast']}: half-life {_in_words(figure)}."
            for figure in _list_half_lives(estimates)
            if figure.at["contrast"] in names
        )
        alt_text = "difference of error rates by turns since the impulse; the bands hold all lags with 95 %."
        axes = ("turns since the impulse", "difference of error rates")
        drawn.append(Chart(slug, title, alt_text, *axes, "line", series, rank=66 + place, notes=notes))
    return drawn


def lag_bins(last: int) -> tuple[TurnBin, ...]:
    """Return bins of lags that double in width, as an effect is expected to fade: 1, 2, 3-4, 5-8, ... to the last."""
    ends = [1 << power for power in range(last.bit_length()) if 1 << power < last]
    return tuple(
        TurnBin(first, end) for first, end in zip((1, *(end + 1 for end in ends)), (*ends, last), strict=True)
    )


def _pair(table: TurnTable, minuend: str, subtrahend: str) -> _Pairs | None:
    """Return the states that both posed after an impulse; None without any."""
    if minuend not in table.samples or subtrahend not in table.samples:
        return None
    one, other = same_states([table.samples[minuend], table.samples[subtrahend]])
    lag = other.turn - other.value("impulse_turn")
    is_kept = lag >= 1
    if minuend == "natural":
        is_kept &= other.value("impulse_changed") == 1
    kept = np.flatnonzero(is_kept)
    if not len(kept):
        return None
    differences = one.is_error[kept].astype(float) - other.is_error[kept].astype(float)
    episode = other.cluster[kept]
    return _Pairs(lag[kept].astype(np.int64), table.instance[episode], episode, differences)


def _curve(pairs: _Pairs, at: Mapping[str, Json]) -> list[Estimate]:
    """Return the difference in each bin of lags, with the band that holds for all bins together."""
    bins = lag_bins(pairs.last)
    order = bin_of(pairs.lag, bins)
    filled = sorted(set(order.tolist()))
    several = [index for index in filled if len(np.unique(pairs.instance[order == index])) > 1]
    together = 1 - (1 - LEVEL) / max(1, len(several))
    return [_point(pairs, order == index, bins[index], together, at) for index in filled]


def _point(pairs: _Pairs, inside: Flags, lags: TurnBin, together: float, at: Mapping[str, Json]) -> Estimate:
    _, cluster = np.unique(pairs.instance[inside], return_inverse=True)
    sums, counts = np.bincount(cluster, pairs.differences[inside]), np.bincount(cluster).astype(float)
    whole = spread(np.column_stack([sums, counts]), _quotient, SIGNS, equal_episodes(counts))
    band = whole.interval(together)
    where: dict[str, Json] = {
        **at,
        "lag": lags.at()["turn"],
        "first_lag": lags.first,
        "last_lag": lags.last,
        "band_low": None if math.isnan(band.low) else band.low,
        "band_high": None if math.isnan(band.high) else band.high,
    }
    n_episodes = len(np.unique(pairs.episode[inside]))
    return whole.interval().as_estimate(n_episodes, int(inside.sum()), METHOD, at=where)


def _half_life(pairs: _Pairs, at: Mapping[str, Json], *, is_shown: bool) -> Estimate:
    """Return the half-life with its interval; open above where resampled curves do not halve within the lags."""
    n_episodes, last = len(np.unique(pairs.episode)), pairs.last
    if not is_shown or last < 2:
        empty = missing("not shown: no effect of the impulse is shown at any lag", HALF_LIFE_METHOD, at)
        return replace(empty, n_episodes=n_episodes, n_turns=len(pairs.lag))
    _, cluster = np.unique(pairs.instance, return_inverse=True)
    shape = (int(cluster.max()) + 1, last)
    cell = cluster * last + pairs.lag - 1
    sums, counts = (
        np.bincount(cell, weights, shape[0] * shape[1]).reshape(shape)
        for weights in (pairs.differences, np.ones(len(cell)))
    )
    sign = float(np.sign(_fit(sums.sum(axis=0)[None], counts.sum(axis=0)[None])[1][0]))
    half_life = float(_fit(sums.sum(axis=0)[None], counts.sum(axis=0)[None], sign)[0][0])
    drawn = resampled_sums(np.hstack([sums, counts]))
    half_lives = _fit(drawn[:, :last], drawn[:, last:], sign)[0]
    low, high = np.quantile(half_lives, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    longest = last - 1.0
    beyond = f"beyond lag {last}: the effect is not halved within the lags that were played"
    return Estimate(
        half_life if half_life <= longest else None,
        0.0 if low <= _SHORTEST else min(float(low), longest),
        float(high) if high <= longest else None,
        n_episodes,
        len(pairs.lag),
        HALF_LIFE_METHOD,
        None if half_life <= longest else beyond,
        dict(at),
    )


def _fit(sums: Floats, counts: Floats, sign: float = 0.0) -> tuple[Floats, Floats]:
    """Return the half-life of the best curve and its height at lag 1, from sums of differences and counts by lag.

    `sums` and `counts` have shape (m, lags), the answers (m,). With a `sign` of 1 or -1 only curves of that sign are
    tried. Half-lives are searched on a grid whose last is infinite; a curve that fits nothing has that one.
    """
    last = sums.shape[1]
    grid = np.append(np.geomspace(_SHORTEST, 8 * last, 160), np.inf)
    curves = 2.0 ** (-np.arange(last) / grid[:, None])
    along, squares = sums @ curves.T, np.maximum(counts @ (curves**2).T, 1e-12)
    if sign:
        along = sign * np.maximum(sign * along, 0.0)
    # Minus the residual sum of squares, but for a constant. From the longest on, so that it wins where none fits.
    gain = (along**2 / squares)[:, ::-1]
    best = len(grid) - 1 - gain.argmax(axis=1)
    rows = np.arange(len(best))
    return grid[best], along[rows, best] / squares[rows, best]


def _quotient(totals: Floats) -> Floats:
    return np.asarray(totals[:, 0] / totals[:, 1])


def _excludes_zero(point: Estimate) -> bool:
    low, high = point.at["band_low"], point.at["band_high"]
    return isinstance(low, float) and isinstance(high, float) and (low > 0 or high < 0)


def _with_band(series: Series) -> Series:
    """Return the series with the simultaneous bands in place of the intervals, without the points that have none."""
    points = tuple(point for point in series.points if point.at["band_low"] is not None)
    places = tuple(float(str(point.at["lag"])) for point in points)
    banded = (
        replace(point, low=float(str(point.at["band_low"])), high=float(str(point.at["band_high"])))
        for point in points
    )
    return Series(series.name, places, tuple(banded))


def _list_half_lives(estimates: Estimates) -> list[Estimate]:
    listed = estimates.get("impulse_half_life")
    return listed if isinstance(listed, list) else []


def _in_words(figure: Estimate) -> str:
    if figure.estimate is None:
        return (figure.note or "").partition(":")[0]
    end = f"to {figure.high:.1f}" if figure.high is not None else "or more"
    return f"{figure.estimate:.1f} turns ({figure.low or 0.0:.1f} {end})"
