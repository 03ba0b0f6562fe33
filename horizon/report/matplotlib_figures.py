"""Figures as PNG and SVG files, drawn with matplotlib from estimates alone. Computes only layout."""

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, ScalarFormatter

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import Chart, Series
from horizon.core.escaping import replace_unprintable
from horizon.core.estimator import Estimate
from horizon.report.chart_builders import caption_of, drawn_groups, names_of
from horizon.report.palette import style_of
from horizon.runs.replacing import make_folder, replacing

_INK = "#333333"
_DENSE = 20
_ASIDE = 0.12
_CAPTION_WIDTH = 118
"""Characters per line of a caption."""
_MOST_UPRIGHT, _LONGEST_UPRIGHT = 6, 28
"""With more or longer names than these the names of a dot chart are written beside it, a line of its height each."""
_NAME_WIDTH, _NAME_LINE = 44, 0.2
_CAPTION_LINE = 0.13
"""Height of a line of a caption, in inches."""
_MEANING = {"natural": "natural: with its own history", "fresh": "fresh: the same states, no history"}


def draw_error_by_turn(analysis: Analysis, path: Path, *others: Path) -> list[Path]:
    """Draw the error rate by turn, a panel per group and a line per condition, with 95 % bands and counts.

    The figure is saved to every path, in the format of its suffix (.png, .svg). Returns the paths.
    """
    return _save(_error_by_turn(analysis), (path, *others))


def error_by_turn_png(analysis: Analysis) -> bytes:
    """Return the same figure as the bytes of a PNG image, for a notebook."""
    file = io.BytesIO()
    figure = _error_by_turn(analysis)
    _place_texts(figure)
    figure.savefig(file, format="png")
    return file.getvalue()


def _error_by_turn(analysis: Analysis) -> Figure:
    matplotlib.use("Agg")
    groups = list(drawn_groups(analysis).values())
    n_columns = min(len(groups), 2)
    n_rows = -(-len(groups) // n_columns)
    figure = Figure(figsize=(7.2 * n_columns, 4.9 * n_rows), layout="constrained", dpi=150)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
    top = max((_reach(point) for group in groups for point in _lists(group, "error_by_turn")), default=1.0)
    for axes, group in zip(panels, groups, strict=False):
        _draw_panel(axes, group, top)
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    return figure


def draw_chart(chart: Chart, path: Path, *others: Path) -> list[Path]:
    """Draw one chart of the page to every path, in the format of its suffix (.png, .svg), and return the paths."""
    matplotlib.use("Agg")
    caption = _wrap_lines(caption_of(chart))
    names = _beside(chart)
    height = max(4.6, 1.5 + _NAME_LINE * sum(1.5 + name.count("\n") for name in names))
    figure = Figure(figsize=(7.2, height + _CAPTION_LINE * len(caption)), layout="constrained", dpi=150)
    axes = figure.subplots()
    _write_caption(figure, caption)
    for index, series in enumerate(chart.series):
        _draw_series(axes, chart, series, index)
    if chart.mark is not None:
        axes.axvline(chart.mark[0], color=_INK, linestyle=":", linewidth=1)
        axes.annotate(chart.mark[1], (chart.mark[0], 0.97), xycoords=("data", "axes fraction"), fontsize=9)
    _dress(axes, _printable(chart.title), chart.x_title, chart.y_title)
    if names:
        _name_beside(axes, chart, names)
        return _save(figure, (path, *others))
    if chart.y_unit == "number":
        axes.yaxis.set_major_formatter(ScalarFormatter())
    if chart.form == "scatter":
        axes.set_xlim(0, 1.08 * axes.get_xlim()[1])
        axes.set_ylim(bottom=0)
    if len(chart.series) > 1:
        axes.legend(frameon=False, fontsize=9, loc="best", labelcolor=_INK)
    names = [_printable(name) for name in names_of(chart)]
    if names:
        axes.tick_params(axis="x", rotation=20)
        if chart.form == "dot":
            axes.set_xticks(range(len(names)), names)
            axes.margins(x=0.08)
            axes.axhline(chart.baseline, color=_INK, linewidth=0.8)
    elif chart.form != "scatter" and all(
        float(place).is_integer() for series in chart.series for place in series.places
    ):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=2))
    return _save(figure, (path, *others))


def _wrap_lines(sentences: Sequence[str]) -> list[str]:
    return [line for sentence in sentences for line in wrap(_printable(sentence), _CAPTION_WIDTH)]


def _write_caption(figure: Figure, lines: Sequence[str]) -> None:
    """Write small lines beneath the axes; the layout reserves their space."""
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7, color="#666666", parse_math=False)


def _beside(chart: Chart) -> list[str]:
    """Return the names of a dot chart, wrapped, if they are too many or too long to be written beneath it."""
    names = [_printable(name) for name in names_of(chart)]
    is_upright = len(names) <= _MOST_UPRIGHT and all(len(name) <= _LONGEST_UPRIGHT for name in names)
    return [] if chart.form != "dot" or is_upright else ["\n".join(wrap(name, _NAME_WIDTH)) for name in names]


def _name_beside(axes: Axes, chart: Chart, names: Sequence[str]) -> None:
    """Dress a dot chart whose values are drawn along the horizontal axis, the first name at the top."""
    axes.set(xlabel=chart.y_title, ylabel=chart.x_title)
    is_number = chart.y_unit == "number"
    axes.xaxis.set_major_formatter(ScalarFormatter() if is_number else PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False)
    axes.grid(axis="x", color="#E3E3E3", linewidth=0.8)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.axvline(chart.baseline, color=_INK, linewidth=0.8)
    if len(chart.series) > 1:
        axes.legend(frameon=False, fontsize=9, loc="best", labelcolor=_INK)


def _draw_series(axes: Axes, chart: Chart, series: Series, index: int) -> None:
    style = style_of(series.name, index)
    colour, marker = style.colour, style.marker
    places: list[Any] = [_printable(place) if isinstance(place, str) else place for place in series.places]
    values = [point.estimate or 0.0 for point in series.points]
    lows = [point.low if point.low is not None else value for point, value in zip(series.points, values, strict=True)]
    highs = [
        point.high if point.high is not None else value for point, value in zip(series.points, values, strict=True)
    ]
    bars = [[value - low for value, low in zip(values, lows, strict=True)]]
    bars.append([high - value for value, high in zip(values, highs, strict=True)])
    name = _printable(series.name)
    if chart.form == "scatter":
        if not series.spans:
            axes.plot(places, values, color="#888888", linestyle=":", linewidth=1.5, label=name, zorder=1)
            return
        ends = [(span.low, span.high, span.estimate or 0.0) for span in series.spans]
        wide = [[x - (x if low is None else low) for low, _, x in ends]]
        wide.append([(x if high is None else high) - x for _, high, x in ends])
        axes.errorbar(places, values, xerr=wide, yerr=bars, fmt=marker, color=colour, capsize=3, label=name)
    elif chart.form in ("line", "step"):
        axes.fill_between(
            places, lows, highs, color=colour, alpha=0.16, linewidth=0, step="post" if chart.form == "step" else None
        )
        shown, steps = "" if len(places) > _DENSE else marker, "steps-post" if chart.form == "step" else "default"
        axes.plot(places, values, color=colour, marker=shown, markersize=4.5, linewidth=1.8, label=name, ds=steps)
    elif chart.form == "dot":
        # Series are drawn side by side, so that their intervals do not overlap.
        aside = _ASIDE * (index - (len(chart.series) - 1) / 2)
        names = [_printable(place) for place in names_of(chart)]
        spots = [names.index(place) + aside if isinstance(place, str) else place for place in places]
        drawn_as: dict[str, Any] = {"fmt": marker, "color": colour, "capsize": 3, "label": name}
        if _beside(chart):
            axes.errorbar(values, spots, xerr=bars, **drawn_as)
        else:
            axes.errorbar(spots, values, yerr=bars, **drawn_as)
    elif chart.form == "stack":
        # Stacked on the bars of the series before it.
        heights: dict[str, float] = {}
        for before in chart.series[:index]:
            for place, point in zip(before.places, before.points, strict=True):
                heights[str(place)] = heights.get(str(place), 0.0) + (point.estimate or 0.0)
        below = [heights.get(str(place), 0.0) for place in series.places]
        axes.bar(places, values, bottom=below, color=colour, label=name)
    else:
        colours = [style_of(str(place), index).colour for index, place in enumerate(places)]
        axes.bar(places, values, yerr=bars, color=colours, capsize=3, label=name)
        axes.axhline(0, color=_INK, linewidth=0.8)


def _dress(axes: Axes, title: str, x_title: str, y_title: str) -> None:
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=_INK, parse_math=False, wrap=True)
    axes.set_xlabel(x_title)
    axes.set_ylabel(y_title)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=9, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _save(figure: Figure, paths: Sequence[Path]) -> list[Path]:
    _place_texts(figure)
    for path in paths:
        # Without a date in the file the same run gives the same bytes.
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": "horizon"}
        with matplotlib.rc_context({"svg.hashsalt": "horizon"}):
            # In memory first, so that a full disk leaves no partial file.
            drawn = io.BytesIO()
            figure.savefig(drawn, format=path.suffix[1:], metadata=metadata)
        make_folder(path.parent)
        with replacing(path) as file:
            file.write(drawn.getvalue())
    return list(paths)


def _place_texts(figure: Figure) -> None:
    """Lay the figure out once for every kind of file: left to itself, each `savefig` draws it once more to do so."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        # Not "none", which leaves an engine that does nothing, and its additional drawing.
        figure.set_layout_engine(None)


def _draw_panel(axes: Axes, group: Group, top: float) -> None:
    curves = _lists(group, "error_by_turn")
    conditions = list(dict.fromkeys(str(point.at["condition"]) for point in curves))
    for index, condition in enumerate(conditions):
        points = [point for point in curves if point.at["condition"] == condition and point.estimate is not None]
        _draw_curve(axes, points, condition, index, len(conditions))
    _write_counts(axes, [point for point in curves if point.at["condition"] == conditions[0]])
    _dress(axes, _title(group), "turn", "share of turns with an error")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=2))
    axes.set_ylim(0, min(1.02, top * 1.08 + 0.01))
    if conditions:
        axes.legend(frameon=False, fontsize=9, loc="best", labelcolor=_INK)
    axes.text(0, -0.19, _footnote(group), transform=axes.transAxes, fontsize=8, color="#666666", va="top")


def _draw_curve(axes: Axes, points: Sequence[Estimate], condition: str, index: int, n_conditions: int) -> None:
    style = style_of(condition, index)
    turns = [_number(point.at["turn"]) for point in points]
    rates = [point.estimate or 0.0 for point in points]
    lows, highs = [point.low or 0.0 for point in points], [_reach(point) for point in points]
    axes.fill_between(turns, lows, highs, color=style.colour, alpha=0.16, linewidth=0)
    line: dict[str, Any] = {"color": style.colour, "marker": style.marker, "markersize": 4.5, "linewidth": 1.8}
    axes.plot(turns, rates, label=_MEANING.get(condition, condition), **line)


def _write_counts(axes: Axes, points: Sequence[Estimate]) -> None:
    """Write under the curve the number of turns in each bin of the first condition."""
    for point in points:
        place = (_number(point.at["turn"]), 0.012)
        axes.text(
            *place, str(point.n_turns), transform=axes.get_xaxis_transform(), fontsize=7, color="#777777", ha="center"
        )


def _title(group: Group) -> str:
    return _printable(f"{group.model}, {group.setting}")


def _footnote(group: Group) -> str:
    lines = []
    rate = group.estimates.get("error_rate")
    if isinstance(rate, Estimate):
        lines.append(
            f"{rate.n_episodes} episodes, {rate.n_turns} turns (grey: turns per bin); bands: 95 % interval of each bin"
        )
    methods = dict.fromkeys(point.method for point in _lists(group, "error_by_turn"))
    lines += _wrap_lines([f"bands: {'; '.join(methods)}"] if methods else [])
    gap = group.estimates.get("focus_gap")
    if isinstance(gap, Estimate) and gap.estimate is not None and gap.low is not None and gap.high is not None:
        lines.append(
            f"focus gap (natural - fresh, same states): {100 * gap.estimate:+.1f} points, "
            f"95 % interval {100 * gap.low:+.1f} to {100 * gap.high:+.1f}"
        )
    return "\n".join(lines)


def _lists(group: Group, key: str) -> list[Estimate]:
    estimates = group.estimates.get(key, [])
    return estimates if isinstance(estimates, list) else []


def _reach(estimate: Estimate) -> float:
    return estimate.high if estimate.high is not None else estimate.estimate or 0.0


def _number(value: Any) -> float:
    return float(value)


def _printable(text: str) -> str:
    return replace_unprintable(text)
