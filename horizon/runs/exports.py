"""Files that an environment makes of a finished run beside its tables, such as the games of a chess run as PGN.

The environment turns rows into text (`exports` in its contract); this module reads the rows and writes the files.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from horizon.core.environment import Export
from horizon.core.records import Turn
from horizon.core.row_faults import naming
from horizon.runs import run_folder
from horizon.runs.replacing import replacing


def write_exports(folder: Path, exports: Mapping[str, Export]) -> list[Path]:
    """Write each export of a run into its folder and return the files, each replaced whole or not at all.

    Raises:
        StoreError: the folder is no readable run, or the disk refuses.
        UsageError: a row's state is not possible in its environment.
    """
    return [_write(folder, name, export) for name, export in exports.items()]


def _write(folder: Path, name: str, export: Export) -> Path:
    created = str(run_folder.read_manifest(folder).get("created", ""))
    last: list[Turn] = []
    try:
        with replacing(folder / name) as file:
            for line in export(_watch(folder, last), run_folder.iterate_episodes(folder), created):
                file.write(line.encode("utf-8", "replace"))
    except Exception:
        for row in last:
            with naming(row):
                raise
        raise
    return folder / name


def _watch(folder: Path, last: list[Turn]) -> Iterator[Turn]:
    """Yield the turns of a run; `last` holds the one that is being read."""
    for row in run_folder.iterate_turns(folder):
        last[:] = [row]
        yield row
