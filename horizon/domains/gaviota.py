"""Gaviota tablebases of three men: positions in, distances to mate out. Debian: apt-get install gaviotatb.

The only door from environments to the tables' files; the tables are read lazily and kept for the process.
"""

import os
from functools import lru_cache
from pathlib import Path

import chess
import chess.gaviota

from horizon.core.errors import EngineFailure

_PLACES = ("/usr/share/gaviotatb/gtb4", "/usr/share/gaviotatb", "/usr/share/games/gaviota")


def folder() -> Path:
    """Return the folder of the tables (`*.gtb.cp4`): `HORIZON_GAVIOTA`, else where Debian puts them.

    Raises:
        EngineFailure: there are none; the message says what to install.
    """
    return _found(os.environ.get("HORIZON_GAVIOTA"))


@lru_cache(maxsize=8)
def _found(given: str | None) -> Path:
    for place in (given,) if given else _PLACES:
        for found in (Path(place), Path(place) / "gtb4"):
            if any(found.glob("*.gtb.cp4")):
                return found
    fix = "install them (Debian: apt-get install gaviotatb) or set HORIZON_GAVIOTA to the folder of *.gtb.cp4"
    raise EngineFailure(f"HORIZON_GAVIOTA={given} holds no tables: {fix}" if given else f"no Gaviota tables: {fix}")


@lru_cache(maxsize=4)
def _tables(place: Path) -> chess.gaviota.PythonTablebase:
    found = chess.gaviota.PythonTablebase()
    found.add_directory(str(place))
    return found


def plies_to_mate(board: chess.Board) -> int:
    """Return the plies to mate with best play: positive for the side to move, negative against it, 0 where none is.

    A mated side to move has 0 as well: ask the board for that first. Cost: about 10 microseconds.

    Raises:
        EngineFailure: no tables, or none for this material.
    """
    try:
        return _tables(folder()).probe_dtm(board)
    except (KeyError, OSError) as problem:
        raise EngineFailure(f"no Gaviota table for '{board.fen()}' in {folder()}: {problem}") from None
