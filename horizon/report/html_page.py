"""One self-contained `report.html`: headline, curves, tables, and a viewer to step through every episode.

No network, no computation: estimates and rows come in. Whatever a model or a user wrote is data in the page (JSON
that scripts put in as text) or escaped; a content security policy forbids everything else.
"""

import base64
import gzip
import html
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import chess.svg

from horizon.analysis.analysis import Analysis
from horizon.analysis.chart import Chart
from horizon.core.escaping import visible
from horizon.core.estimator import Estimate
from horizon.report.chart_builders import charts_of
from horizon.report.episode_viewer import trace
from horizon.report.headline import command, headline, limits
from horizon.report.plotly_figures import draw
from horizon.runs.replacing import replace_text

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def write_page(analysis: Analysis, path: Path, registered: Sequence[str] = ()) -> Path:
    """Write the page of runs that were estimated, and return its path; the same runs give the same bytes."""
    return replace_text(path, page(analysis, registered))


def page(analysis: Analysis, registered: Sequence[str] = ()) -> str:
    """Return the page as HTML; `registered` are the lines on a frozen plan that the runs were held against."""
    found = trace(analysis.runs)
    charts = charts_of(analysis)
    title = headline(analysis)
    made_by = command(analysis.runs)
    drawn = [json.loads(str(draw(chart).to_json())) for chart in charts]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Horizon: {_text(title)[:120]}</title>",
        f"<style>{_asset('page.css')}</style></head><body>",
        "<header><h1>Horizon report</h1>",
        f'<p class="headline">{_text(title)}</p></header>',
        "<main>",
        _list("Pre-registration", registered),
        _list("What this can't say", limits(analysis)),
        f"<details><summary>The commands that made it</summary><pre>{_text(made_by)}</pre></details>",
        '<section aria-label="Figures">',
        *(_figure(place, chart) for place, chart in enumerate(charts)),
        "</section>",
        _viewer(found["left_out"]),
        _tables(analysis),
        "</main>",
        "<noscript><p>The figures and the viewer need JavaScript; all figures stand in the tables.</p></noscript>",
        _pieces(),
        _packed("trace", json.dumps(found, ensure_ascii=True).encode()),
        _packed("figures", json.dumps(drawn, ensure_ascii=True).encode()),
        f'<script type="text/plain" id="plotly">{_plotly()}</script>',
        f"<script>{_asset('viewer.js')}</script>",
        "</body></html>",
    ]
    return "\n".join(parts)


def _text(text: str) -> str:
    return html.escape(visible(text), quote=True)


def _asset(name: str) -> str:
    return (files("horizon.report") / "assets" / name).read_text(encoding="utf-8")


def _packed(name: str, content: bytes) -> str:
    # Base64 holds no angle bracket, so nothing in it can end the element. No time in the header: same runs, same page.
    return f'<script type="text/plain" id="{name}">{_base64(content)}</script>'


def _base64(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


@lru_cache(maxsize=1)
def _plotly() -> str:
    return _base64((files("plotly") / "package_data" / "plotly.min.js").read_bytes())


def _pieces() -> str:
    """Return python-chess's drawings of the pieces, once, for boards to refer to."""
    symbols = "PNBRQKpnbrqk"
    drawn = "".join(
        f'<g id="piece-{ord(each)}">{chess.svg.PIECES[each].replace("id=", "data-id=")}</g>' for each in symbols
    )
    return (
        f'<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{drawn}</defs></svg>'
        f'<script type="application/json" id="pieces">{json.dumps(dict.fromkeys(symbols, 1))}</script>'
    )


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f'<h2>{_text(title)}</h2><ul class="limits">{"".join(f"<li>{_text(each)}</li>" for each in lines)}</ul>'


def _figure(place: int, chart: Chart) -> str:
    return (
        f'<figure><figcaption>{_text(chart.title)}</figcaption><div id="figure-{place}" role="img" '
        f'aria-label="{_text(chart.said)}" style="min-height:380px"></div>'
        f"{''.join(f'<p class=note>{_text(note)}</p>' for note in chart.notes)}</figure>"
    )


def _viewer(left_out: int) -> str:
    note = f'<p class="note">{left_out} episodes are left out here to keep the page small.</p>' if left_out else ""
    return f"""<h2>Episodes</h2>{note}
<section id="viewer" tabindex="0" aria-label="Episode viewer">
<div class="controls">
<label>Episode <select id="episode"></select></label> <label>Condition <select id="condition"></select></label>
<button type="button" id="back" aria-label="previous turn">&larr;</button>
<button type="button" id="on" aria-label="next turn">&rarr;</button>
<button type="button" id="error">next error</button>
<span id="where" aria-live="polite"></span>
</div>
<p class="note">Keys: &larr; &rarr; turns, n and p errors, j and k episodes, Home and End.</p>
<div class="strip" id="strip" role="group" aria-label="All turns; a cross marks an error"></div>
<div id="detail" aria-live="polite"></div>
</section>"""


def _tables(analysis: Analysis) -> str:
    rows = []
    for group in analysis.groups:
        who = f"{group.model}, {group.setting}"
        for name, found in group.estimates.items():
            if name.startswith("smooth"):
                continue
            for each in found if isinstance(found, list) else [found]:
                rows.append(_row(who, name, each))
    for name, listed in analysis.between().items():
        rows += [_row("all", name, each) for each in listed]
    titles = ("model", "estimate of", "at", "value", "95 % interval", "n", "method")
    head = "".join(f'<th scope="col">{each}</th>' for each in titles)
    return (
        # Closed, or it would fill a hundred printed pages.
        f"<h2>Tables</h2><details><summary>All {len(rows)} estimates; those of the smooth curves stand in tables/*.csv"
        '</summary><div class="scroll"><table><caption class="note">Every estimate, as in tables/*.csv'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _row(who: str, name: str, each: Estimate) -> str:
    at = ", ".join(f"{key} {value}" for key, value in each.at.items())
    counts = f"{each.n_episodes} episodes, {each.n_turns} turns"
    interval = "" if each.low is None and each.high is None else f"{_number(each.low)} to {_number(each.high)}"
    cells = [who, name.replace("_", " "), at, _number(each.estimate), interval, counts, each.note or each.method]
    numbers = (3, 4)
    return "".join(
        [
            "<tr>",
            *(
                f"<td{' class=number' if place in numbers else ''}>{_text(str(cell))}</td>"
                for place, cell in enumerate(cells)
            ),
            "</tr>",
        ]
    )


def _number(value: float | None) -> str:
    return "open" if value is None else f"{value:.4g}"
