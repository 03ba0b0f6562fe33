"""Rows of a benchmark as CSV, in and out."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CRLF = "\r\n"
"""The line ends of files that were committed with them, so that a file made again differs in its figures alone."""


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file as dictionaries of texts; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], line_end: str = "\n") -> None:
    """Write rows of the same columns; the first one names them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator=line_end)
        writer.writeheader()
        writer.writerows(rows)
