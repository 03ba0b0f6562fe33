"""turns.parquet and episodes.parquet of several runs in one, or of a run that is not finished, with all their columns.

The columns are those of docs/schema.md, in the types of the run folder's own tables.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from horizon.runs.exporting import write_tables
from horizon.runs.run_data import RunData


def export(runs: Sequence[RunData], out: Path) -> list[Path]:
    """Write both tables as Parquet and return the files."""
    return write_tables(runs, out, "parquet", pl.DataFrame.write_parquet)


EXPORTER = export
