"""Paths of the files that are shipped with the package, and of the cache. Opens no file."""

import os
from pathlib import Path

from horizon.core.errors import StoreError


def shipped_folder(name: str) -> Path:
    """Return the folder `engines` or `scenarios`: inside an installed package, beside it in a checkout."""
    inside = Path(__file__).parents[1] / "shipped" / name
    return inside if inside.is_dir() else Path(__file__).parents[2] / name


def cache_folder() -> Path:
    """Return the cache folder: `HORIZON_CACHE`, or `~/.cache/horizon`.

    Raises:
        StoreError: there is no home folder and no `HORIZON_CACHE`.
    """
    try:
        return Path(os.environ.get("HORIZON_CACHE") or Path.home() / ".cache" / "horizon")
    except RuntimeError:
        raise StoreError("there is no home folder for the cache: set HORIZON_CACHE to a folder") from None
