"""The table of results that `play`, `analyze` and `report` print: one row per model, environment and opponent.

Names come from users and runs and may hold markup or control codes; all of it is printed as plain text.
"""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.estimators.error_rate import main_condition
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate
from horizon.report.cautions import cautions
from horizon.report.spending import spending_lines

_UNITS = {
    "error_rate": (100, ".1f", " %"),
    "focus_gap": (100, "+.1f", " points"),
    "s1": (100, ".0f", " %"),
    "h80": (1, ".0f", ""),
    "h50": (1, ".0f", ""),
}
"""Factor, format and unit of each headline figure; a plain number with two decimals for the others."""
_BENEATH = ("s1", "h80")
"""Headline figures printed beneath the table, so that it fits a terminal of 80 columns."""


def print_results(analysis: Analysis, console: Console) -> None:
    """Print the headline figures of each group with their 95 % intervals, then what was left out."""
    console.print(results_table(analysis))
    console.print("in brackets: 95 % intervals, from the spread between episodes", markup=False)
    for line in survival_lines(analysis):
        console.print(Text(visible(line)))
    for line in spending_lines(analysis):
        console.print(Text(visible(line)))
    if analysis.table.n_aborted:
        console.print(f"{analysis.table.n_aborted} aborted episodes (infrastructure failures) are left out")
    if any(group.differs_in for group in analysis.groups):
        console.print("runs with different plans are not pooled: each line names its own settings")
    for caution in cautions(analysis):
        console.print(Text(visible(caution)))
    if analysis.table.n_copies:
        console.print(f"{analysis.table.n_copies} episodes that are copies of another run's are left out")


def survival_lines(analysis: Analysis) -> list[str]:
    """Return for each group the share of episodes correct at turn 1 and H80, which H50 alone does not show."""
    lines = []
    for group in analysis.groups:
        start, fifth = (group.headline().get(name) for name in _BENEATH)
        if start is not None and start.estimate is not None:
            first = f"{write_figure(start, 's1')} of the episodes are correct at turn 1"
            last = f", a fifth have erred by turn {write_figure(fifth, 'h80')}" if fifth and fifth.estimate else ""
            lines.append(f"{group.model}, {group.setting}: {first}{last}")
    return lines


def results_table(analysis: Analysis) -> Table:
    """Return the table, without the columns that no group has (such as skill without a loss)."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    headlines = [group.headline() for group in analysis.groups]
    known = dict.fromkeys(
        name
        for headline_of_group in headlines
        for name, value in headline_of_group.items()
        if value.estimate is not None
    )
    figures = [name for name in known if name not in _BENEATH]
    has_opponent = any(group.opponent for group in analysis.groups)
    for title in ("model", "environment", *(("opponent",) if has_opponent else ())):
        table.add_column(title, overflow="fold")
    for title in ("episodes", "turns"):
        table.add_column(title, justify="right")
    for name in figures:
        table.add_column("h50 (turns)" if name == "h50" else name.replace("_", " "), overflow="fold")
    for group, headline in zip(analysis.groups, headlines, strict=True):
        table.add_row(*_row(group, headline, figures, has_opponent))
    return table


def write_figure(estimate: Estimate | None, name: str) -> str:
    """Write a headline figure as `12.5 % [8.1, 18.9]`; `-` if there is none."""
    if estimate is None or estimate.estimate is None:
        return "-"
    factor, number, unit = _UNITS.get(name, (1, ".2f", ""))
    text = f"{factor * estimate.estimate:{number}}{unit}"
    if estimate.low is None and estimate.high is None:
        return text
    low, high = ("open" if bound is None else f"{factor * bound:{number}}" for bound in (estimate.low, estimate.high))
    return f"{text} [{low}, {high}]"


def _row(group: Group, headline: dict[str, Estimate], figures: list[str], has_opponent: bool) -> list[Text]:
    condition = main_condition(group.table)
    natural = group.table.sample(condition)
    under = "" if condition == "natural" else f"({condition})"
    setting = (group.environment, group.distinction, group.differs_in, under)
    cells = [group.model, " ".join(part for part in setting if part)]
    cells += [group.opponent or "-"] if has_opponent else []
    cells += [str(group.table.n_episodes), str(natural.n_turns if natural is not None else 0)]
    cells += [write_figure(headline.get(name), name) for name in figures]
    return [Text(visible(cell)) for cell in cells]
