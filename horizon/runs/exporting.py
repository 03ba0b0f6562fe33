"""Runs as files of another form: the contract of an exporter, and one export from its name to its files.

An exporter is a module of `horizon.exporters`, or of another package's entry point in the group of that name, with
`EXPORTER`, a function from runs and a new folder to the files that it wrote there.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl

from horizon.core import registry
from horizon.core.contracts import check_returned
from horizon.core.errors import ContractError, UsageError
from horizon.core.records import Episode, Turn
from horizon.runs.replacing import make_folder, replacing
from horizon.runs.row_format import Row
from horizon.runs.run_data import RunData

Exporter = Callable[[Sequence[RunData], Path], list[Path]]
"""Writes runs into an empty folder and returns the files."""


def export_runs(name: str, runs: Sequence[RunData], out: Path) -> list[Path]:
    """Write runs into a new folder in the form of this name, and return the files.

    Raises:
        UsageError: there is no such form, or the folder holds something already.
        StoreError: the disk refuses.
        PluginError, ContractError: another package's exporter is broken.
    """
    module = registry.load("exporters", name)
    exporter = getattr(module, "EXPORTER", None)
    if not callable(exporter):
        raise ContractError(f"exporter {name}: {module.__name__} has no function EXPORTER")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} holds something already: an export needs a new folder")
    make_folder(out)
    return check_returned(exporter(runs, out), list, f"exporter {name}")


def join(runs: Sequence[RunData], kind: type[Row]) -> pl.DataFrame:
    """Return the turns (`Turn`) or episodes (`Episode`) of all runs as one table, in the order of the runs."""
    return pl.concat([run.turns if kind is Turn else run.episodes for run in runs])


def write_tables(
    runs: Sequence[RunData], folder: Path, suffix: str, write: Callable[[pl.DataFrame, BinaryIO], object]
) -> list[Path]:
    """Write the turns and the episodes of all runs, one file each, and return the files.

    Raises:
        StoreError: the disk refuses.
    """
    files = []
    for kind, name in NAMES.items():
        files.append(folder / f"{name}.{suffix}")
        with replacing(files[-1]) as file:
            write(join(runs, kind), file)
    return files


NAMES: dict[type[Row], str] = {Turn: "turns", Episode: "episodes"}
"""What the two tables are called in every exported folder."""
