"""Every estimate of an analysis as CSV: one file for each list of estimates, one for all single figures."""

from pathlib import Path
from typing import Any

import polars as pl

from horizon.analysis.analysis import Analysis, flat
from horizon.core.estimator import Estimate
from horizon.runs.replacing import replace_text

_FORMULA = r"^\s*[=+\-@\t\r\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]"
"""Matches cells that a spreadsheet would interpret as a formula, including full-width signs."""


def write_csv(analysis: Analysis, folder: Path) -> list[Path]:
    """Write one CSV for each list of estimates and `estimates.csv` for the single figures; return the paths."""
    tables: dict[str, list[dict[str, Any]]] = {"estimates": []}
    all_labels = dict.fromkeys(label for group in analysis.groups for label in group.labels())
    for group in analysis.groups:
        labels = {**dict.fromkeys(all_labels), **group.labels()}
        for name, value in group.estimates.items():
            if isinstance(value, list):
                tables.setdefault(name, []).extend({**labels, **_row(estimate)} for estimate in value)
            else:
                tables["estimates"].append({"estimator": name, **labels, **_row(value)})
    for name, estimates in analysis.between().items():
        tables[name] = [_row(estimate) for estimate in estimates]
    paths = []
    for name, rows in sorted(tables.items()):
        if rows:
            table = pl.DataFrame(rows, infer_schema_length=None)
            paths.append(replace_text(folder / f"{name}.csv", _without_formulas(table).write_csv()))
    return paths


def _without_formulas(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with a quote before each text that a spreadsheet would take for a formula, except numbers."""
    escaped = []
    for name in table.select(pl.col(pl.String)).columns:
        text = pl.col(name)
        is_number = text.str.strip_chars().cast(pl.Float64, strict=False).is_not_null()
        escaped.append(pl.when(text.str.contains(_FORMULA) & ~is_number).then("'" + text).otherwise(text).alias(name))
    return table.with_columns(escaped)


def _row(estimate: Estimate) -> dict[str, Any]:
    return {"note": None, **flat(estimate)}
