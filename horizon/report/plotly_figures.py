"""The page's figures: charts drawn with Plotly; hover shows interval and counts."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from horizon.analysis.chart import FEW_SERIES, Chart, Series
from horizon.core.escaping import replace_unprintable
from horizon.core.estimator import Estimate
from horizon.report.palette import style_of

_COUNTS = "<br>%{customdata[2]} turns, %{customdata[3]} episodes"
_HOVER = {
    "share": "%{y:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})" + _COUNTS,
    "number": "%{y:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})" + _COUNTS,
}
_SHOWN_FIRST = ("natural", "fresh", "healed", "foreign")


def draw(chart: Chart) -> "go.Figure":
    """Return a chart as a Plotly figure. Names come from users and are escaped, as Plotly interprets tags."""
    figure = _figure(chart)
    for index, series in enumerate(chart.series):
        if chart.form in ("line", "step"):
            _line(figure, series, index, chart)
        elif chart.form == "scatter":
            _scatter(figure, series, index, chart)
        else:
            _bars(figure, series, index, chart)
    if chart.form == "stack":
        figure.update_layout(barmode="stack")
    if chart.form == "dot":
        # Series are drawn side by side, so that their intervals do not overlap.
        figure.update_layout(scattermode="group", scattergap=0.7)
    if chart.form == "scatter":
        figure.update_xaxes(rangemode="tozero")
    if chart.mark is not None:
        figure.add_vline(x=chart.mark[0], line_dash="dot", annotation_text=chart.mark[1])
    return figure


def plain(text: str) -> str:
    """Return a user's text so that Plotly shows it unchanged: tags escaped, unprintable characters replaced."""
    shown = replace_unprintable(text)[:200]
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _figure(chart: Chart) -> "go.Figure":
    figure = go.Figure()
    figure.update_layout(
        template="none",
        margin={"l": 60, "r": 16, "t": 16, "b": 56},
        height=380,
        hovermode="closest",
        legend={"orientation": "h", "y": -0.22, "yanchor": "top"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
    )
    figure.update_xaxes(title=chart.x_title, zeroline=False, gridcolor="rgba(128,128,128,.18)", automargin=True)
    form = ".0%" if chart.y_unit == "share" else ""
    figure.update_yaxes(title=chart.y_title, tickformat=form, rangemode="tozero", gridcolor="rgba(128,128,128,.18)")
    if chart.form == "dot" and chart.baseline:
        figure.add_hline(y=chart.baseline, line_width=1, line_color="rgba(128,128,128,.6)")
    return figure


def _line(figure: "go.Figure", series: Series, index: int, chart: Chart) -> None:
    style, name = style_of(series.name, index), plain(series.name)
    # Of many conditions a few are drawn; a click on the legend shows the others.
    names = {one.name for one in chart.series}
    is_shown = len(chart.series) <= FEW_SERIES or series.name in _SHOWN_FIRST or not names & set(_SHOWN_FIRST)
    lows = [point.low if point.low is not None else 0.0 for point in series.points]
    highs = [point.high if point.high is not None else 1.0 for point in series.points]
    edges, tops, bottoms = list(series.places), highs, lows
    if chart.form == "step":
        # Plotly would draw the steps of the reversed edge in the wrong direction, so corners are explicit.
        edges = [x for one, other in zip(edges, [*edges[1:], edges[-1]], strict=True) for x in (one, other)]
        tops, bottoms = ([y for y in ys for _ in range(2)] for ys in (highs, lows))
    red, green, blue = (int(style.colour[place : place + 2], 16) for place in (1, 3, 5))
    if chart.has_band(index):
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
    is_dense = len(series.points) > 20
    figure.add_trace(
        go.Scatter(
            x=list(series.places),
            y=[point.estimate for point in series.points],
            name=name,
            legendgroup=name,
            showlegend=bool(name) and len(chart.series) > 1,
            visible=True if is_shown else "legendonly",
            mode="lines" if is_dense else "lines+markers",
            line={"color": style.colour, "width": 2, "shape": "hv" if chart.form == "step" else "linear"},
            marker={"symbol": style.symbol, "size": 7},
            customdata=_custom(series.points),
            hovertemplate=f"{plain(chart.x_title)} %{{x}}: {_HOVER[chart.y_unit]}<extra>{name}</extra>",
        )
    )


def _bars(figure: "go.Figure", series: Series, index: int, chart: Chart) -> None:
    """Draw bars from 0, stacked bars, or dots, with their intervals (those of a stack only on hover)."""
    shared: dict[str, Any] = {
        "x": [plain(str(place)) for place in series.places],
        "y": [point.estimate for point in series.points],
        "customdata": _custom(series.points),
        "hovertemplate": f"{_HOVER[chart.y_unit]}<extra>{plain(series.name)}</extra>",
        "name": plain(series.name),
        "showlegend": bool(series.name) and len(chart.series) > 1,
    }
    style = style_of(series.name, index)
    if chart.form == "dot":
        symbol = {"size": 11, "color": style.colour, "symbol": style.symbol}
        figure.add_trace(go.Scatter(**shared, mode="markers", marker=symbol, error_y=_error_bars(series.points)))
    elif chart.form == "stack":
        figure.add_trace(go.Bar(**shared, marker_color=style.colour))
    else:
        colours = [style_of(str(place), index).colour for index, place in enumerate(series.places)]
        figure.add_trace(go.Bar(**shared, marker_color=colours, error_y=_error_bars(series.points)))


def _scatter(figure: "go.Figure", series: Series, index: int, chart: Chart) -> None:
    """Draw points with intervals on both axes; a series without spans as a dotted line behind them."""
    style, name = style_of("", index), plain(series.name)
    x, y = list(series.places), [point.estimate for point in series.points]
    if not series.spans:
        line = {"color": "#888888", "width": 1.5, "dash": "dot"}
        figure.add_trace(go.Scatter(x=x, y=y, name=name, mode="lines", line=line, hoverinfo="skip"))
        return
    number = ".3g" if chart.y_unit == "number" else ".1%"
    hover = f"{plain(chart.x_title)} %{{x:.3g}} (%{{customdata[4]:.3g}} to %{{customdata[5]:.3g}})<br>"
    hover += f"{plain(chart.y_title)} %{{y:{number}}} (%{{customdata[0]:{number}}} to %{{customdata[1]:{number}}})<br>"
    hover += "%{customdata[2]} turns, %{customdata[3]} episodes"
    spans = [[span.low, span.high] for span in series.spans]
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            name=name,
            mode="markers",
            marker={"size": 11, "color": style.colour, "symbol": style.symbol},
            error_x=_error_bars(series.spans),
            error_y=_error_bars(series.points),
            customdata=[[*row, *span] for row, span in zip(_custom(series.points), spans, strict=True)],
            hovertemplate=f"{hover}<extra>{name}</extra>",
        )
    )


def _error_bars(points: Sequence[Estimate]) -> dict[str, Any]:
    ups = [(point.high if point.high is not None else point.estimate or 0) - (point.estimate or 0) for point in points]
    downs = [(point.estimate or 0) - (point.low if point.low is not None else point.estimate or 0) for point in points]
    return {"type": "data", "symmetric": False, "array": ups, "arrayminus": downs}


def _custom(points: Sequence[Estimate]) -> list[list[Any]]:
    return [[point.low, point.high, point.n_turns, point.n_episodes] for point in points]
