"""Tables that are dear to build, kept on disk: distance tables of planning environments.

The only door from environments to the disk; a damaged or missing file is built again. Knows arrays, not tasks.
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
def kept_table(name: str, version: int, build: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Return a table from memory, else from disk, else build and keep it; read-only.

    `version` goes up when the meaning of the table changes. A disk that can't be written costs a rebuild, no failure.
    Give a function of a module, or one that is kept: the memory goes by the function as well.
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
