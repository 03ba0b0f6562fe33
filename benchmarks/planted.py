"""What simulations of planted causes share: a process with its cause, a row of counts, and the files of a study."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from csv_files import CRLF, write_csv

from horizon.analysis.stats.shares import wilson

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Planted:
    """A process with one cause of errors, and the arms that must find it."""

    cause: str
    model: str
    arms: tuple[str, ...]


def row_of(planted: Planted, arm: str, counts: Mapping[str, int], n_studies: int) -> Row:
    """Return the row of an arm: how many studies found something, by name, and the interval of the first share."""
    low, high = wilson(next(iter(counts.values())) / n_studies, n_studies)
    own = {"cause": planted.cause, "process": planted.model, "arm": arm, "is_planted": arm in planted.arms}
    return {**own, **counts, "studies": n_studies, "low": float(low), "high": float(high)}


def table_of_causes(rows: Sequence[Row], arms: Sequence[str], counts: Sequence[str]) -> str:
    """Return the counts, joined by +, as a Markdown table: a line per cause, planted ones bold."""
    lines = ["| planted cause | " + " | ".join(arms) + " |", "| --- |" + " ---: |" * len(arms)]
    for cause in dict.fromkeys(str(row["cause"]) for row in rows):
        cells = []
        for row in (row for row in rows if row["cause"] == cause):
            mark = "**" if row["is_planted"] else ""
            cells.append(f"{mark}{' + '.join(str(row[name]) for name in counts)}{mark}")
        lines.append(f"| {cause} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV; the first one names the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, rows, CRLF)


def write_about(folder: Path, command: str, given: argparse.Namespace) -> None:
    """Write the command and its options beside the rows."""
    about = {"command": command, **{key: str(value) for key, value in vars(given).items()}}
    (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n")
