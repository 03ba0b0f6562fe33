"""The tables and figures of results/students, recomputed from the rows and cards that are committed there.

A row is one game under one condition; a character per turn says how it went: "." right, "w" playable but wrong, "x"
unplayable (illegal or unreadable), "-" not asked. Rows of one student are in the order of their games.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from horizon.analysis.stats.bootstrap import draw_counts
from horizon.analysis.stats.intervals import Interval, mean_of_signs, share
from horizon.analysis.survival_curve import curve, horizon
from horizon.core.estimator import Estimate
from horizon.report.palette import style_of

CONDITIONS = ("natural", "fresh", "healed", "corrupted:0.5", "foreign")
BINS = ((1, 5), (6, 10), (11, 20), (21, 30), (31, 40), (41, 60))
UNPLAYABLE, ANY, NOT_ASKED = "x", "xw", "-"
PARTS = (
    ("its own errors", "natural", "healed"),
    ("its own history", "healed", "foreign"),
    ("a history at all", "foreign", "fresh"),
)
"""What natural minus fresh is split into, in differences of two conditions on the same states."""
SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a student before it is played."""

    student: str
    environment: str
    size: str
    targets: str
    parameters: int
    steps: int
    batch_tokens: int
    lessons: int
    loss: float
    device: str
    seconds: float

    @property
    def is_chess(self) -> bool:
        """Whether it was taught by an engine."""
        return self.environment == "chess"


Rows = Mapping[tuple[str, str], Sequence[str]]


def read_cards(path: Path) -> list[Card]:
    """Return the cards of a file: chess first, then by the number of parameters."""
    kinds = {"parameters": int, "steps": int, "batch_tokens": int, "lessons": int, "loss": float, "seconds": float}
    with path.open(newline="", encoding="utf-8") as file:
        cards = [
            Card(**{name: kinds.get(name, str)(value) for name, value in row.items()}) for row in csv.DictReader(file)
        ]
    return sorted(cards, key=lambda card: (not card.is_chess, card.parameters, card.student))


def read_rows(path: Path) -> Rows:
    """Return the turns of every game by student and condition."""
    rows: dict[tuple[str, str], list[str]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault((row["student"], row["condition"]), []).append(row["turns"])
    return rows


def rate(games: Sequence[str], errors: str, low: int, high: int) -> Interval:
    """Return the share of the turns from `low` to `high` that are errors of these kinds, over games."""
    parts = [game[low - 1 : high] for game in games]
    wrong = np.array([sum(code in errors for code in part) for part in parts], dtype=float)
    return share(wrong, np.array([len(part) - part.count(NOT_ASKED) for part in parts], dtype=float))


def h50(games: Sequence[str], errors: str) -> Estimate:
    """Return the turn by which half of the games have erred; games that ended earlier would have erred alike."""
    last, erred = _first_errors(games, errors)
    return horizon(curve(last, erred), 0.5, len(games), int(last.sum()))


def _first_errors(games: Sequence[str], errors: str) -> tuple[np.ndarray, np.ndarray]:
    firsts = [next((turn for turn, code in enumerate(game, 1) if code in errors), 0) for game in games]
    last = np.array([first or len(game) for first, game in zip(firsts, games, strict=True)])
    return last, np.array([float(first > 0) for first in firsts])


def difference(first: Sequence[str], second: Sequence[str], errors: str, low: int, high: int) -> Interval:
    """Return how much more often the first errs than the second, on the states of these turns that both posed."""
    sums, turns = [], []
    for one, other in zip(first, second, strict=True):
        both = [
            pair for pair in zip(one[low - 1 : high], other[low - 1 : high], strict=False) if NOT_ASKED not in pair
        ]
        sums.append(float(sum((left in errors) - (right in errors) for left, right in both)))
        turns.append(float(len(both)))
    return mean_of_signs(np.array(sums), np.array(turns))


def _resampled(games: Sequence[str], errors: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return log2 of H50 and the share of errors in replicates over games; an H50 beyond the end counts as the end."""
    last, erred = _first_errors(games, errors)
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


def percent(interval: Interval) -> str:
    """Return an interval in percent."""
    if np.isnan(interval.estimate):
        return ""
    return f"{100 * interval.estimate:.0f} [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def turns_text(estimate: Estimate) -> str:
    """Return an H50 with its interval; `>` where it is beyond the last turn."""
    if estimate.estimate is None:
        return f"> {estimate.low:.0f}" if estimate.low is not None else ">"
    high = "-" if estimate.high is None else f"{estimate.high:.0f}"
    return f"{estimate.estimate:.0f} [{estimate.low:.0f}, {high}]"


def ends(values: np.ndarray) -> str:
    """Return a percentile interval of differences in points."""
    low, middle, high = (f"{100 * value:+.1f}" for value in values)
    return f"{middle} [{low}, {high}]"


def times(values: np.ndarray) -> str:
    """Return a percentile interval of ratios."""
    low, middle, high = (f"{value:.2f}" for value in values)
    return f"{middle} [{low}, {high}]"


def students_table(rows: Rows, cards: Sequence[Card]) -> str:
    """Return one line per student: what it is, and its H50."""
    lines = [
        "| student | parameters | steps x tokens | targets | loss | H50, unplayable | H50, all errors |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for card in cards:
        games = rows[card.student, "natural"]
        unplayable = turns_text(h50(games, UNPLAYABLE)) if card.is_chess else ""
        lines.append(
            f"| {card.student} | {card.parameters:,} | {card.steps:,} x {card.batch_tokens:,} | {card.targets} | "
            f"{card.loss:.3f} | {unplayable} | {turns_text(h50(games, ANY))} |"
        )
    return "\n".join(lines) + "\n"


def by_turn(rows: Rows, card: Card, errors: str) -> str:
    """Return a student's shares of errors by turn under each condition."""
    last = max(len(game) for game in rows[card.student, "natural"])
    bins = [(low, high) for low, high in BINS if low <= last]
    lines = ["| condition | " + " | ".join(f"{low} to {high}" for low, high in bins) + " |"]
    lines.append("| --- |" + " ---: |" * len(bins))
    for condition in CONDITIONS:
        cells = [percent(rate(rows[card.student, condition], errors, low, high)) for low, high in bins]
        lines.append(f"| {condition} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def parts_table(rows: Rows, cards: Sequence[Card]) -> str:
    """Return the gap between natural and fresh, and its parts, in points; chess counts unplayable replies."""
    lines = ["| student | turns | natural - fresh | " + " | ".join(name for name, _, _ in PARTS) + " |"]
    lines.append("| --- | --- |" + " ---: |" * (1 + len(PARTS)))
    for card in cards:
        errors = UNPLAYABLE if card.is_chess else ANY
        for low, high in ((21, 40),) if card.is_chess else ((11, 20), (41, 60)):
            pairs = [("natural", "fresh"), *((first, second) for _, first, second in PARTS)]
            cells = [
                percent(difference(rows[card.student, first], rows[card.student, second], errors, low, high))
                for first, second in pairs
            ]
            lines.append(f"| {card.student} | {low} to {high} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def ladder(cards: Sequence[Card]) -> list[Card]:
    """Return the students of chess that differ in size alone, by size."""
    alike = [card for card in cards if card.is_chess and card.targets == "soft" and card.student != SHIPPED]
    return sorted(alike, key=lambda card: card.parameters)


def comparisons(rows: Rows, cards: Sequence[Card]) -> str:
    """Return the trends over sizes, and soft against hard targets, with intervals over games."""
    sizes = ladder(cards)
    lines = ["| natural turns | errors | H50, times | share of turns, points |", "| --- | --- | ---: | ---: |"]
    for kind, errors in (("unplayable", UNPLAYABLE), ("all", ANY)):
        if len(sizes) > 1:
            slope, points = trend(rows, sizes, errors)
            lines.append(f"| per doubling of the parameters | {kind} | {times(2**slope)} | {ends(points)} |")
        for card in sizes:
            if (f"{card.student}-hard", "natural") in rows:
                ratio, points = contrast(rows, card.student, f"{card.student}-hard", errors)
                lines.append(f"| {card.student}: soft against hard | {kind} | {times(ratio)} | {ends(points)} |")
    return "\n".join(lines) + "\n"


def all_tables(rows: Rows, cards: Sequence[Card]) -> str:
    """Return every table of the page, one after the other."""
    parts = [students_table(rows, cards), comparisons(rows, cards), parts_table(rows, cards)]
    for card in cards:
        kinds = ((UNPLAYABLE, "unplayable"), (ANY, "all errors")) if card.is_chess else ((ANY, "errors"),)
        parts += [f"### {card.student}: {kind}\n\n{by_turn(rows, card, errors)}" for errors, kind in kinds]
    return "\n".join(parts)


def draw(rows: Rows, cards: Sequence[Card], path: Path) -> None:
    """Draw the shares of errors of some students by turn, from the history and afresh."""
    figure = Figure(figsize=(9, 4.2), layout="constrained", dpi=130)
    axes = figure.subplots()
    is_chess = cards[0].is_chess
    for place, card in enumerate(cards):
        bins = [(low, high) for low, high in BINS if low <= (40 if is_chess else 60)]
        for condition, line in (("natural", "-"), ("fresh", ":")):
            games = rows[card.student, condition]
            points = [rate(games, UNPLAYABLE if is_chess else ANY, low, high) for low, high in bins]
            middles = [point.estimate for point in points]
            axes.errorbar(
                [(low + high) / 2 for low, high in bins],
                middles,
                yerr=[
                    [max(0.0, point.estimate - point.low) for point in points],
                    [max(0.0, point.high - point.estimate) for point in points],
                ],
                linestyle=line,
                marker=style_of("", place).marker,
                color=style_of("", place).colour,
                capsize=2,
                label=f"{card.student}, {'its own history' if condition == 'natural' else 'the same states afresh'}",
            )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(0, None)
    axes.set_xlabel("turn")
    axes.set_ylabel("illegal or unreadable, 95 % interval" if is_chess else "turns in error, 95 % interval")
    axes.grid(axis="y", color="#E3E3E3")
    figure.legend(frameon=False, ncols=min(len(cards), 2), fontsize="small", loc="outside lower center")
    figure.savefig(path, metadata={"Software": "horizon"})
