"""The details that `horizon analyze` prints: rates by condition, error kinds, loss, skill, results, shifts.

Names come from users and runs and may hold markup or control codes; all of it is printed as plain text.
"""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from horizon.analysis.analysis import Analysis, Group
from horizon.core.escaping import replace_unprintable
from horizon.core.estimator import Estimate
from horizon.report.mitigations import CAPTION, TITLES, mitigation_rows


def print_analysis(analysis: Analysis, console: Console) -> None:
    """Print one table per group, the cost of shifts, and the number of episodes left out."""
    for group in analysis.groups:
        console.print(_table(group))
        for line in _lines(group):
            console.print(_plain(line))
        if rows := mitigation_rows(group):
            console.print(_mitigation_table(rows))
        console.print()
    for table in _shift_tables(analysis):
        console.print(table)
        console.print()
    if analysis.table.n_aborted:
        console.print(_plain(f"{analysis.table.n_aborted} aborted episodes (infrastructure failures) are left out"))


def percent(estimate: Estimate) -> str:
    """Write a share as `12.5 % (8.1 to 18.9)`."""
    return _write(estimate, lambda value: f"{100 * value:.1f}", " %")


def points(estimate: Estimate) -> str:
    """Write a difference of shares as `+12.5 points (8.1 to 18.9)`."""
    return _write(estimate, lambda value: f"{100 * value:+.1f}", " points")


def _write(estimate: Estimate, number: Callable[[float], str], unit: str) -> str:
    if estimate.estimate is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{number(estimate.estimate)}{unit}"
    return f"{number(estimate.estimate)}{unit} ({number(estimate.low)} to {number(estimate.high)})"


def _table(group: Group) -> Table:
    # Without borders: five columns with intervals fit a terminal of 80.
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left", caption_justify="left")
    table.title = _plain(f"{group.model}: {group.setting}")
    table.caption = _plain("in brackets: 95 % intervals, from the spread between episodes")
    rates = _by_condition(group, "error_rate_by_condition")
    there = _by_condition(group, "natural_on_probed_states")
    losses, skills = _by_condition(group, "mean_loss_by_condition"), _by_condition(group, "skill_by_condition")
    is_graded = any(loss.estimate is not None for loss in losses.values())
    beside = ("natural, same states",) if there else ()
    for name in ("condition", "turns", "error rate", *beside, *(("mean loss", "skill") if is_graded else ())):
        table.add_column(name, justify="right" if name == "turns" else "left", no_wrap=name == "condition")
    for condition, rate in rates.items():
        cells = [condition, str(rate.n_turns), _with_brackets(rate, 100, 1, " %")]
        if there:
            cells.append(f"{100 * (there[condition].estimate or 0.0):.1f} %" if condition in there else "")
        cells += (
            [_with_brackets(by_condition[condition], 1, 2) for by_condition in (losses, skills)] if is_graded else []
        )
        table.add_row(*(_plain(cell) for cell in cells))
    return table


def _with_brackets(estimate: Estimate, scale: int, digits: int, unit: str = "") -> str:
    """Write a figure as `12.5 % [8.1, 18.9]`: short, so that a table fits a terminal of 80 columns."""
    if estimate.estimate is None:
        return "-"
    text = f"{scale * estimate.estimate:.{digits}f}{unit}"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{scale * estimate.low:.{digits}f}, {scale * estimate.high:.{digits}f}]"


def _lines(group: Group) -> list[str]:
    kinds = _kinds(group)
    conditions = list(_by_condition(group, "error_rate_by_condition"))
    lines = []
    for condition in conditions:
        rates = {kind: shares[condition].estimate or 0 for kind, shares in kinds.items() if condition in shares}
        parts = [f"{100 * rate:.1f} % {kind.replace('_', ' ')}" for kind, rate in rates.items() if rate]
        lines.append(f"{condition} errors: {', '.join(parts) or 'none'}")
    gap = group.estimates.get("focus_gap")
    if isinstance(gap, Estimate):
        size = points(gap) if gap.estimate is not None else gap.note or "unknown"
        states = f" on {gap.n_turns} states of {gap.n_episodes} episodes" if gap.n_turns else ""
        lines.append(f"focus gap (natural - fresh): {size}{states}")
    contrasts = group.estimates.get("contrasts", [])
    for contrast in contrasts if isinstance(contrasts, list) else []:
        if contrast.estimate is not None and contrast.at["name"] != "natural-fresh":
            lines.append(f"{contrast.at['contrast']}: {points(contrast)} on {contrast.n_turns} states")
    results = group.estimates.get("results")
    if isinstance(results, list) and results:
        counts = ", ".join(f"{result.at['outcome']} {result.at['count']}" for result in results)
        lines.append(f"results: {counts} (of {results[0].n_episodes} episodes)")
    return lines


def _mitigation_table(rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left", caption_justify="left")
    table.title = _plain("mitigations")
    table.caption = _plain(CAPTION)
    for name in TITLES:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _shift_tables(analysis: Analysis) -> list[Table]:
    """Return a table of the cost of shifts, with both sides' accuracy, per model, setting and condition."""
    between = analysis.between()
    same = {_place(point): point for point in between.get("consistency", []) if point.at["among"] == "all"}
    tables: dict[str, Table] = {}
    for point in between.get("shift", []):
        figure = str(point.at["figure"])
        if not figure.startswith("accuracy"):
            continue
        model, setting, _, condition = _place(point)
        title = f"{model}: {setting}, {condition}: {figure} under shifts"
        if title not in tables:
            tables[title] = _shift_table(title)
        alike = same.get(_place(point)) if figure == "accuracy" else None
        cells = [
            str(point.at["shift"]),
            str(point.n_turns),
            f"{100 * float(str(point.at['original'])):.1f} %",
            f"{100 * float(str(point.at['shifted'])):.1f} %",
            _with_brackets(point, 100, 1),
            f"{float(str(point.at['p_holm'])):.2g}",
            "-" if alike is None else _with_brackets(alike, 100, 0, " %"),
        ]
        tables[title].add_row(*(_plain(cell) for cell in cells))
    return list(tables.values())


def _shift_table(title: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left", caption_justify="left")
    table.title = _plain(title)
    table.caption = _plain("points lost: original - shifted; p: no difference, Holm's correction over all shifts")
    for name in ("shift", "turns", "original", "shifted", "points lost", "p", "same action"):
        table.add_column(name, justify="left" if name in ("shift", "points lost", "same action") else "right")
    return table


def _place(point: Estimate) -> tuple[str, str, str, str]:
    return str(point.at["model"]), str(point.at["setting"]), str(point.at["shift"]), str(point.at["condition"])


def _by_condition(group: Group, key: str) -> dict[str, Estimate]:
    estimates = group.estimates.get(key, [])
    return {str(point.at["condition"]): point for point in estimates} if isinstance(estimates, list) else {}


def _kinds(group: Group) -> dict[str, dict[str, Estimate]]:
    estimates = group.estimates.get("error_kinds", [])
    kinds: dict[str, dict[str, Estimate]] = {}
    for point in estimates if isinstance(estimates, list) else []:
        kinds.setdefault(str(point.at["kind"]), {})[str(point.at["condition"])] = point
    return kinds


def _plain(text: str) -> Text:
    return Text(replace_unprintable(text))
