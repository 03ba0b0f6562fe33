"""Gaviota tablebases of three men: positions in, distances to mate out. Debian: apt-get install gaviotatb.

The files are read lazily and stay open until the process ends.
"""

import os
from functools import lru_cache
from pathlib import Path

import chess
import chess.gaviota

from horizon.core.errors import EngineFailure

_FOLDERS = ("/usr/share/gaviotatb/gtb4", "/usr/share/gaviotatb", "/usr/share/games/gaviota")


def folder() -> Path:
    """Return the folder of the tables (`*.gtb.cp4`): `HORIZON_GAVIOTA`, else the folder of the Debian package.

    Raises:
        EngineFailure: there are none; the message names the package.
    """
    return _find_folder(os.environ.get("HORIZON_GAVIOTA"))


@lru_cache(maxsize=8)
def _find_folder(given: str | None) -> Path:
    for folder_name in (given,) if given else _FOLDERS:
        for tables in (Path(folder_name), Path(folder_name) / "gtb4"):
            if any(tables.glob("*.gtb.cp4")):
                return tables
    fix = "install them (Debian: apt-get install gaviotatb) or set HORIZON_GAVIOTA to the folder of *.gtb.cp4"
    raise EngineFailure(
        f"HORIZON_GAVIOTA={given} contains no tables: {fix}" if given else f"Gaviota tables are missing: {fix}"
    )


@lru_cache(maxsize=4)
def _tables(place: Path) -> chess.gaviota.PythonTablebase:
    tablebase = chess.gaviota.PythonTablebase()
    tablebase.add_directory(str(place))
    return tablebase


def plies_to_mate(board: chess.Board) -> int:
    """Return the plies to mate with best play: positive for the side to move, negative against it, 0 in a draw.

    Returns 0 for a checkmated side to move as well: check the board for that first. Cost: about 10 microseconds.

    Raises:
        EngineFailure: the tables are missing, or have none for this material.
    """
    try:
        return _tables(folder()).probe_dtm(board)
    except (KeyError, OSError) as problem:
        raise EngineFailure(f"no Gaviota table for '{board.fen()}' in {folder()}: {problem}") from None
