"""Gaviota tablebases of three men: positions in, distances to mate out. Debian: apt-get install gaviotatb.

The files are read lazily, checked when they are opened, and stay open until the process ends.
"""

import lzma
import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import chess
import chess.gaviota

from horizon.core.errors import EngineFailure

_HEADER = struct.Struct("<10I")
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


class _Tablebase(chess.gaviota.PythonTablebase):
    """Tables that are opened for reading only, each checked to be whole before the first probe."""

    def _open_tablebase(self, req: chess.gaviota.Request) -> BinaryIO:
        stream: BinaryIO | None = self.streams.get(req.egkey)
        if stream is not None:
            return stream
        path = Path(self.available_tables[req.egkey])
        _check_table(path, req.egkey)
        stream = path.open("rb")
        self.egtb_loadindexes(req.egkey, stream)
        self.streams[req.egkey] = stream
        return stream


def _check_table(path: Path, key: str) -> None:
    """Raise ValueError if a file is no whole table of these men: its index must fit the men and the file's size."""
    data = path.read_bytes()
    if data.startswith(b"version https://git-lfs"):
        raise ValueError(f"{path} is a pointer of Git LFS, not the table: run git lfs pull")
    men = chess.gaviota.EGKEY[key]
    n_blocks = 2 * (1 + (men.maxindex - 1) // chess.gaviota.ENTRIES_PER_BLOCK)
    index_end = _HEADER.size + 4 * (n_blocks + 1)
    if len(data) < index_end:
        raise ValueError(f"{path} is torn: it has {len(data)} bytes, its index alone {index_end}")
    places = struct.unpack_from(f"<{n_blocks + 1}I", data, _HEADER.size)
    header = _HEADER.unpack_from(data)
    is_known = header[2] == chess.gaviota.ENTRIES_PER_BLOCK and header[8] == index_end
    if not is_known or places[0] != index_end or list(places) != sorted(set(places)):
        raise ValueError(f"{path} is no table of {key}: its index of {n_blocks} blocks is damaged")
    if places[-1] != len(data):
        what = "torn" if places[-1] > len(data) else "followed by other data"
        raise ValueError(f"{path} is {what}: it has {len(data)} bytes, by its index {places[-1]}")


@lru_cache(maxsize=4)
def _tables(place: Path) -> _Tablebase:
    tablebase = _Tablebase()
    tablebase.add_directory(str(place))
    return tablebase


def plies_to_mate(board: chess.Board) -> int:
    """Return the plies to mate with best play: positive for the side to move, negative against it, 0 in a draw.

    Returns 0 for a checkmated side to move as well: check the board for that first. Cost: about 10 microseconds.

    Raises:
        EngineFailure: the tables are missing or damaged, or have none for this material.
    """
    try:
        return _tables(folder()).probe_dtm(board)
    except (KeyError, OSError) as problem:
        raise EngineFailure(f"no Gaviota table for '{board.fen()}' in {folder()}: {problem}") from None
    except (ValueError, IndexError, EOFError, OverflowError, MemoryError, lzma.LZMAError, struct.error) as problem:
        raise EngineFailure(
            f"the Gaviota table for '{board.fen()}' in {folder()} can't be used: {problem or type(problem).__name__}; "
            "install it again"
        ) from None
