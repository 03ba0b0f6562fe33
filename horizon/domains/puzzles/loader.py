"""Files of puzzles, streamed: Lichess CSV, EPD suites, PGN, FEN lists and Horizon's packs, plain or as .zst.

The extension determines the format, a CSV's header the kind of table. Unreadable rows are reported and skipped.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.paths import shipped_folder
from horizon.core.registry import nearest
from horizon.domains.puzzles.formats import epd, lichess_csv, pgn
from horizon.domains.puzzles.formats.lines import BadRow, FileLine, number_lines
from horizon.domains.puzzles.puzzle import Puzzle

Reader = Callable[[Iterable[FileLine], str], Iterator[Puzzle | BadRow]]
_READERS: Mapping[str, Reader] = {
    ".csv": lichess_csv.read,
    ".epd": epd.read,
    ".fen": epd.read,
    ".txt": epd.read,
    ".pgn": pgn.read,
}


@dataclass(frozen=True, slots=True)
class PuzzleFile:
    """The content of a file: its puzzles, with unique names, and the rows that could not be read."""

    puzzles: tuple[Puzzle, ...]
    bad_rows: tuple[BadRow, ...]


def read_puzzles(path: str | Path, limit: int | None = None) -> PuzzleFile:
    """Return the puzzles of a file, at most the first `limit`.

    A repeated name gets a number, as `name#2`. Cost: some 200 microseconds per puzzle.

    Raises:
        UsageError: no such file, an unknown extension, an empty file, or nothing but bad rows.
    """
    path = Path(path)
    puzzles: dict[str, Puzzle] = {}
    times: Counter[str] = Counter()
    bad: list[BadRow] = []
    for entry in _rows(path):
        if isinstance(entry, BadRow):
            bad.append(entry)
            continue
        name = entry.name
        while name in puzzles:
            times[entry.name] += 1 if times[entry.name] else 2
            name = f"{entry.name}#{times[entry.name]}"
        puzzles[name] = entry if name == entry.name else replace(entry, name=name)
        if len(puzzles) == limit:
            break
    if not puzzles and bad:
        raise UsageError(
            f"{path} has nothing but bad rows ({len(bad)}); line {bad[0].line}: {bad[0].reason}; correct it, or "
            "give the file the extension of its format"
        )
    if not puzzles:
        raise UsageError(f"{path} is empty: give a file that holds puzzles, or the pack '{pack_names()[0]}'")
    return PuzzleFile(tuple(puzzles.values()), tuple(bad))


def pack_names() -> tuple[str, ...]:
    """Return the names of the shipped packs."""
    return tuple(sorted(path.stem for path in _folder().glob("*.csv")))


@lru_cache(maxsize=8)
def open_pack(name: str) -> PuzzleFile:
    """Return a shipped pack by name, or else a file's puzzles by its path; cached.

    Raises:
        UsageError: neither a pack nor a file, with the nearest names, or a file that can't be read.
    """
    return read_puzzles(locate_pack(name))


def locate_pack(name: str) -> Path:
    """Return the path of a shipped pack by name, or of a file.

    Raises:
        UsageError: neither a pack nor a file, with the nearest names.
    """
    if name in pack_names():
        return _folder() / f"{name}.csv"
    if not Path(name).exists():
        raise UsageError(f"no puzzles '{name}': neither a file nor a shipped pack; {nearest(name, pack_names())}")
    return Path(name)


def _folder() -> Path:
    return shipped_folder("scenarios") / "packs"


def _rows(path: Path) -> Iterator[Puzzle | BadRow]:
    is_packed = path.suffix.lower() == ".zst"
    inner = Path(path.stem) if is_packed else path
    reader = _READERS.get(inner.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path}: the extension '{inner.suffix}' is not a puzzle format: {nearest(inner.suffix, _READERS)} "
            "(each may be packed as .zst)"
        )
    try:
        stream = _open(path, is_packed)
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise UsageError(f"{path} can't be read ({why}): give an existing file, or the name of a pack") from None
    # The encoding of the PGN standard is Latin-1; only names use it.
    fallback = "latin-1" if inner.suffix.lower() == ".pgn" else None
    with closing(stream):
        yield from reader(number_lines(stream, fallback=fallback), inner.stem)


def _open(path: Path, is_packed: bool) -> Any:
    plain = path.open("rb")
    if not is_packed:
        return plain
    import pyarrow

    return pyarrow.CompressedInputStream(pyarrow.PythonFile(plain, mode="r"), "zstd")
