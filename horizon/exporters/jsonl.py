"""turns.jsonl and episodes.jsonl: an object per row, in which `parameters` and `extra` are objects and not texts.

The other fields are the columns of docs/schema.md.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl

from horizon.runs.exporting import write_tables
from horizon.runs.run_data import RunData

_NESTED = ("parameters", "extra")


def export(runs: Sequence[RunData], out: Path) -> list[Path]:
    """Write both tables as JSON Lines and return the files."""
    return write_tables(runs, out, "jsonl", _write)


def _write(table: pl.DataFrame, file: BinaryIO) -> None:
    for row in table.iter_rows(named=True):
        nested = {column: json.loads(row[column]) for column in _NESTED}
        file.write((json.dumps({**row, **nested}, ensure_ascii=False) + "\n").encode("utf-8", "replace"))


EXPORTER = export
