"""Every estimate of an analysis as CSV: one file for each list of estimates, one for all single figures."""

from pathlib import Path
from typing import Any

import polars as pl

from horizon.analysis.analysis import Analysis, flat
from horizon.core.estimator import Estimate


def write_csv(analysis: Analysis, folder: Path) -> list[Path]:
    """Write one CSV for each list of estimates and `estimates.csv` for the single figures; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
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
            paths.append(folder / f"{name}.csv")
            pl.DataFrame(rows, infer_schema_length=None).write_csv(paths[-1])
    return paths


def _row(estimate: Estimate) -> dict[str, Any]:
    return {"note": None, **flat(estimate)}
