"""The page's tables: results of every model and task, all tests with corrected p values, and every estimate.

Text from models and users is escape_text. Computes no statistics.
"""

import html
from collections.abc import Iterable, Sequence

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import points_of, single_of
from horizon.analysis.equivalence_test import MARGIN
from horizon.analysis.multiplicity import EQUIVALENCE, GAP
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate
from horizon.report.cautions import end_of
from horizon.report.headline import ALPHA, write_p
from horizon.report.mitigations import CAPTION, TITLES, mitigation_rows
from horizon.report.results_table import write_figure
from horizon.report.spending import PER_TURN, total_cells, write_amount
from horizon.runs.spending import spending_of

_EQUIVALENT = {True: "shown", False: "not shown"}


def escape_text(text: str) -> str:
    """Return a text without markup, with its invisible characters as codes."""
    return html.escape(visible(text), quote=True)


def results_section(analysis: Analysis) -> str:
    """Return the table of results: a line for each model and task, with marks of floor and ceiling."""
    titles = (
        "model",
        "task",
        "episodes",
        "error rate",
        "focus gap",
        "p (Holm)",
        "H50 (turns)",
        "no rise can be measured",
    )
    lines = [_result(group) for group in analysis.groups]
    n_tests = max((int(str(_at(group, "n_tests") or 0)) for group in analysis.groups), default=0)
    note = "In brackets: 95 % intervals, from the spread between episodes, not corrected for their number."
    if n_tests > 1:
        note += f" p is corrected by Holm over one family, the {n_tests} focus gaps of this table."
    return _table(titles, lines, note, numbers=(2, 3, 4, 5, 6), marks=(7,))


def tests_section(analysis: Analysis) -> str:
    """Return all contrasts with their corrected p values, and the tests of no effect; empty without contrasts."""
    contrasts = [(group, point) for group in analysis.groups for point in points_of(group.estimates, "contrasts")]
    shown = [
        (group, point)
        for group in analysis.groups
        for key in EQUIVALENCE
        for point in points_of(group.estimates, key)
        if point.at.get("p") is not None
    ]
    if not contrasts:
        return ""
    margin = f"{100 * MARGIN:.0f} points"
    families = "; ".join(
        f"{name}: {n} test{'' if n == 1 else 's'}, {below} below 5 %"
        for name, n, below in (
            _family("the focus gaps (natural - fresh), the figure chosen in advance", contrasts, is_gap=True),
            _family("all other contrasts", contrasts, is_gap=False),
            _family(f"tests that an effect is smaller than {margin}", shown, is_gap=None),
        )
        if n
    )
    intro = (
        "Holm's correction holds the error rate of each family of tests, over all models and tasks of this page, at "
        f"5 %. The families are {families}. Intervals are not corrected."
    )
    rows = [
        (
            *_names(group),
            str(point.at["contrast"]),
            _points(point),
            _p(point, "p"),
            _p(point, "p_holm"),
            _effect(point),
        )
        for group, point in contrasts
    ]
    titles = ("model", "task", "contrast, on the same states", "points", "p", "p (Holm)", "differs from 0")
    listed = _collapse(_all(len(rows), "contrast"), _table(titles, rows, "", numbers=(3, 4, 5)))
    return f'<p class="note">{escape_text(intro)}</p>{listed}{_no_effect(shown, margin)}'


def _no_effect(shown: Sequence[tuple[Group, Estimate]], margin: str) -> str:
    """Return the tests of "no effect": a sentence that counts them, and the table."""
    if not shown:
        return ""
    fading = [point for group, point in shown if "cause" in point.at]
    words = f"An effect smaller than {margin} is shown for {_count(point for _, point in shown)} effects"
    if fading:
        words += (
            f", among them {_count(fading)} parts of the rise that are due to length (longer context, turns as such)"
        )
    rows = [
        (
            *_names(group),
            str(point.at.get("cause") or point.at["contrast"]),
            _points(point),
            *_both_p(point),
            _EQUIVALENT[bool(point.at["is_equivalent"])],
        )
        for group, point in shown
    ]
    titles = ("model", "task", "effect", "points, 90 % interval", "p", "p (Holm)", f"smaller than {margin}")
    note = "Two one-sided tests. An interval that contains 0 is no evidence of no effect; only this test is."
    listed = _collapse(_all(len(rows), "test") + " of no effect", _table(titles, rows, note, numbers=(3, 4, 5)))
    return f'<p class="note">{escape_text(words)}.</p>{listed}'


def mitigations_section(analysis: Analysis) -> str:
    """Return the gain of each mitigation and what it costs in tokens; empty where none was played."""
    rows = [(*_names(group), *row) for group in analysis.groups for row in mitigation_rows(group)]
    return _table(("model", "task", *TITLES), rows, CAPTION, numbers=(3, 4, 5, 6)) if rows else ""


def cost_section(analysis: Analysis) -> str:
    """Return what a judged turn and each whole run cost in money, time and tokens; nothing where no count is known."""
    turns = [
        (*_names(group), *(write_amount(single_of(group.estimates, name)) for name in PER_TURN))
        for group in analysis.groups
        if any(single_of(group.estimates, name) for name in PER_TURN)
    ]
    if not turns:
        return ""
    note = (
        "Per judged turn without probes, attempts included; in brackets 95 % intervals, from the spread between "
        "episodes. Seconds are those of the machine that played the run; of a batch, the batch's share."
    )
    titles = ("model", "task", "cost per turn", "seconds per turn", "tokens per turn")
    table = _table(titles, turns, note, numbers=(2, 3, 4))
    totals = [row for row in spending_of(analysis.runs) if row.usage.unknown < row.usage.requests]
    if not totals:
        return table
    counts = ("requests", "input tokens", "of these cached", "output tokens", "without counts")
    note = (
        "Every request of the run: probes, attempts, aborted episodes too. Not counted: opponents, and requests that "
        "failed. Costs are in the currency of the prices, per million tokens."
    )
    cells = [(row.run, row.model, *total_cells(row)) for row in totals]
    return table + _table(("run", "model", *counts, "cost"), cells, note, numbers=(2, 3, 4, 5, 6, 7))


def estimates_section(analysis: Analysis) -> str:
    """Return every estimate with its interval, except the points of smooth curves."""
    rows = []
    for group in analysis.groups:
        who = f"{group.model}, {group.setting}"
        for name, value in group.estimates.items():
            if not name.startswith("smooth"):
                rows += [_estimate(who, name, point) for point in (value if isinstance(value, list) else [value])]
    for name, points in analysis.between().items():
        rows += [_estimate("all", name, point) for point in points]
    titles = ("model", "estimate of", "at", "value", "95 % interval", "n", "method")
    note = "Every estimate, as in tables/*.csv."
    # Collapsed, as it would fill a hundred printed pages.
    return _collapse(
        f"All {len(rows)} estimates; tables/*.csv also has the smooth curves",
        _table(titles, rows, note, numbers=(3, 4)),
    )


def _result(group: Group) -> tuple[str, ...]:
    figures = group.headline()
    end = end_of(group)
    return (
        *_names(group),
        str(group.table.n_episodes),
        write_figure(figures.get("error_rate"), "error_rate"),
        write_figure(figures.get("focus_gap"), "focus_gap"),
        _p(figures.get("focus_gap"), "p_holm"),
        write_figure(figures.get("h50"), "h50"),
        end.mark if end else "",
    )


def _at(group: Group, key: str) -> object:
    gap = group.estimates.get("focus_gap")
    return gap.at.get(key) if isinstance(gap, Estimate) else None


def _names(group: Group) -> tuple[str, str]:
    return group.model, group.setting


def _family(name: str, tests: Iterable[tuple[Group, Estimate]], *, is_gap: bool | None) -> tuple[str, int, int]:
    """Return a family's name, its number of tests, and how many are below 5 % after correction."""
    values = [
        float(str(point.at["p_holm"]))
        for _, point in tests
        if point.at.get("p_holm") is not None and (is_gap is None or (point.at["name"] == GAP) == is_gap)
    ]
    return name, len(values), sum(value < ALPHA for value in values)


def _count(points: Iterable[Estimate]) -> str:
    verdicts = [bool(point.at["is_equivalent"]) for point in points]
    return f"{sum(verdicts)} of {len(verdicts)}"


def _points(point: Estimate) -> str:
    return write_figure(point, "focus_gap").replace(" points", "")


def _p(point: Estimate | None, key: str) -> str:
    value = point.at.get(key) if point is not None else None
    return write_p(float(value)).removeprefix("p = ").removeprefix("p ") if isinstance(value, int | float) else "-"


def _both_p(point: Estimate) -> tuple[str, str]:
    return _p(point, "p"), _p(point, "p_holm")


def _effect(point: Estimate) -> str:
    value = point.at.get("p_holm")
    return "yes" if isinstance(value, int | float) and value < ALPHA else "not shown"


def _estimate(who: str, name: str, point: Estimate) -> tuple[str, ...]:
    at = ", ".join(f"{key} {value}" for key, value in point.at.items())
    counts = f"{point.n_episodes} episodes, {point.n_turns} turns"
    interval = "" if point.low is None and point.high is None else f"{_number(point.low)} to {_number(point.high)}"
    method = point.note or point.method
    return who, name.replace("_", " "), at, _number(point.estimate), interval, counts, method


def _all(count: int, noun: str) -> str:
    return f"All {count} {noun}s" if count != 1 else f"The {noun}"


def _number(value: float | None) -> str:
    return "open" if value is None else f"{value:.4g}"


def _collapse(summary: str, content: str) -> str:
    return f"<details><summary>{escape_text(summary)}</summary>{content}</details>"


def _table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    note: str,
    *,
    numbers: Sequence[int] = (),
    marks: Sequence[int] = (),
) -> str:
    """Return a table that scrolls on its own; non-empty cells of the columns `marks` are highlighted."""
    head = "".join(f'<th scope="col">{escape_text(title)}</th>' for title in titles)
    body = []
    for row in rows:
        cells = []
        for place, cell in enumerate(row):
            text = f'<span class="mark">{escape_text(cell)}</span>' if cell and place in marks else escape_text(cell)
            cells.append(f"<td{' class=number' if place in numbers else ''}>{text}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    caption = f'<caption class="note">{escape_text(note)}</caption>' if note else ""
    inner = f"{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
    return f'<div class="scroll"><table>{inner}</table></div>'
