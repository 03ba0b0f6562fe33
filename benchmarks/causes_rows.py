"""The rows of results/causes, and the contrasts and maps that are computed from them.

A row is one episode under one condition; a character per turn says how it went: "." right, "w" playable but wrong, "x"
unplayable (illegal or unreadable), "-" not asked. Rows of one cell and condition are in the order of their seeds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from csv_files import read_csv

from horizon.analysis.stats.intervals import SIGNS, Interval, equal_episodes, holm, share, spread
from horizon.runs.attribution_file import ErrorMap, TurnEffect
from horizon.runs.drift_file import ScoredTurn

RIGHT, WRONG, UNPLAYABLE, NOT_ASKED = ".", "w", "x", "-"
LEVEL = 0.05
TRANSPLANT_OF = "transplant of "
"""Begins the condition in which a model answers the transcripts of a further one, which it names."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A suspected cause, and the two conditions whose difference is its harm: that with it, and that without it."""

    title: str
    present: str
    absent: str


CAUSES = (
    Cause("the whole history", "natural", "fresh"),
    Cause("its own errors", "natural", "healed"),
    Cause("its own transcript,\nnot another player's", "natural", "transplant"),
    Cause("its own transcript,\nnot Gemma's", "natural", f"{TRANSPLANT_OF}gemma"),
    Cause("reading its own replies", "natural", "hide:own"),
    Cause("reading earlier messages", "natural", "hide:other"),
    Cause("turns as such", "natural", "recut:all"),
    Cause("memory at 8 bits", "kv:8", "natural"),
    Cause("memory at 4 bits", "kv:4", "natural"),
    Cause("the order of moves", "road:own", "road:other"),
)
CARRIES = {
    "hide:own": ("student-chess", "student-total"),
    "hide:other": ("student-chess", "student-stack", "student-board", "student-total"),
}
"""Cells in which the hidden messages hold the state itself, so that the contrast is the effect of losing it, too."""

REWORDED = ("student-stack", "student-total", "student-board")
"""Cells whose tokenizer does not know the words by which `recut` quotes a reply."""
EMPTY = {("student-chess", "recut:all")}
"""Contrasts that are 0 by construction: the tokenizer of the chess student reads moves, and no mark of a turn."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """The harm of a cause in a cell: a paired difference of error rates on the same states, with p by Holm."""

    cell: str
    cause: Cause
    harm: Interval
    p: float
    p_holm: float
    n_episodes: int
    n_states: int

    @property
    def is_shown(self) -> bool:
        """Whether it is not 0, corrected for all contrasts of the page."""
        return self.p_holm < LEVEL


Rows = Mapping[tuple[str, str], Sequence[str]]
About = Mapping[str, Mapping[str, str]]


def read_rows(folder: Path) -> Rows:
    """Return the episodes of each cell and condition."""
    rows: dict[tuple[str, str], list[str]] = {}
    for row in read_csv(folder / "rows.csv"):
        rows.setdefault((row["cell"], row["condition"]), []).append(row["turns"])
    return rows


def read_about(folder: Path) -> About:
    """Return what is known of each cell, in their order."""
    return {row["cell"]: row for row in read_csv(folder / "about.csv")}


def errors_of(about: Mapping[str, str]) -> str:
    """Return the characters that count as errors: of a weak chess player the moves that can't be played alone."""
    return UNPLAYABLE if about["environment"].startswith("chess") else UNPLAYABLE + WRONG


def rate(rows: Rows, cell: str, condition: str, about: Mapping[str, str]) -> Interval:
    """Return the error rate on the states that `fresh` posed, too, from the cell's first turn on."""
    first, errors = int(about["first_turn"]), errors_of(about)
    wrong, turns = [], []
    for one, probe in zip(rows[cell, condition], rows[cell, "fresh"], strict=True):
        codes = [
            code
            for code, asked in zip(one[first - 1 :], probe[first - 1 :], strict=False)
            if NOT_ASKED not in code + asked
        ]
        wrong.append(float(sum(code in errors for code in codes)))
        turns.append(float(len(codes)))
    return share(np.array(wrong), np.array(turns))


def contrasts(rows: Rows, about: About) -> list[Contrast]:
    """Return the harm of every cause in every cell that posed both of its conditions on a shared state."""
    known = [
        contrast
        for cell in about
        for cause in CAUSES
        if (cell, cause.present) in rows and (cell, cause.absent) in rows and (cell, cause.absent) not in EMPTY
        for contrast in [_contrast(rows, cell, cause, about[cell])]
        if contrast.n_states
    ]
    corrected = holm([contrast.p for contrast in known])
    return [replace(contrast, p_holm=p) for contrast, p in zip(known, corrected, strict=True)]


def _contrast(rows: Rows, cell: str, cause: Cause, about: Mapping[str, str]) -> Contrast:
    first, errors = int(about["first_turn"]), errors_of(about)
    sums = []
    for with_it, without in zip(rows[cell, cause.present], rows[cell, cause.absent], strict=True):
        pairs = [
            pair for pair in zip(with_it[first - 1 :], without[first - 1 :], strict=False) if NOT_ASKED not in pair
        ]
        sums.append((float(sum((one in errors) - (other in errors) for one, other in pairs)), float(len(pairs))))
    kept = np.array([pair for pair in sums if pair[1]]).reshape(-1, 2)
    if not len(kept):
        return Contrast(cell, cause, Interval(np.nan, np.nan, np.nan, np.nan), 1.0, 1.0, 0, 0)
    whole = spread(kept, lambda totals: np.asarray(totals[:, 0] / totals[:, 1]), SIGNS, equal_episodes(kept[:, 1]))
    return Contrast(cell, cause, whole.interval(), whole.p(), 1.0, len(kept), int(kept[:, 1].sum()))


def read_maps(folder: Path, cell: str, edit: str) -> list[ErrorMap]:
    """Return the mapped errors of a cell."""
    maps = []
    for row in read_csv(folder / "harm.csv"):
        if (row["cell"], row["edit"]) == (cell, edit):
            effects = tuple(
                TurnEffect(int(turn), kind == "w", float(effect))
                for turn, kind, effect in re.findall(r"(\d+)([wr])([+-]\S+)", row["effects"])
            )
            costs = int(row["read_tokens"]), int(row["rescored_tokens"])
            maps.append(ErrorMap(row["episode"], int(row["turn"]), float(row["log_likelihood"]), effects, *costs))
    return maps


def read_drifts(folder: Path, cell: str) -> list[ScoredTurn]:
    """Return the scored turns of a cell; its episodes are its seeds."""
    return [
        ScoredTurn(
            row["seed"],
            int(row["seed"]),
            int(row["turn"]),
            float(row["natural"]),
            float(row["fresh"]),
            int(row["n_tokens"]),
            row["erred_before"] == "1",
            row["correct"] == "1",
        )
        for row in read_csv(folder / "drift.csv")
        if row["cell"] == cell
    ]


def cost(maps: Sequence[ErrorMap]) -> float:
    """Return the tokens read per token of the turns that were scored again."""
    return sum(error.read_tokens for error in maps) / sum(error.rescored_tokens for error in maps)
