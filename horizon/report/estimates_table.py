"""Every estimate of an analysis with its interval, as `horizon analyze` prints it: one line per estimate.

What could not be estimated is one line per reason. Details such as assumptions and bands are in `--json`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from horizon.analysis.analysis import Analysis, position
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate, Estimates
from horizon.report.headline import write_p

_DENSE = ("smooth", "parametric_survival")
"""Prefixes of the names of lists that are the points of a smooth curve."""
_P_VALUES = ("p", "p_holm", "n_tests")
_DETAILS = frozenset({*_P_VALUES, "assumes", "band_low", "band_high", "fit", "p_fit", "parts_at"})
"""Parts of a position that do not distinguish the estimates of a list."""


def print_estimates(analysis: Analysis, console: Console) -> None:
    """Print a table for each group, then one for the estimates that compare groups.

    The points of smooth curves are left out: `horizon analyze --json` and the CSV tables of a report have them.
    """
    for group in analysis.groups:
        _print(f"{group.model}: {group.setting}", group.estimates, console)
    if between := analysis.between():
        _print("between groups", dict(between), console)


def _print(title: str, estimates: Estimates, console: Console) -> None:
    console.print()
    console.print(_table(title, _lines(estimates)))
    for reason, names in _reasons(estimates).items():
        console.print(Text(visible(f"no estimate of {', '.join(names)}: {reason}")))


def _table(title: str, lines: Iterable[tuple[str, str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
    table.title = Text(visible(title))
    for name in ("estimate", "at", "value [95 % interval], counts"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(*(Text(visible(cell)) for cell in line))
    return table


def _points(estimates: Estimates) -> Iterator[tuple[str, Estimate]]:
    for name, value in estimates.items():
        if isinstance(value, Estimate):
            yield name, value
        elif not name.startswith(_DENSE):
            yield from ((name, estimate) for estimate in value)


def _lines(estimates: Estimates) -> Iterator[tuple[str, str, str]]:
    for name, estimate in _points(estimates):
        if estimate.estimate is not None:
            yield name, _short_position(estimate), f"{estimate}{_p_value(estimate)}"


def _reasons(estimates: Estimates) -> dict[str, list[str]]:
    """Return for each reason why there is no estimate the names of the estimates."""
    reasons: dict[str, list[str]] = {}
    for name, estimate in _points(estimates):
        if estimate.estimate is None:
            names = reasons.setdefault(estimate.note or "no turn to estimate from", [])
            if name not in names:
                names.append(name)
    return reasons


def _short_position(estimate: Estimate) -> str:
    """Return the position without details, and without the name of a contrast, which is given anyway."""
    known = {key: value for key, value in estimate.at.items() if value is not None and key not in _DETAILS}
    if "contrast" in known:
        known.pop("name", None)
    return position(replace(estimate, at=known)) if known else ""


def _p_value(estimate: Estimate) -> str:
    p, p_holm, n_tests = (estimate.at.get(key) for key in _P_VALUES)
    if not isinstance(p, float):
        return ""
    corrected = f", {write_p(p_holm)} after Holm's correction" if isinstance(p_holm, float) and n_tests != 1 else ""
    return f", {write_p(p)}{corrected}"
