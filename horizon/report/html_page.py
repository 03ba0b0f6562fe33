"""One self-contained `report.html`: headline, results, curves, tables, and a viewer to step through every episode.

No network and no statistics, only estimates and rows. Text from models and users is data in the page (JSON that
scripts insert as text) or escape_text; a content security policy forbids everything else.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import chess.svg

from horizon.analysis.analysis import Analysis
from horizon.analysis.chart import Chart
from horizon.report.cautions import limits
from horizon.report.chart_builders import MOST_DRAWN, caption_of, charts_of, few_drawn
from horizon.report.episode_viewer import trace
from horizon.report.headline import headline
from horizon.report.html_tables import (
    cost_section,
    escape_text,
    estimates_section,
    mitigations_section,
    results_section,
    tests_section,
)
from horizon.report.made_by import command
from horizon.report.palette import style_of
from horizon.report.plotly_figures import draw
from horizon.runs.replacing import replace_text
from horizon.scenarios.conditions import CONDITIONS

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def write_page(analysis: Analysis, path: Path, registered: Sequence[str] = ()) -> Path:
    """Write the page of an analysis and return its path; the same runs give the same bytes."""
    return replace_text(path, page(analysis, registered))


def page(analysis: Analysis, registered: Sequence[str] = ()) -> str:
    """Return the page as HTML; `registered` are the lines on the frozen plan of the runs."""
    episodes = trace(analysis.runs)
    charts = charts_of(analysis)
    title = headline(analysis)
    drawn = [json.loads(str(draw(chart).to_json())) for chart in charts]
    sections = (
        _Section("results", "Results", results_section(analysis)),
        _Section("registered", "Pre-registration", _list(registered)),
        _Section("limits", "Limitations", _list(limits(analysis))),
        _Section("tests", "Tests", tests_section(analysis)),
        _Section("mitigations", "Mitigations", mitigations_section(analysis)),
        _Section("cost", "Cost", cost_section(analysis)),
        _Section("figures", "Figures", _figures(analysis, charts)),
        _Section("episodes", "Episodes", _viewer(episodes["left_out"])),
        _Section("tables", "Tables", estimates_section(analysis)),
        _Section("commands", "Commands that made it", f"<pre>{escape_text(command(analysis.runs))}</pre>"),
    )
    filled = [section for section in sections if section.content]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Horizon: {escape_text(title)[:120]}</title>",
        f"<style>{_asset('page.css')}</style></head><body>",
        "<header><h1>Horizon report</h1>",
        f'<p class="headline">{escape_text(title)}</p>',
        _contents(filled, charts),
        "</header><main>",
        *(section.html() for section in filled),
        "</main>",
        "<noscript><p>The figures and the viewer need JavaScript; the tables hold all figures.</p></noscript>",
        _pieces(),
        _data("colours", {name: style_of(name, place).colour for place, name in enumerate(analysis.table.conditions)}),
        _compress("trace", json.dumps(episodes, ensure_ascii=True).encode()),
        _compress("figures-data", json.dumps(drawn, ensure_ascii=True).encode()),
        f'<script type="text/plain" id="plotly">{_plotly()}</script>',
        f"<script>{_asset('viewer.js')}</script>",
        "</body></html>",
    ]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page that the table of contents links to."""

    name: str
    title: str
    content: str

    def html(self) -> str:
        return f'<section id="{self.name}" aria-label="{self.title}"><h2>{self.title}</h2>{self.content}</section>'


def _contents(sections: Sequence[_Section], charts: Sequence[Chart]) -> str:
    """Return the table of contents: a link to each section, and beneath `Figures` one to each figure."""
    links = "".join(f'<li><a href="#{section.name}">{section.title}</a></li>' for section in sections)
    figures = "".join(
        f'<li><a href="#chart-{place}">{escape_text(chart.title)}</a></li>' for place, chart in enumerate(charts)
    )
    listed = f"<details><summary>All {len(charts)} figures</summary><ul>{figures}</ul></details>" if charts else ""
    return f'<nav aria-label="Contents"><ul>{links}</ul>{listed}</nav>'


def _asset(name: str) -> str:
    return (files("horizon.report") / "assets" / name).read_text(encoding="utf-8")


def _data(name: str, content: Mapping[str, object]) -> str:
    text = json.dumps(content).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _compress(name: str, content: bytes) -> str:
    # Base64 has no angle bracket, so the content can't end the element. Without a time, the same runs give one page.
    return f'<script type="text/plain" id="{name}">{_base64(content)}</script>'


def _base64(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


@lru_cache(maxsize=1)
def _plotly() -> str:
    return _base64((files("plotly") / "package_data" / "plotly.min.js").read_bytes())


def _pieces() -> str:
    """Return python-chess's drawings of the pieces, which all boards refer to."""
    symbols = "PNBRQKpnbrqk"
    drawn = "".join(
        f'<g id="piece-{ord(symbol)}">{chess.svg.PIECES[symbol].replace("id=", "data-id=")}</g>' for symbol in symbols
    )
    return (
        f'<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{drawn}</defs></svg>'
        f"{_data('pieces', dict.fromkeys(symbols, 1))}"
    )


def _list(lines: Sequence[str]) -> str:
    return f'<ul class="limits">{"".join(f"<li>{escape_text(line)}</li>" for line in lines)}</ul>' if lines else ""


def _figures(analysis: Analysis, charts: Sequence[Chart]) -> str:
    """Return the legend of conditions and an element for every figure."""
    key = "".join(
        f'<li><span class="swatch" style="background:{style_of(name, place).colour}"></span>'
        f"{escape_text(name)}{escape_text(_meaning(name))}</li>"
        for place, name in enumerate(analysis.table.conditions)
    )
    drawn = "".join(_figure(place, chart) for place, chart in enumerate(charts))
    n_groups = len(analysis.groups)
    note = f'<p class="note">{few_drawn(n_groups)}</p>' if n_groups > MOST_DRAWN else ""
    return f'<ul class="key" aria-label="Colours of the conditions">{key}</ul>{note}{drawn}' if charts else ""


def _meaning(condition: str) -> str:
    """Return what a condition shows, from its first docstring line; empty for conditions of other harnesses."""
    known = CONDITIONS.get(condition.partition(":")[0])
    line = (known.show.__doc__ or "").partition("\n")[0] if known else ""
    return f": {line.removeprefix('Show ').rstrip('.')}" if line else ""


def _figure(place: int, chart: Chart) -> str:
    return (
        f'<figure id="chart-{place}"><figcaption>{escape_text(chart.title)}</figcaption>'
        f'<div id="figure-{place}" role="img" aria-label="{escape_text(chart.alt_text)}"'
        ' style="min-height:380px"></div>'
        f"{''.join(f'<p class=note>{escape_text(note)}</p>' for note in caption_of(chart))}</figure>"
    )


def _viewer(left_out: int) -> str:
    note = f'<p class="note">{left_out} episodes are omitted here to keep the page small.</p>' if left_out else ""
    return f"""{note}
<div id="viewer" tabindex="0" role="group" aria-label="Episode viewer">
<div class="controls">
<label>Episode <select id="episode"></select></label> <label>Condition <select id="condition"></select></label>
<button type="button" id="back" aria-label="previous turn">&larr;</button>
<button type="button" id="on" aria-label="next turn">&rarr;</button>
<button type="button" id="error">next error</button>
<span id="where" aria-live="polite"></span>
</div>
<p class="note">Keys: &larr; &rarr; turns, n and p errors, j and k episodes, Home and End.</p>
<div class="strip" id="strip" role="group" aria-label="All turns; a cross marks an error"></div>
<div id="heat"></div>
<div id="detail" aria-live="polite"></div>
</div>"""
