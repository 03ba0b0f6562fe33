"""Files that an environment makes of a finished run beside its tables, such as the games of a chess run as PGN.

The environment turns rows into text (`exports` in its contract); this module reads the rows and writes the files.
"""

from collections.abc import Mapping
from pathlib import Path

from horizon.core.environment import Export
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
    with replacing(folder / name) as file:
        for line in export(run_folder.iterate_turns(folder), run_folder.iterate_episodes(folder), created):
            file.write(line.encode("utf-8", "replace"))
    return folder / name
