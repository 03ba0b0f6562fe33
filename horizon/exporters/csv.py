"""turns.csv and episodes.csv, for spreadsheets and R: UTF-8, texts quoted where they must be, missing values empty.

An empty text is `""`, so that it differs from a missing value. The columns are those of docs/schema.md.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from horizon.runs.exporting import write_tables
from horizon.runs.run_data import RunData


def export(runs: Sequence[RunData], out: Path) -> list[Path]:
    """Write both tables as CSV and return the files."""
    return write_tables(runs, out, "csv", pl.DataFrame.write_csv)


EXPORTER = export
