"""The table of a site: models by tasks, sortable without a network, each cell with its interval and a link.

A task is an environment with its parameters, opponent and protocol, so that a column has one protocol.
Whatever a model or a user wrote is escaped. Computes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from horizon.analysis.analysis import Group
from horizon.analysis.chart import single_of
from horizon.analysis.run_plans import differences, plans_of
from horizon.core.estimator import Estimate
from horizon.report.html_tables import escape_text
from horizon.report.results_table import write_figure
from horizon.report.spending import write_amount

FIGURES: Mapping[str, tuple[str, bool]] = {
    "error_rate": ("error rate", False),
    "h50": ("H50 in turns", True),
    "focus_gap": ("focus gap", False),
    "skill": ("skill", True),
    "cost_per_turn": ("cost per turn", False),
    "seconds_per_turn": ("seconds per turn", False),
}
"""The figures of a cell by key: their names, and whether more is better."""

_MARK = '<meta name="generator" content="horizon report --site">'
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_NOTES = (
    "A cell is one model in one task and protocol: the figure, its 95 % interval from the spread between episodes, "
    "and the number of episodes. The intervals are not corrected for the number of cells.",
    "A column holds one protocol. Runs of one model and protocol with other seeds are one sample and share a page; "
    "runs of unlike protocols are never pooled.",
)
Task = tuple[str, str | None, str | None, str | None]
"""Environment, parameters, opponent, and what else the plan sets."""


@dataclass(frozen=True, slots=True)
class TableCell:
    """One model in one task, with its estimates, and the address of its page."""

    group: Group
    page: str


def is_site(index: Path) -> bool:
    """Return whether a page was written by `index_page`."""
    return index.is_file() and _MARK in index.read_text(encoding="utf-8", errors="replace")[:2000]


def index_page(cells: Sequence[TableCell], named: Sequence[Group], left_out: Sequence[str]) -> str:
    """Return the page of the table; `named` are the groups of all runs, labelled against each other."""
    titles = _titles(named)
    models = sorted({cell.group.model for cell in cells})
    figures = [key for key in FIGURES if any(single_of(cell.group.estimates, key) for cell in cells)]
    places = {(cell.group.model, _task_of(cell.group)): cell for cell in cells}
    head = "".join(_head(place, title) for place, title in enumerate(["model", *titles.values()]))
    rows = "".join(_row(model, [places.get((model, task)) for task in titles], figures) for model in models)
    options = "".join(
        f'<option value="{key}" data-more="{int(FIGURES[key][1])}">{FIGURES[key][0]}</option>' for key in figures
    )
    missing = "".join(f"<li>{escape_text(line)}</li>" for line in left_out)
    gone = f'<section id="left-out"><h2>Left out</h2><ul class="limits">{missing}</ul></section>' if missing else ""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        _MARK,
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Horizon: models by tasks</title>",
        f"<style>{_asset('page.css')}{_asset('site.css')}</style></head><body>",
        f"<header><h1>Horizon</h1><p class=headline>{_count(len(models), 'model')}, "
        f"{_count(len(titles), 'task')}</p></header><main>",
        f'<p class="controls"><label>Figure <select id="figure">{options}</select></label></p>',
        f'<div class="scroll" tabindex="0" role="region" aria-label="Models by tasks"><table id="board">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>",
        "".join(f'<p class="note">{escape_text(note)}</p>' for note in _NOTES),
        gone,
        "</main><noscript><p>Sorting and other figures than the first need JavaScript.</p></noscript>",
        f"<script>{_asset('site.js')}</script>",
        "</body></html>",
    ]
    return "\n".join(parts)


def _titles(groups: Sequence[Group]) -> dict[Task, str]:
    """Return each task with its title: environment, opponent, parameters and settings that others have differently."""
    tasks = {_task_of(group): group for group in groups}
    titles = {}
    for task in sorted(tasks, key=lambda task: tuple(part or "" for part in task)):
        group = tasks[task]
        rivals = [other[3] for other in tasks if other[:3] == task[:3]]
        against = f"{group.environment} against {group.opponent}" if group.opponent else group.environment
        parts = (against, group.distinction, differences(rivals)[task[3]])
        titles[task] = ", ".join(part for part in parts if part)
    return titles


def _task_of(group: Group) -> Task:
    return group.environment, group.parameters, group.opponent, plans_of(group.table.episodes.plan, 1)[0]


def _head(place: int, title: str) -> str:
    kind = ' class="model"' if place == 0 else ""
    return f'<th scope="col"{kind} aria-sort="none"><button type="button">{escape_text(title)}</button></th>'


def _row(model: str, cells: Sequence[TableCell | None], figures: Sequence[str]) -> str:
    body = "".join(_cell(cell, figures) for cell in cells)
    return f'<tr><th scope="row" class="model">{escape_text(model)}</th>{body}</tr>'


def _cell(cell: TableCell | None, figures: Sequence[str]) -> str:
    if cell is None:
        return "<td></td>"
    spans = []
    for place, key in enumerate(figures):
        estimate = cell.group.estimates.get(key)
        single = estimate if isinstance(estimate, Estimate) else None
        hidden = " hidden" if place else ""
        value = "" if single is None or single.estimate is None else f' data-value="{single.estimate!r}"'
        spans.append(
            f'<a class="figure" data-figure="{key}" href="{escape_text(quote(cell.page))}"{value}{hidden}'
            f' title="{escape_text(_why(single))}">{_figure(key, single)}</a>'
        )
    return f"<td>{''.join(spans)}</td>"


def _figure(key: str, estimate: Estimate | None) -> str:
    """Return a figure and beneath it its interval and the number of episodes."""
    is_amount = key in ("cost_per_turn", "seconds_per_turn")
    text = write_amount(estimate) if is_amount else write_figure(estimate, key)
    figure, bracket, interval = text.partition(" [")
    n_episodes = estimate.n_episodes if estimate is not None else 0
    counts = [f"[{interval}"] if bracket else []
    counts += [_count(n_episodes, "episode")] if n_episodes else []
    return f"<b>{escape_text(figure)}</b><small>{escape_text(', '.join(counts))}</small>"


def _why(estimate: Estimate | None) -> str:
    if estimate is None:
        return "no such figure"
    return "; ".join(part for part in (estimate.method, estimate.note) if part)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _asset(name: str) -> str:
    return (files("horizon.report") / "assets" / name).read_text(encoding="utf-8")
