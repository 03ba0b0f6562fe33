"""The page's figures as Plotly figures, drawn from estimates alone; hover shows interval and counts."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from horizon.estimate import Estimate
from horizon.records import ERROR_KINDS
from horizon.report.figures import COLOURS
from horizon.report.tables import Analysis, Group

_HOVER = "%{y:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})<br>%{customdata[2]} turns, %{customdata[3]} episodes"
_SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x", "star")


def draw_all(analysis: Analysis) -> list[tuple[str, str, "go.Figure"]]:
    """Return each figure with its title and one sentence for those who can't see it; those without data are left out.

    Titles and names come from users: they are escaped where Plotly would read tags.
    """
    found: list[tuple[str, str, go.Figure]] = []
    for group in analysis.groups:
        label = f"{group.model}, {group.setting}"
        for name, figure in (
            ("Error rate by turn", error_by_turn(group)),
            ("Error kinds by condition", error_kinds(group)),
            ("Survival without an error", survival(group)),
            ("Where the rise comes from", decomposition(group)),
            ("Pull of earlier errors", dose_response(group)),
        ):
            if figure is not None:
                found.append((f"{name}: {label}", _said(name, group), figure))
    if len(analysis.groups) > 1:
        found.append(("Side by side", "Error rate of each model and setting.", side_by_side(analysis.groups)))
    return found


def error_by_turn(group: Group) -> "go.Figure | None":
    """Return a line with its band for each condition."""
    figure = _figure("turn", "share of turns with an error")
    curves = _by_condition(_lists(group, "error_by_turn"))
    for index, (condition, points) in enumerate(curves.items()):
        xs = [float(str(each.at["turn"])) for each in points]
        _line(figure, xs, points, plain(condition), index, 1.0)
    return figure if curves else None


def survival(group: Group) -> "go.Figure | None":
    """Return the Kaplan-Meier curve of the first error as steps, with H50 marked."""
    points = [each for each in _lists(group, "survival") if each.estimate is not None and "turn" in each.at]
    if not points:
        return None
    figure = _figure("turn", "share of episodes free of error")
    _line(figure, [float(str(each.at["turn"])) for each in points], points, "natural", 0, 1.0, shape="hv")
    half = group.estimates.get("h50")
    if isinstance(half, Estimate) and half.estimate is not None:
        figure.add_vline(x=half.estimate, line_dash="dot", annotation_text=f"H50 = {half.estimate:.0f}")
    return figure


def decomposition(group: Group) -> "go.Figure | None":
    """Return a bar with its interval for each cause of the rise."""
    points = [each for each in _lists(group, "decomposition") if each.estimate is not None]
    if not points:
        return None
    figure = _figure("", "points of error rate, late minus early")
    names = [plain(str(each.at.get("cause", each.at.get("part", "")))) for each in points]
    figure.add_trace(
        go.Bar(
            x=names,
            y=[each.estimate for each in points],
            customdata=[_custom(each) for each in points],
            hovertemplate=_HOVER + "<extra></extra>",
            marker_color=list(COLOURS[: len(points)]),
            error_y=_error_bars(points),
        )
    )
    return figure


def dose_response(group: Group) -> "go.Figure | None":
    """Return the error rate against the share of corrupted replies in the history shown."""
    points = [each for each in _lists(group, "dose_response") if each.estimate is not None]
    if len(points) < 2:
        return None
    figure = _figure("share of wrong replies in the history", "share of turns with an error")
    _line(figure, [float(str(each.at.get("corrupted", 0))) for each in points], points, "", 1, 1.0)
    return figure


def error_kinds(group: Group) -> "go.Figure | None":
    """Return stacked bars: the share of each kind of error, by condition."""
    points = _lists(group, "error_kinds")
    if not any(each.estimate for each in points):
        return None
    figure = _figure("", "share of turns")
    for index, kind in enumerate(kind for kind in ERROR_KINDS if kind != "none"):
        own = [each for each in points if each.at.get("kind") == kind and each.estimate is not None]
        figure.add_trace(
            go.Bar(
                name=kind.replace("_", " "),
                x=[plain(str(each.at["condition"])) for each in own],
                y=[each.estimate for each in own],
                customdata=[_custom(each) for each in own],
                hovertemplate=_HOVER,
                marker_color=COLOURS[index],
            )
        )
    figure.update_layout(barmode="stack")
    return figure


def side_by_side(groups: Sequence[Group]) -> "go.Figure":
    """Return each group's error rate with its interval."""
    figure = _figure("", "share of turns with an error")
    rates = [(group, group.estimates.get("error_rate")) for group in groups]
    points = [(group, each) for group, each in rates if isinstance(each, Estimate) and each.estimate is not None]
    figure.add_trace(
        go.Scatter(
            x=[plain(f"{group.model}, {group.setting}") for group, _ in points],
            y=[each.estimate for _, each in points],
            customdata=[_custom(each) for _, each in points],
            hovertemplate=_HOVER + "<extra></extra>",
            mode="markers",
            marker={"size": 11, "color": COLOURS[0]},
            error_y=_error_bars([each for _, each in points]),
        )
    )
    return figure


def plain(text: str) -> str:
    """Return a user's text so that Plotly shows it as it is: no tags, no unprintable characters."""
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)[:200]
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _figure(x_title: str, y_title: str) -> "go.Figure":
    figure = go.Figure()
    figure.update_layout(
        template="none",
        margin={"l": 60, "r": 16, "t": 16, "b": 48},
        height=380,
        hovermode="closest",
        legend={"orientation": "h", "y": 1.12},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
    )
    figure.update_xaxes(title=x_title, zeroline=False, gridcolor="rgba(128,128,128,.18)")
    figure.update_yaxes(title=y_title, tickformat=".0%", rangemode="tozero", gridcolor="rgba(128,128,128,.18)")
    return figure


def _line(
    figure: "go.Figure",
    xs: Sequence[float],
    points: Sequence[Estimate],
    name: str,
    index: int,
    ceiling: float,
    shape: str = "linear",
) -> None:
    colour = COLOURS[index % len(COLOURS)]
    lows = [each.low if each.low is not None else 0.0 for each in points]
    highs = [each.high if each.high is not None else ceiling for each in points]
    edges, tops, bottoms = list(xs), highs, lows
    if shape == "hv":
        # Plotly would draw the steps of the way back the wrong way round.
        edges = [x for one, other in zip(xs, [*xs[1:], xs[-1]], strict=True) for x in (one, other)]
        tops, bottoms = ([y for y in ys for _ in range(2)] for ys in (highs, lows))
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    figure.add_trace(
        go.Scatter(
            x=[*edges, *reversed(edges)],
            y=[*tops, *reversed(bottoms)],
            mode="lines",
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},.15)",
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
    )
    figure.add_trace(
        go.Scatter(
            x=list(xs),
            y=[each.estimate for each in points],
            name=name,
            legendgroup=name,
            showlegend=bool(name),
            mode="lines+markers",
            line={"color": colour, "width": 2, "shape": shape},
            marker={"symbol": _SYMBOLS[index % len(_SYMBOLS)], "size": 7},
            customdata=[_custom(each) for each in points],
            hovertemplate="turn %{x}: " + _HOVER + f"<extra>{name}</extra>",
        )
    )


def _error_bars(points: Sequence[Estimate]) -> dict[str, Any]:
    ups = [(each.high if each.high is not None else each.estimate or 0) - (each.estimate or 0) for each in points]
    downs = [(each.estimate or 0) - (each.low if each.low is not None else each.estimate or 0) for each in points]
    return {"type": "data", "symmetric": False, "array": ups, "arrayminus": downs}


def _custom(each: Estimate) -> list[Any]:
    return [each.low, each.high, each.n_turns, each.n_episodes]


def _by_condition(points: Sequence[Estimate]) -> dict[str, list[Estimate]]:
    found: dict[str, list[Estimate]] = {}
    for each in points:
        if each.estimate is not None:
            found.setdefault(str(each.at.get("condition", "natural")), []).append(each)
    return found


def _lists(group: Group, key: str) -> list[Estimate]:
    found = group.estimates.get(key, [])
    return found if isinstance(found, list) else []


def _said(name: str, group: Group) -> str:
    """Return what the figure shows in one sentence, for screen readers."""
    rate = group.estimates.get("error_rate")
    if name != "Error rate by turn" or not isinstance(rate, Estimate) or rate.estimate is None:
        return f"{name} of {group.model}, {group.setting}; the figures stand in the tables below."
    curve = [each for each in _lists(group, "error_by_turn") if each.at.get("condition") == "natural" and each.n_turns]
    ends = ""
    if curve and curve[0].estimate is not None and curve[-1].estimate is not None:
        ends = f", from {curve[0].estimate:.0%} at the start to {curve[-1].estimate:.0%} at the end"
    return f"{group.model}, {group.setting}: {rate.estimate:.0%} of turns are in error{ends}."
