"""On-disk cache of expensive tables, such as the distance tables of planning environments.

A damaged or missing file is rebuilt. Knows arrays, not tasks.
"""

import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from horizon.core.paths import cache_folder


@lru_cache(maxsize=64)
def cached_table(name: str, version: int, build: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Return a table from memory, else from disk, else build and store it; the array is read-only.

    Increase `version` when the content of the table changes. If the disk can't be written, the table is rebuilt by
    every process. `build` must be the same object in every call: it is part of the key of the in-memory cache.
    """
    table = _from_disk(f"{name}-v{version}", build)
    table.setflags(write=False)
    return table


def _from_disk(key: str, build: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    path = cache_folder() / "tables" / f"{key}.npy"
    try:
        table: NDArray[Any] = np.load(path, allow_pickle=False)
        return table
    except (OSError, ValueError, EOFError):
        table = build()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.save(file, table, allow_pickle=False)
        Path(file.name).replace(path)
    except OSError:
        pass
    return table
