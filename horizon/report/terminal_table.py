"""The details that `horizon analyze` prints: rates by condition, error kinds, loss, skill, results, what shifts cost.

Names come from users and runs and may hold markup or control codes; all of it is printed as plain text.
"""

from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from horizon.analysis.analysis import Analysis, Group
from horizon.core.escaping import replace_unprintable
from horizon.core.estimator import Estimate


def print_analysis(analysis: Analysis, console: Console) -> None:
    """Print one table per group, what shifts cost, and the number of episodes that were left out."""
    for group in analysis.groups:
        console.print(_table(group))
        for line in _lines(group):
            console.print(_plain(line))
        console.print()
    for table in _shift_tables(analysis):
        console.print(table)
        console.print()
    if analysis.table.n_aborted:
        console.print(_plain(f"{analysis.table.n_aborted} aborted episodes (infrastructure failures) are left out"))


def percent(estimate: Estimate) -> str:
    """Write a share as `12.5 % (8.1 to 18.9)`."""
    return _written(estimate, lambda value: f"{100 * value:.1f}", " %")


def points(estimate: Estimate) -> str:
    """Write a difference of shares as `+12.5 points (8.1 to 18.9)`."""
    return _written(estimate, lambda value: f"{100 * value:+.1f}", " points")


def _written(estimate: Estimate, number: Callable[[float], str], unit: str) -> str:
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
    is_graded = any(each.estimate is not None for each in losses.values())
    beside = ("natural there",) if there else ()
    for name in ("condition", "turns", "error rate", *beside, *(("mean loss", "skill") if is_graded else ())):
        table.add_column(name, justify="right" if name == "turns" else "left", no_wrap=name == "condition")
    for condition, rate in rates.items():
        cells = [condition, str(rate.n_turns), _bracketed(rate, 100, 1, " %")]
        if there:
            cells.append(f"{100 * (there[condition].estimate or 0.0):.1f} %" if condition in there else "")
        cells += [_bracketed(each[condition], 1, 2) for each in (losses, skills)] if is_graded else []
        table.add_row(*(_plain(cell) for cell in cells))
    return table


def _bracketed(estimate: Estimate, scale: int, digits: int, unit: str = "") -> str:
    """Write a figure as `12.5 % [8.1, 18.9]`: short, so that a table fits a terminal of 80 columns."""
    if estimate.estimate is None:
        return "-"
    told = f"{scale * estimate.estimate:.{digits}f}{unit}"
    if estimate.low is None or estimate.high is None:
        return told
    return f"{told} [{scale * estimate.low:.{digits}f}, {scale * estimate.high:.{digits}f}]"


def _lines(group: Group) -> list[str]:
    kinds = _kinds(group)
    conditions = list(_by_condition(group, "error_rate_by_condition"))
    found = []
    for condition in conditions:
        rates = {kind: each[condition].estimate or 0 for kind, each in kinds.items() if condition in each}
        parts = [f"{100 * rate:.1f} % {kind.replace('_', ' ')}" for kind, rate in rates.items() if rate]
        found.append(f"{condition} errors: {', '.join(parts) or 'none'}")
    gap = group.estimates.get("focus_gap")
    if isinstance(gap, Estimate):
        told = points(gap) if gap.estimate is not None else gap.note or "unknown"
        states = f" on {gap.n_turns} states of {gap.n_episodes} episodes" if gap.n_turns else ""
        found.append(f"focus gap (natural - fresh): {told}{states}")
    contrasts = group.estimates.get("contrasts", [])
    for each in contrasts if isinstance(contrasts, list) else []:
        if each.estimate is not None and each.at["name"] != "natural-fresh":
            found.append(f"{each.at['contrast']}: {points(each)} on {each.n_turns} states")
    results = group.estimates.get("results")
    if isinstance(results, list) and results:
        told = ", ".join(f"{each.at['outcome']} {each.at['count']}" for each in results)
        found.append(f"results: {told} (of {results[0].n_episodes} episodes)")
    return found


def _shift_tables(analysis: Analysis) -> list[Table]:
    """Return a table a model, setting and condition of what shifts cost, both sides' accuracy beside it."""
    between = analysis.between()
    same = {_place(each): each for each in between.get("consistency", []) if each.at["among"] == "all"}
    found: dict[str, Table] = {}
    for each in between.get("shift", []):
        figure = str(each.at["figure"])
        if not figure.startswith("accuracy"):
            continue
        model, setting, _, condition = _place(each)
        title = f"{model}: {setting}, {condition}: {figure} under shifts"
        if title not in found:
            found[title] = _shift_table(title)
        alike = same.get(_place(each)) if figure == "accuracy" else None
        cells = [
            str(each.at["shift"]),
            str(each.n_turns),
            f"{100 * float(str(each.at['original'])):.1f} %",
            f"{100 * float(str(each.at['shifted'])):.1f} %",
            _bracketed(each, 100, 1),
            f"{float(str(each.at['p_holm'])):.2g}",
            "-" if alike is None else _bracketed(alike, 100, 0, " %"),
        ]
        found[title].add_row(*(_plain(cell) for cell in cells))
    return list(found.values())


def _shift_table(title: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left", caption_justify="left")
    table.title = _plain(title)
    table.caption = _plain("points lost: original - shifted; p: no difference, Holm's correction over all shifts")
    for name in ("shift", "turns", "original", "shifted", "points lost", "p", "same action"):
        table.add_column(name, justify="left" if name in ("shift", "points lost", "same action") else "right")
    return table


def _place(each: Estimate) -> tuple[str, str, str, str]:
    return str(each.at["model"]), str(each.at["setting"]), str(each.at["shift"]), str(each.at["condition"])


def _by_condition(group: Group, key: str) -> dict[str, Estimate]:
    found = group.estimates.get(key, [])
    return {str(each.at["condition"]): each for each in found} if isinstance(found, list) else {}


def _kinds(group: Group) -> dict[str, dict[str, Estimate]]:
    found = group.estimates.get("error_kinds", [])
    kinds: dict[str, dict[str, Estimate]] = {}
    for each in found if isinstance(found, list) else []:
        kinds.setdefault(str(each.at["kind"]), {})[str(each.at["condition"])] = each
    return kinds


def _plain(text: str) -> Text:
    return Text(replace_unprintable(text))
