"""The report of one or several runs as files: figures, and every table as CSV."""

import json
from collections.abc import Sequence
from pathlib import Path

from horizon.analysis.analyze import Analysis, analyze_runs, describe, write_csv
from horizon.core.errors import UsageError
from horizon.report.chart_builders import charts_of
from horizon.report.html_page import write_page
from horizon.report.matplotlib_figures import draw_chart, draw_error_by_turn


def write_report(folders: Sequence[Path], out: Path) -> list[Path]:
    """Estimate the runs and write the page, the figure, and tables as CSV and JSON into a folder; return the paths."""
    return write_analysis(analyze_runs(folders), out)


def write_analysis(analysis: Analysis, out: Path) -> list[Path]:
    """Write what was estimated; return the paths, the figure first.

    Raises:
        UsageError: there is nothing to draw, as no turn was played to its end.
    """
    if not analysis.groups:
        raise UsageError(
            f"no turn of these runs was judged ({analysis.table.n_aborted} episodes were aborted by failures of the "
            "infrastructure): mend what failed, and go on with horizon play --resume"
        )
    figures = [draw_error_by_turn(analysis, out / f"error_by_turn.{kind}") for kind in ("png", "svg")]
    # One file a chart, but for the error rate by turn: all groups share that one.
    for chart in charts_of(analysis):
        if not chart.slug.startswith("error_by_turn"):
            figures += [draw_chart(chart, out / "figures" / f"{chart.slug}.{kind}") for kind in ("png", "svg")]
    estimates = out / "tables" / "estimates.json"
    tables = write_csv(analysis, out / "tables")
    estimates.write_text(json.dumps(describe(analysis), indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
    return [*figures, write_page(analysis, out / "report.html"), estimates, *tables]
