"""Files of puzzles, streamed: Lichess CSV, EPD suites, PGN, FEN lists and Horizon's packs, plain or as .zst.

The extension names the format, CSV's header the kind of table. Rows that can't be read are reported and skipped.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.paths import shipped
from horizon.core.registry import nearest
from horizon.domains.puzzles.formats import epd
from horizon.domains.puzzles.formats import lichess_csv as table_cache
from horizon.domains.puzzles.formats import pgn as games
from horizon.domains.puzzles.formats.lines import BadRow, Line, numbered
from horizon.domains.puzzles.puzzle import Puzzle

Reader = Callable[[Iterable[Line], str], Iterator[Puzzle | BadRow]]
_READERS: Mapping[str, Reader] = {
    ".csv": table_cache.read,
    ".epd": epd.read,
    ".fen": epd.read,
    ".txt": epd.read,
    ".pgn": games.read,
}


@dataclass(frozen=True, slots=True)
class PuzzleFile:
    """What a file holds: its puzzles, each with a name of its own, and the rows that could not be read."""

    puzzles: tuple[Puzzle, ...]
    bad_rows: tuple[BadRow, ...]


def read_puzzles(path: str | Path, limit: int | None = None) -> PuzzleFile:
    """Return the puzzles of a file, the first `limit` of them where it is given.

    A name that comes again is told apart by a number, as `name#2`. Cost: some 200 microseconds a puzzle.

    Raises:
        UsageError: no such file, an unknown extension, an empty file, or nothing but bad rows.
    """
    path = Path(path)
    puzzles: dict[str, Puzzle] = {}
    times: Counter[str] = Counter()
    bad: list[BadRow] = []
    for found in _rows(path):
        if isinstance(found, BadRow):
            bad.append(found)
            continue
        name = found.name
        while name in puzzles:
            times[found.name] += 1 if times[found.name] else 2
            name = f"{found.name}#{times[found.name]}"
        puzzles[name] = found if name == found.name else replace(found, name=name)
        if len(puzzles) == limit:
            break
    if not puzzles and bad:
        raise UsageError(
            f"{path} has nothing but bad rows ({len(bad)}); line {bad[0].line}: {bad[0].reason}; mend it, or give its "
            "format by its extension"
        )
    if not puzzles:
        raise UsageError(f"{path} is empty: give a file that holds puzzles, or the pack '{pack_names()[0]}'")
    return PuzzleFile(tuple(puzzles.values()), tuple(bad))


def pack_names() -> tuple[str, ...]:
    """Return the names of the packs that come with Horizon."""
    return tuple(sorted(path.stem for path in _folder().glob("*.csv")))


@lru_cache(maxsize=8)
def open_pack(name: str) -> PuzzleFile:
    """Return a shipped pack by name, or else a file's puzzles by its path; read once a process.

    Raises:
        UsageError: neither a pack nor a file, with the nearest names, or a file that can't be read.
    """
    return read_puzzles(located(name))


def located(name: str) -> Path:
    """Return the file of a shipped pack by name, or the path itself where it is a file.

    Raises:
        UsageError: neither a pack nor a file, with the nearest names.
    """
    if name in pack_names():
        return _folder() / f"{name}.csv"
    if not Path(name).exists():
        raise UsageError(f"no puzzles '{name}': neither a file nor a shipped pack; {nearest(name, pack_names())}")
    return Path(name)


def _folder() -> Path:
    return shipped("scenarios") / "packs"


def _rows(path: Path) -> Iterator[Puzzle | BadRow]:
    is_packed = path.suffix.lower() == ".zst"
    inner = Path(path.stem) if is_packed else path
    reader = _READERS.get(inner.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path}: the extension '{inner.suffix}' is no format of puzzles: {nearest(inner.suffix, _READERS)} "
            "(each may be packed as .zst)"
        )
    try:
        stream = _opened(path, is_packed)
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise UsageError(f"{path} can't be read ({why}): give an existing file, or the name of a pack") from None
    # The PGN standard's own encoding is Latin-1, and only names are written in it.
    fallback = "latin-1" if inner.suffix.lower() == ".pgn" else None
    with closing(stream):
        yield from reader(numbered(stream, fallback=fallback), inner.stem)


def _opened(path: Path, is_packed: bool) -> Any:
    plain = path.open("rb")
    if not is_packed:
        return plain
    import pyarrow

    return pyarrow.CompressedInputStream(pyarrow.PythonFile(plain, mode="r"), "zstd")
