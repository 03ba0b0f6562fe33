"""Every estimate of an analysis with its interval, as `horizon analyze` prints it: one line per estimate."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from horizon.analysis.analysis import Analysis, position
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate, Estimates

_DENSE = ("smooth", "parametric_survival")
"""Prefixes of the names of lists that are the points of a smooth curve."""


def print_estimates(analysis: Analysis, console: Console) -> None:
    """Print a table for each group, then one for the estimates that compare groups.

    The points of smooth curves are left out: `horizon analyze --json` and the CSV tables of a report have them.
    """
    for group in analysis.groups:
        console.print()
        console.print(_table(f"{group.model}: {group.setting}", _lines(group.estimates)))
    between = analysis.between()
    if between:
        console.print()
        console.print(_table("between groups", _lines(between)))


def _table(title: str, lines: Iterable[tuple[str, str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
    table.title = Text(visible(title))
    for name in ("estimate", "at", "value [95 % interval], counts"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(*(Text(visible(cell)) for cell in line))
    return table


def _lines(estimates: Estimates) -> Iterator[tuple[str, str, str]]:
    for name, value in estimates.items():
        if isinstance(value, Estimate):
            yield name, position(value) if value.at else "", str(value)
        elif not name.startswith(_DENSE):
            yield from ((name, position(estimate), str(estimate)) for estimate in value)
