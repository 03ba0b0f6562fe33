"""The tables and the figure of results/causes, recomputed from the rows that are committed there."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from causes_cells import SWAPPED
from causes_rows import (
    CARRIES,
    CAUSES,
    REWORDED,
    SEEN_ROWS,
    TRANSPLANT_OF,
    About,
    Contrast,
    Rows,
    contrasts,
    rate,
    read_about,
    read_drifts,
    read_maps,
    read_rows,
)
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from students_tables import percent

from horizon.analysis.drift import ALL, UNERRED, DriftEstimates, drift
from horizon.analysis.memory_of_harm import memory_of_harm
from horizon.analysis.stats.intervals import Interval
from horizon.core.estimator import Estimate


def mark(contrast: Contrast) -> str:
    """Return the sign of a contrast that is the effect of something else, too: explained on the page."""
    if contrast.cell in CARRIES.get(contrast.cause.absent, ()):
        return "†"
    if contrast.shows_answers:
        return "§"
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
    conditions = [one for one in dict.fromkeys(condition for _, condition in rows) if one != SEEN_ROWS]
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
    for cause in (one for one in CAUSES if any(contrast.cause == one for contrast in known)):
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
    first, second = SWAPPED
    sides = ((first, TRANSPLANT_OF + second.partition("-")[0]), (second, "transplant"))
    if not all(side in rows for side in sides):
        return ""
    lines = ["| who answers | its own transcript | the other's | none |", "| --- | ---: | ---: | ---: |"]
    for cell, other in sides:
        rates = (percent(rate(rows, cell, condition, about[cell])) for condition in ("natural", other, "fresh"))
        lines.append(f"| {title(about[cell])} | {' | '.join(rates)} |")
    return "\n".join(lines) + "\n"


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
    return "\n".join(part for part in parts if part)


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
        "†: what is hidden holds the state itself    ‡: quoted in words that the student does not know    "
        "§: the corrected history shows the answer to most states",
        fontsize=8.5,
    )
    figure.savefig(path, metadata={"Software": "horizon"})


def _square(x: int, y: int, colour: tuple[Any, ...]) -> Any:
    return Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, edgecolor="#DDDDDD")
