"""Where files lie that come with the package, and those that can be made again. Opens none of them."""

import os
from pathlib import Path

from horizon.core.errors import StoreError


def shipped(name: str) -> Path:
    """Return the folder `engines` or `scenarios`: inside an installed package, beside it in a checkout."""
    inside = Path(__file__).parents[1] / "shipped" / name
    return inside if inside.is_dir() else Path(__file__).parents[2] / name


def cache_folder() -> Path:
    """Return the folder for what can be made again: `HORIZON_CACHE`, or `~/.cache/horizon`.

    Raises:
        StoreError: there is no home folder and no `HORIZON_CACHE`.
    """
    try:
        return Path(os.environ.get("HORIZON_CACHE") or Path.home() / ".cache" / "horizon")
    except RuntimeError:
        raise StoreError("no home folder to keep a cache in: set HORIZON_CACHE to a folder") from None
