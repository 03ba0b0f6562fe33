"""The report of an analysis as files: the page, figures, and every table as CSV and JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

from horizon.analysis.analysis import Analysis
from horizon.core.errors import UsageError
from horizon.report.chart_builders import charts_of
from horizon.report.csv_tables import write_csv
from horizon.report.html_page import write_page
from horizon.report.matplotlib_figures import draw_chart, draw_error_by_turn
from horizon.runs.replacing import make_folder, make_subfolder, replace_text

_KINDS = ("png", "svg")


def write_analysis(analysis: Analysis, out: Path, registered: Sequence[str] = ()) -> list[Path]:
    """Write page, figures and tables into a folder; return the paths, those of figures first.

    Each file is replaced atomically, and never through a link. `registered` are the lines on a frozen plan
    (`horizon.runs.registration`) for the page.

    Raises:
        UsageError: no turn was judged, so there is nothing to draw.
        StoreError: a file can't be written.
    """
    refuse_empty(analysis)
    make_folder(out)
    drawn, listed = make_subfolder(out, "figures"), make_subfolder(out, "tables")
    figures = draw_error_by_turn(analysis, *(out / f"error_by_turn.{kind}" for kind in _KINDS))
    # One file per chart, except the error rate by turn, which all groups share.
    for chart in charts_of(analysis):
        if not chart.slug.startswith("error_by_turn"):
            figures += draw_chart(chart, *(drawn / f"{chart.slug}.{kind}" for kind in _KINDS))
    tables = write_csv(analysis, listed)
    text = json.dumps(analysis.to_dict(), indent=1, ensure_ascii=True) + "\n"
    estimates = replace_text(listed / "estimates.json", text)
    return [*figures, write_page(analysis, out / "report.html", registered), estimates, *tables]


def refuse_empty(analysis: Analysis) -> None:
    """Refuse an analysis without a judged turn.

    Raises:
        UsageError: no turn was judged; the message has the number of aborted episodes.
    """
    if not analysis.groups:
        raise UsageError(
            f"no turn of these runs was judged ({analysis.table.n_aborted} episodes were aborted by infrastructure "
            "failures): fix the cause, then play them with: horizon play --resume --retry-aborted --out RUN"
        )
