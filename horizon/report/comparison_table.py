"""The table that `horizon compare` prints: one per setting, a line per figure with both values and a verdict."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from horizon.analysis.compare import Line
from horizon.analysis.compare_runs import Comparison
from horizon.analysis.side_by_side import SideFigure
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print one table per setting, then the notes."""
    for setting in dict.fromkeys(line.setting for line in comparison.lines):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
        table.title = Text(visible(setting))
        for name in ("figure", "base", "new", "new - base [interval]", "pairs", "level", "verdict"):
            table.add_column(name, justify="left" if name in ("figure", "verdict") else "right", no_wrap=True)
        for line in comparison.lines:
            if line.setting == setting:
                table.add_row(*(Text(cell) for cell in _cells(line)))
        console.print(table)
    if comparison.side_by_side:
        console.print(_beside(comparison))
    if comparison.whose_history:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
        table.title = Text("error rate by answering model and model of the history, on the same states after turn 1")
        for name in ("answering model", "model of the history", "error rate, 95 % interval", "turns"):
            table.add_column(name, justify="right" if name == "turns" else "left")
        for rate in comparison.whose_history:
            cells = (str(rate.at["answers"]), str(rate.at["history"]), _rate(rate), str(rate.n_turns))
            table.add_row(*(Text(visible(cell)) for cell in cells))
        console.print(table)
    for note in comparison.notes:
        console.print(Text(visible(note)))


def _beside(comparison: Comparison) -> Table:
    """Return the figures of imported runs that share no game: a line per model, side and protocol."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    figures = list(dict.fromkeys(figure_of_side.figure for figure_of_side in comparison.side_by_side))
    for name in ("model", "side", "games", "turns", *figures, "protocol (if a side has several)"):
        table.add_column(name, overflow="fold")
    rows: dict[tuple[str, str, str], dict[str, SideFigure]] = {}
    for figure_of_side in comparison.side_by_side:
        rows.setdefault((figure_of_side.model, figure_of_side.side, figure_of_side.protocol), {})[
            figure_of_side.figure
        ] = figure_of_side
    for (model, side, protocol), values in rows.items():
        counted = values.get("error rate") or next(iter(values.values()))
        cells = [_beside_cell(values.get(figure)) for figure in figures]
        row = (model, side, str(counted.n_episodes), str(counted.n_turns), *cells, protocol)
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table


def _beside_cell(value: SideFigure | None) -> str:
    if value is None:
        return "-"
    digits = 0 if value.figure.startswith("H") else 3
    ends = ", ".join("open" if end is None else f"{end:.{digits}f}" for end in (value.low, value.high))
    shown = "not reached" if value.estimate is None else f"{value.estimate:.{digits}f}"
    return f"{shown} [{ends}]"


def _rate(rate: Estimate) -> str:
    if rate.estimate is None or rate.low is None or rate.high is None:
        return rate.note or "none"
    return f"{100 * rate.estimate:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _cells(line: Line) -> tuple[str, ...]:
    is_share = line.figure not in ("mean loss", "skill")
    scale, digits, unit = (100, 1, " %") if is_share else (1, 3, "")

    def number(value: float, sign: str = "") -> str:
        return f"{scale * value:{sign}.{digits}f}"

    bounds = "" if line.low is None or line.high is None else f" [{number(line.low, '+')}, {number(line.high, '+')}]"
    figures = [number(line.base) + unit, number(line.new) + unit, number(line.difference, "+") + bounds]
    verdict = f"{line.verdict} ({line.because})" if line.because else line.verdict
    return (line.figure, *figures, str(line.n_pairs), f"{100 * line.level:.3g} %", verdict)
