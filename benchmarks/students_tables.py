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
AGAIN = "-again"
"""The end of the name of a student made by an earlier recipe on another device."""


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
    seed: int = 0

    @property
    def is_chess(self) -> bool:
        """Whether it was taught by an engine."""
        return self.environment == "chess"


Rows = Mapping[tuple[str, str], Sequence[str]]


def read_cards(path: Path) -> list[Card]:
    """Return the cards of a file: chess first, then by the number of parameters."""
    kinds = {
        "parameters": int,
        "steps": int,
        "batch_tokens": int,
        "lessons": int,
        "loss": float,
        "seconds": float,
        "seed": int,
    }
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
    last, erred = first_errors(games, errors)
    return horizon(curve(last, erred), 0.5, len(games), int(last.sum()))


def first_errors(games: Sequence[str], errors: str) -> tuple[np.ndarray, np.ndarray]:
    """Return for each game its last turn at risk, and 1 where it erred there, else 0."""
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
    """Return the students of chess that differ in size alone, by size: those of the first seed."""
    alike = [card for card in replicates(cards) if card.seed == 0 and not card.student.endswith(AGAIN)]
    return sorted(alike, key=lambda card: card.parameters)


def replicates(cards: Sequence[Card]) -> list[Card]:
    """Return the students of chess that differ in size, seed or device, with soft targets and equal lessons."""
    return [card for card in cards if card.is_chess and card.targets == "soft" and card.student != SHIPPED]


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
