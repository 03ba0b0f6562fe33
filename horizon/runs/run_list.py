"""Which runs folders hold: a run folder is itself one, the folder of a suite holds several."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from horizon.runs import manifest as manifests
from horizon.runs.run_folder import read_episodes

_IDENTITY = ("plan", "model", "opponents", "judge", "files", "shard", "graded", "sources")
"""Parts of a manifest in which two folders of one run agree."""


def runs_in(*folders: Path) -> list[Path]:
    """Return each folder itself if it is a run, else the runs right inside it, as a suite leaves them.

    Raises:
        StoreError: there are none in one; the message names the nearest.
    """
    return [run for folder in folders for run in _runs_in(folder)]


def _runs_in(folder: Path) -> list[Path]:
    return distinct_runs(all_runs_in(folder))


def all_runs_in(*folders: Path) -> list[Path]:
    """Return the same as `runs_in`, with folders of the same run and damaged ones.

    Raises:
        StoreError: there are none in one; the message names the nearest.
    """
    runs: list[Path] = []
    for folder in folders:
        is_run = (folder / manifests.MANIFEST).is_file()
        inside = () if is_run or not folder.is_dir() else sorted(folder.iterdir())
        # A hidden folder is a run that is being made (see `building`).
        own = [path for path in inside if path.name[0] != "." and (path / manifests.MANIFEST).is_file()]
        if not own and not is_run:
            manifests.read(folder)
        runs += own or [folder]
    return runs


def distinct_runs(folders: Sequence[Path]) -> list[Path]:
    """Return the folders without those that hold the same run as another one; of these the longest stays.

    Scenarios that differ only in what they expect make the same run. Runs whose model is not reproducible are never
    the same.

    Raises:
        StoreError: a folder is not a readable run.
    """
    same: dict[str, list[Path]] = {}
    for folder in folders:
        manifest: Any = manifests.read(folder)
        is_reproducible = (manifest.get("model") or {}).get("reproducible") is not False
        name = json.dumps([manifest.get(part) for part in _IDENTITY], sort_keys=True)
        same.setdefault(name if is_reproducible else str(folder), []).append(folder)
    kept = {
        max(group, key=lambda folder: len(read_episodes(folder))) if len(group) > 1 else group[0]
        for group in same.values()
    }
    return [folder for folder in folders if folder in kept]
