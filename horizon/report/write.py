"""The report of one or several runs as files: figures, and every table as CSV."""

from collections.abc import Sequence
from pathlib import Path

from horizon.report.figures import draw_error_by_turn
from horizon.report.tables import Analysis, analyze_runs, write_csv


def write_report(folders: Sequence[Path], out: Path) -> list[Path]:
    """Estimate the runs and write `error_by_turn.png` and `tables/*.csv` into a folder; return the paths."""
    return write_analysis(analyze_runs(folders), out)


def write_analysis(analysis: Analysis, out: Path) -> list[Path]:
    """Write what was estimated; return the paths, the figure first."""
    return [draw_error_by_turn(analysis, out / "error_by_turn.png"), *write_csv(analysis, out / "tables")]
