"""Error against size, and soft against hard targets, among the students of results/students.

Two kinds of interval. Over games: the students are given, and other games of theirs could have been played. Over
students: each trained student is one observation, so that seeds of training are in the interval; assumed are normal
deviations of equal spread at each size (least squares, Student's t).
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats
from students_tables import (
    ANY,
    UNPLAYABLE,
    Card,
    Rows,
    by_turn,
    first_errors,
    h50,
    ladder,
    parts_table,
    replicates,
    students_table,
)

from horizon.analysis.stats.bootstrap import draw_counts

HARD = "-hard"
_LEAST = 3
"""Students beyond one per size, for an interval over students."""


def _resampled(games: Sequence[str], errors: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return log2 of H50 and the share of errors in replicates over games; an H50 beyond the end counts as the end."""
    last, erred = first_errors(games, errors)
    end = int(max(len(game) for game in games))
    turns = np.arange(1, end + 1)
    at_risk, events = last[:, None] >= turns, (last[:, None] == turns) & (erred[:, None] > 0)
    sums = np.array([[sum(code in errors for code in game), len(game)] for game in games], dtype=float)
    logs, rates = [], []
    for counts in draw_counts(len(games), seed=seed):
        free = np.cumprod(1 - counts @ events / np.maximum(counts @ at_risk, 1), axis=1)
        logs.append(np.log2(np.where(free[:, -1] <= 0.5, 1 + (free > 0.5).sum(axis=1), end)))
        drawn = counts @ sums
        rates.append(drawn[:, 0] / drawn[:, 1])
    return np.concatenate(logs), np.concatenate(rates)


def trend(rows: Rows, cards: Sequence[Card], errors: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes per doubling of the parameters: of log2 of H50, and of the share of errors.

    Each as the ends and the middle of a percentile interval over games.
    """
    doublings = np.log2([card.parameters for card in cards])
    drawn = [_resampled(rows[card.student, "natural"], errors, place) for place, card in enumerate(cards)]
    return _interval(_slopes(doublings, [log for log, _ in drawn])), _interval(
        _slopes(doublings, [part for _, part in drawn])
    )


def _slopes(places: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    centred = places - places.mean()
    slopes: np.ndarray = centred @ np.array(values) / (centred @ centred)
    return slopes


def _interval(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, (0.025, 0.5, 0.975))


def contrast(rows: Rows, first: str, second: str, errors: str) -> tuple[np.ndarray, np.ndarray]:
    """Return H50 of the first as a multiple of the second's, and the difference of their shares of errors."""
    one, other = (_resampled(rows[name, "natural"], errors, place) for place, name in enumerate((first, second)))
    return 2 ** _interval(one[0] - other[0]), _interval(one[1] - other[1])


def over_students(rows: Rows, cards: Sequence[Card], errors: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes of `trend` with an interval over trained students, of which each is one observation."""
    doublings = np.log2([card.parameters for card in cards])
    observed = np.array([_observed(rows, card.student, errors) for card in cards])
    return _slope_over(doublings, observed[:, 0]), _slope_over(doublings, observed[:, 1])


def _observed(rows: Rows, student: str, errors: str) -> tuple[float, float]:
    """Return log2 of H50 (beyond the end: the end) and the share of errors of one student, over all its games."""
    games = rows[student, "natural"]
    turn = h50(games, errors).estimate or max(map(len, games))
    return float(np.log2(turn)), sum(code in errors for game in games for code in game) / sum(map(len, games))


def _slope_over(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    fit = stats.linregress(places, values)
    half = stats.t.ppf(0.975, len(places) - 2) * fit.stderr
    return np.array([fit.slope - half, fit.slope, fit.slope + half])


def pairs_of_targets(rows: Rows, cards: Sequence[Card]) -> list[tuple[str, str]]:
    """Return the students taught soft targets and hard ones that are alike in the rest."""
    return [
        (card.student, card.student + HARD) for card in replicates(cards) if (card.student + HARD, "natural") in rows
    ]


def ends(values: np.ndarray) -> str:
    """Return a percentile interval of differences in points."""
    low, middle, high = (f"{100 * value:+.1f}" for value in values)
    return f"{middle} [{low}, {high}]"


def times(values: np.ndarray) -> str:
    """Return a percentile interval of ratios."""
    low, middle, high = (f"{value:.2f}" for value in values)
    return f"{middle} [{low}, {high}]"


def comparisons(rows: Rows, cards: Sequence[Card]) -> str:
    """Return the trends over sizes, and soft against hard targets, with intervals over games and over students."""
    sizes, alike, pairs = ladder(cards), replicates(cards), pairs_of_targets(rows, cards)
    lines = ["| natural turns | errors | H50, times | share of turns, points |", "| --- | --- | ---: | ---: |"]
    for kind, errors in (("unplayable", UNPLAYABLE), ("all", ANY)):
        found = []
        if len(sizes) > 1:
            slope, points = trend(rows, sizes, errors)
            found.append(("per doubling of the parameters, over games", 2**slope, points))
        if len(alike) >= len(sizes) + _LEAST:
            slope, points = over_students(rows, alike, errors)
            found.append((f"per doubling of the parameters, over {len(alike)} students", 2**slope, points))
        found += [
            (f"{soft}: soft against hard, over games", *contrast(rows, soft, hard, errors)) for soft, hard in pairs
        ]
        lines += [f"| {name} | {kind} | {times(ratio)} | {ends(points)} |" for name, ratio, points in found]
    return "\n".join(lines) + "\n"


def all_tables(rows: Rows, cards: Sequence[Card]) -> str:
    """Return every table of the page, one after the other."""
    parts = [students_table(rows, cards), comparisons(rows, cards), parts_table(rows, cards)]
    for card in cards:
        kinds = ((UNPLAYABLE, "unplayable"), (ANY, "all errors")) if card.is_chess else ((ANY, "errors"),)
        parts += [f"### {card.student}: {kind}\n\n{by_turn(rows, card, errors)}" for errors, kind in kinds]
    return "\n".join(parts)
