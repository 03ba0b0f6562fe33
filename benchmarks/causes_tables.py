"""The tables and the figure of results/causes, recomputed from the rows that are committed there.

A row is one episode under one condition; a character per turn says how it went: "." right, "w" playable but wrong, "x"
unplayable (illegal or unreadable), "-" not asked. Rows of one cell and condition are in the order of their seeds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from causes_cells import SWAPPED
from csv_files import read_csv
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from students_tables import percent

from horizon.analysis.drift import ALL, UNERRED, DriftEstimates, drift
from horizon.analysis.memory_of_harm import memory_of_harm
from horizon.analysis.stats.intervals import SIGNS, Interval, equal_episodes, holm, share, spread
from horizon.core.estimator import Estimate
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


def mark(contrast: Contrast) -> str:
    """Return the sign of a contrast that is the effect of something else, too: explained on the page."""
    if contrast.cell in CARRIES.get(contrast.cause.absent, ()):
        return "†"
    return "‡" if contrast.cause.absent == "recut:all" and contrast.cell in REWORDED else ""


def points(interval: Interval | Estimate) -> str:
    """Return a difference in points, with its interval."""
    return (
        f"{100 * (interval.estimate or 0):+.0f} [{100 * (interval.low or 0):+.0f}, {100 * (interval.high or 0):+.0f}]"
    )


def title(about: Mapping[str, str]) -> str:
    """Return the name of a cell on one line."""
    return about["title"].replace("\n", ", ")


def rates_table(rows: Rows, about: About) -> str:
    """Return the error rates of all conditions as Markdown."""
    conditions = list(dict.fromkeys(condition for _, condition in rows))
    lines = [
        "| error rate, % | " + " | ".join(title(one) for one in about.values()) + " |",
        "| --- |" + " ---: |" * len(about),
    ]
    for condition in conditions:
        cells = [
            percent(rate(rows, cell, condition, one)) if any((cell, condition) == key for key in rows) else ""
            for cell, one in about.items()
        ]
        lines.append(f"| {condition} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def contrasts_table(known: Sequence[Contrast], about: About) -> str:
    """Return the contrasts as Markdown: points with 95 % intervals; bold where shown after Holm's correction."""
    lines = [
        "| harm, points | " + " | ".join(title(one) for one in about.values()) + " |",
        "| --- |" + " ---: |" * len(about),
    ]
    by_place = {(contrast.cause, contrast.cell): contrast for contrast in known}
    for cause in CAUSES:
        cells = []
        for cell in about:
            contrast = by_place.get((cause, cell))
            bold = "**" if contrast and contrast.is_shown else ""
            cells.append(f"{bold}{points(contrast.harm)}{bold}{mark(contrast)}" if contrast else "")
        name = cause.title.replace("\n", " ")
        lines.append(f"| {name} ({cause.present} - {cause.absent}) | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def whose_table(rows: Rows, about: About) -> str:
    """Return the error rate of each model on its own transcripts, on the other's, and on none, as Markdown."""
    lines = ["| who answers | its own transcript | the other's | none |", "| --- | ---: | ---: | ---: |"]
    first, second = SWAPPED
    sides = ((first, TRANSPLANT_OF + second.partition("-")[0]), (second, "transplant"))
    if all(side in rows for side in sides):
        for cell, other in sides:
            rates = (percent(rate(rows, cell, condition, about[cell])) for condition in ("natural", other, "fresh"))
            lines.append(f"| {title(about[cell])} | {' | '.join(rates)} |")
    return "\n".join(lines) + "\n"


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


def harm_table(folder: Path, about: About) -> str:
    """Return the memory of harm as Markdown: the gain in nats by lag, with bands that hold for all lags together."""
    lines = [
        "| cell | edit | earlier turn | errors | effect by turns ago, nats [band] |",
        "| --- | --- | --- | ---: | --- |",
    ]
    for cell, one in about.items():
        for edit in ("heal", "hide"):
            maps = read_maps(folder, cell, edit)
            for erred, name in ((True, "wrong"), (False, "right")):
                known = [point for point in memory_of_harm(maps, erred=erred) if point.low is not None]
                text = "; ".join(_lag(point) for point in known)
                if text:
                    lines.append(f"| {title(one)} | {edit} | {name} | {len(maps)} | {text} |")
    return "\n".join(lines) + "\n"


def _lag(point: Estimate) -> str:
    first, last = point.at["first_lag"], point.at["last_lag"]
    lags = f"{first}" if first == last else f"{first} to {last}"
    low, high = float(str(point.at["band_low"])), float(str(point.at["band_high"]))
    mark = "**" if low > 0 or high < 0 else ""
    return f"{lags}: {mark}{point.estimate or 0.0:+.2f} [{low:+.2f}, {high:+.2f}]{mark}"


def drift_table(folder: Path, about: About) -> str:
    """Return the slopes and the first and last differences of the log-likelihood as Markdown."""
    lines = [
        "| cell | turns scored | natural - fresh, first turns | last turns | per doubling of the turn | "
        "before the first error |",
        "| --- | ---: | --- | --- | --- | --- |",
    ]
    for cell, one in about.items():
        scored = read_drifts(folder, cell)
        if scored:
            whole, early = drift(scored, ALL), drift(scored, UNERRED)
            ends = [_turns(whole.difference[place]) for place in (0, -1)]
            slopes = f"{nats(whole)} | {nats(early)}"
            lines.append(f"| {title(one)} | {len(scored)} | {ends[0]} | {ends[1]} | {slopes} |")
    return "\n".join(lines) + "\n"


def _turns(point: Estimate) -> str:
    low, high = point.at["band_low"], point.at["band_high"]
    band = f"[{low:+.2f}, {high:+.2f}]" if isinstance(low, float) and isinstance(high, float) else "[open]"
    return f"{point.at['first_turn']} to {point.at['last_turn']}: {point.estimate or 0.0:+.2f} {band}"


def nats(estimates: DriftEstimates) -> str:
    """Return a slope with its interval and its number of episodes."""
    slope = estimates.slope
    if slope.estimate is None or slope.low is None or slope.high is None:
        return "unknown"
    return f"{slope.estimate:+.2f} [{slope.low:+.2f}, {slope.high:+.2f}] ({slope.n_episodes} episodes)"


def cost(maps: Sequence[ErrorMap]) -> float:
    """Return the tokens read per token of the turns that were scored again."""
    return sum(error.read_tokens for error in maps) / sum(error.rescored_tokens for error in maps)


def all_tables(folder: Path) -> str:
    """Return all tables of the page."""
    rows, about = read_rows(folder), read_about(folder)
    known = contrasts(rows, about)
    parts = (
        contrasts_table(known, about),
        rates_table(rows, about),
        whose_table(rows, about),
        harm_table(folder, about),
        drift_table(folder, about),
    )
    return "\n".join(parts)


def write(folder: Path) -> None:
    """Write the tables and the figure of the rows that are there, and the page's tables between their marks."""
    rows, about = read_rows(folder), read_about(folder)
    page = folder / "README.md"
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        for name, table in (
            ("contrasts", contrasts_table(contrasts(rows, about), about)),
            ("whose history", whose_table(rows, about)),
            ("drift", drift_table(folder, about)),
        ):
            block = f"<!-- {name} -->\n{table}<!-- end of {name} -->"
            text = re.sub(
                f"<!-- {name} -->.*<!-- end of {name} -->", lambda _, block=block: block, text, flags=re.DOTALL
            )
        page.write_text(text, encoding="utf-8")
    (folder / "tables.md").write_text(all_tables(folder), encoding="utf-8")
    draw(contrasts(rows, about), about, folder / "causes.png")


def draw(known: Sequence[Contrast], about: About, path: Path) -> None:
    """Draw a cell for each cause and model: red where it harms, blue where it helps, white where nothing is shown."""
    shown_causes = [cause for cause in CAUSES if any(contrast.cause == cause for contrast in known)]
    cells = list(about)
    figure = Figure(figsize=(2.6 + 1.2 * len(cells), 1.5 + 0.55 * len(shown_causes)), layout="constrained", dpi=130)
    axes = figure.subplots()
    for contrast in known:
        x, y = cells.index(contrast.cell), shown_causes.index(contrast.cause)
        value = contrast.harm.estimate
        strength = min(1.0, abs(value) / 0.6) if contrast.is_shown else 0.0
        base = np.array([0.80, 0.20, 0.15]) if value > 0 else np.array([0.10, 0.40, 0.75])
        axes.add_patch(_square(x, y, tuple(1 - (1 - base) * strength)))
        axes.text(
            x,
            y,
            f"{100 * value:+.0f}{mark(contrast)}",
            ha="center",
            va="center",
            color="white" if strength > 0.6 else "black" if contrast.is_shown else "#8A8A8A",
            fontweight="bold" if contrast.is_shown else "normal",
        )
    axes.set_xlim(-0.5, len(cells) - 0.5)
    axes.set_ylim(len(shown_causes) - 0.5, -0.5)
    axes.set_xticks(range(len(cells)), [about[cell]["title"] for cell in cells])
    axes.set_yticks(range(len(shown_causes)), [cause.title for cause in shown_causes])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.suptitle(
        "Points of error that each cause adds (red) or takes away (blue); grey: not shown", x=0.01, ha="left"
    )
    figure.supxlabel(
        "†: what is hidden holds the state itself    ‡: quoted in words that the student does not know", fontsize=8.5
    )
    figure.savefig(path, metadata={"Software": "horizon"})


def _square(x: int, y: int, colour: tuple[Any, ...]) -> Any:
    return Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, edgecolor="#DDDDDD")
