"""The rows of results/causes, and the contrasts and maps that are computed from them.

A row is one episode under one condition; a character per turn says how it went: "." right, "w" playable but wrong, "x"
unplayable (illegal or unreadable), "-" not asked. The rows of `posed before` have "s" at turns whose state an earlier
message of the episode had posed in the same words, and "n" at the others. Rows of one cell and condition are in the
order of their seeds.
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


SEEN_ROWS, SEEN, NEW = "posed before", "s", "n"
MANY_RETURN = 0.1
"""From this share of returning states on, `healed` is marked as showing the answer itself."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A suspected cause, and the two conditions whose difference is its harm: that with it, and that without it.

    With `is_new` states that were posed before in their episode are left out.
    """

    title: str
    present: str
    absent: str
    is_new: bool = False


CAUSES = (
    Cause("the whole history", "natural", "fresh"),
    Cause("its own errors", "natural", "healed"),
    Cause("its own errors,\nat new states", "natural", "healed", is_new=True),
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
    n_seen: int = 0

    @property
    def shows_answers(self) -> bool:
        """Whether the corrected history holds the answer to many of its states: they were posed before."""
        return self.cause.absent == "healed" and self.n_seen >= MANY_RETURN * self.n_states

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
    # At new states alone only where many are not.
    partly = {contrast.cell for contrast in known if contrast.shows_answers}
    known = [contrast for contrast in known if not contrast.cause.is_new or contrast.cell in partly]
    corrected = holm([contrast.p for contrast in known])
    return [replace(contrast, p_holm=p) for contrast, p in zip(known, corrected, strict=True)]


def _contrast(rows: Rows, cell: str, cause: Cause, about: Mapping[str, str]) -> Contrast:
    first, errors = int(about["first_turn"]), errors_of(about)
    sums, n_seen = [], 0
    episodes = zip(rows[cell, cause.present], rows[cell, cause.absent], rows[cell, SEEN_ROWS], strict=True)
    for games in episodes:
        pairs = [
            (one, other, seen)
            for one, other, seen in zip(*(game[first - 1 :] for game in games), strict=False)
            if NOT_ASKED not in one + other and not (cause.is_new and seen == SEEN)
        ]
        sums.append((float(sum((one in errors) - (other in errors) for one, other, _ in pairs)), float(len(pairs))))
        n_seen += sum(seen == SEEN for *_, seen in pairs)
    kept = np.array([pair for pair in sums if pair[1]]).reshape(-1, 2)
    if not len(kept):
        return Contrast(cell, cause, Interval(np.nan, np.nan, np.nan, np.nan), 1.0, 1.0, 0, 0)
    whole = spread(kept, lambda totals: np.asarray(totals[:, 0] / totals[:, 1]), SIGNS, equal_episodes(kept[:, 1]))
    return Contrast(cell, cause, whole.interval(), whole.p(), 1.0, len(kept), int(kept[:, 1].sum()), n_seen)


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
