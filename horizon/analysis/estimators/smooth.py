"""The error rate as a smooth curve of turns and of context tokens, with pointwise and simultaneous bands.

A local line at each of 30 places, from the sums of each episode. The bootstrap over instances gives the spread and,
for the simultaneous band, the largest deviation of the whole curve.
"""

from dataclasses import replace

import numpy as np

from horizon.analysis.chart import RATE, Chart, Series, series_along
from horizon.analysis.stats.bootstrap import resampled_sums
from horizon.analysis.stats.distributions import chi2_quantile
from horizon.analysis.stats.intervals import LEVEL, Floats, quantile
from horizon.analysis.stats.shares import wilson
from horizon.analysis.turn_table import Sample, TurnTable
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = "local line, Gaussian kernel, Wilson's band at the effective number of turns, bootstrap over instances"
PLACES = 30
BANDWIDTH = 0.15
"""The kernel's standard deviation as a share of the axis: wide enough for some 20 turns per episode."""
_CELLS = 60
_REPLICATES = 500
_SCALES = 40
_FEWEST_EPISODES = 3


def curve(table: TurnTable, sample: Sample, position: Floats, at: dict[str, Json], axis: str) -> list[Estimate]:
    """Return the error rate along `position`, shape (turns,), at places from its least to its greatest value.

    Each estimate's `at` holds the place under the name `axis`, and `band_low` and `band_high`, between which the
    whole curve lies with 95 %. Empty with fewer than 3 instances or one position only.

    Source: Fan & Gijbels (1996), Local polynomial modelling and its applications, section 2.3 (local line); the
    simultaneous band by the bootstrap's largest studentised distance, Hall & Kang (2001), Bootstrapping nonparametric
    density estimators with empirically chosen bandwidths, Ann. Statist. 29; the scale of the band as in
    `intervals.share`.
    """
    low, high = (float(position.min()), float(position.max())) if len(position) else (0.0, 0.0)
    if high <= low or len(np.unique(table.instance[sample.cluster])) < _FEWEST_EPISODES:
        return []
    # Up to 60 different turns are one cell each; more turns, and tokens, share cells of equal width.
    values = np.unique(position)
    cells = values if len(values) <= _CELLS else np.linspace(low, high, _CELLS)
    cell = np.abs(np.searchsorted((cells[1:] + cells[:-1]) / 2, position))
    places = np.linspace(low, high, min(PLACES, len(cells)))
    distance = (cells[None, :] - places[:, None]) / ((high - low) * BANDWIDTH)  # (places, cells)
    kernel = np.exp(-0.5 * distance**2)
    counts, errors = _instance_cells(table, sample, cell, len(cells))
    rate, weights = _local_line(counts.sum(axis=0)[None], errors.sum(axis=0)[None], kernel, distance)
    resampled = resampled_sums(np.hstack([counts, errors]), _REPLICATES)
    drawn, _ = _local_line(resampled[:, : len(cells)], resampled[:, len(cells) :], kernel, distance)
    return _bands(table, sample, rate[0], weights[0], counts.sum(axis=0), drawn, places, at, axis)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `smooth_by_turn` and `smooth_by_tokens`, lists over conditions and places."""
    by_turn: list[Estimate] = []
    by_tokens: list[Estimate] = []
    for condition in table.conditions:
        sample = table.samples[condition]
        by_turn += curve(table, sample, sample.turn.astype(float), {"condition": condition}, "turn")
        counted = sample.take(~np.isnan(sample.context_tokens))
        by_tokens += curve(table, counted, counted.context_tokens, {"condition": condition}, "context_tokens")
    return {"smooth_by_turn": by_turn, "smooth_by_tokens": by_tokens}


def charts(estimates: Estimates) -> list[Chart]:
    """Return the smoothed error rate by turn with its simultaneous band."""
    alt_text = "the band holds the whole curve with 95 %."
    series = tuple(_with_band(line) for line in series_along(estimates, "smooth_by_turn"))
    title = "Error rate by turn, smoothed"
    return [Chart("smooth_by_turn", title, alt_text, "turn", RATE, "line", series, rank=20)]


def _with_band(series: Series) -> Series:
    """Return the series with the simultaneous band in place of the pointwise interval."""
    points = tuple(
        replace(point, low=float(str(point.at["band_low"])), high=float(str(point.at["band_high"])), at={})
        for point in series.points
    )
    return Series(series.name, series.places, points)


def _instance_cells(table: TurnTable, sample: Sample, cell: Floats, n_cells: int) -> tuple[Floats, Floats]:
    """Return the turns and the errors of each instance in each cell, shape (instances that have any, cells)."""
    flat = table.instance[sample.cluster] * n_cells + cell.astype(np.int64)
    shape, size = (table.n_instances, n_cells), table.n_instances * n_cells
    counts = np.bincount(flat, minlength=size).reshape(shape).astype(float)
    errors = np.bincount(flat, weights=sample.is_error.astype(float), minlength=size).reshape(shape).astype(float)
    there = counts.any(axis=1)
    return counts[there], errors[there]


def _local_line(counts: Floats, errors: Floats, kernel: Floats, distance: Floats) -> tuple[Floats, Floats]:
    """Return the fitted rates, (rows, places), and the first row's weight of a turn in each cell, (1, places, cells).

    `counts` and `errors` have shape (rows, cells).
    """
    s0, s1, s2 = (counts @ (kernel * distance**power).T for power in (0, 1, 2))
    t0, t1 = (errors @ (kernel * distance**power).T for power in (0, 1))
    # If all weight is on one cell the line has no slope, and a mean is fitted.
    spread = np.maximum(s0 * s2 - s1**2, 1e-9 * np.maximum(s0, 1e-12) ** 2)
    rate = np.clip((s2 * t0 - s1 * t1) / spread, 0.0, 1.0)
    weights = kernel[None] * (s2[:1, :, None] - s1[:1, :, None] * distance[None]) / spread[:1, :, None]
    return rate, weights


def _bands(
    table: TurnTable,
    sample: Sample,
    rate: Floats,
    weights: Floats,
    counts: Floats,
    drawn: Floats,
    places: Floats,
    at: dict[str, Json],
    axis: str,
) -> list[Estimate]:
    n = len(np.unique(table.instance[sample.cluster]))
    error = drawn.std(axis=0, ddof=1) * np.sqrt(n / (n - 1))
    unit = (weights**2 * counts).sum(axis=1)  # the variance of the rate, in units of that of one turn
    independent = rate * (1 - rate) * unit
    with np.errstate(divide="ignore", invalid="ignore"):
        # At least 1: with few errors the kernel's tails would make the effective number too large.
        effect = np.where((independent > 0) & (error > 0), np.maximum(error**2 / independent, 1.0), 1.0)
        strayed = np.abs(drawn - rate) / np.where(error > 0, error, np.inf)
    pointwise = quantile(n)
    # The maximum of correlated t statistics: normal distances, divided by a scale with n - 1 degrees of freedom.
    scale = np.sqrt((n - 1) / chi2_quantile((np.arange(_SCALES) + 0.5) / _SCALES, n - 1))
    together = max(pointwise, float(np.quantile(np.outer(strayed.max(axis=1), scale), LEVEL)))
    effective = 1 / (unit * effect)
    low, high = wilson(rate, effective, pointwise)
    band_low, band_high = wilson(rate, effective, together)
    return [
        Estimate(
            float(rate[place]),
            float(low[place]),
            float(high[place]),
            sample.n_episodes,
            sample.n_turns,
            METHOD,
            at={
                **at,
                axis: round(float(where), 3),
                "band_low": float(band_low[place]),
                "band_high": float(band_high[place]),
            },
        )
        for place, where in enumerate(places)
    ]
