"""Files of puzzles, streamed: Lichess CSV, EPD suites, PGN, FEN lists and Horizon's packs, plain or as .zst or .gz.

The extension determines the format, a CSV's header the kind of table. Unreadable rows are reported and skipped; a
packed file that unpacks to hundreds of times its size is refused.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.escaping import visible
from horizon.core.paths import shipped_folder
from horizon.core.registry import nearest
from horizon.domains.puzzles.formats import epd, lichess_csv, pgn
from horizon.domains.puzzles.formats.file_kinds import name_kind, name_unpacked
from horizon.domains.puzzles.formats.lines import BadRow, FileLine, number_lines
from horizon.domains.puzzles.puzzle import Puzzle

Reader = Callable[[Iterable[FileLine], str], Iterator[Puzzle | BadRow]]
_READERS: Mapping[str, Reader] = {
    ".csv": lichess_csv.read,
    ".tsv": lichess_csv.read,
    ".epd": epd.read,
    ".fen": epd.read,
    ".txt": epd.read,
    ".pgn": pgn.read,
}
_PACKINGS = {".zst": "zstd", ".gz": "gzip"}
MOST_BAD_ROWS = 10_000
_START = 4096
_MOST_RATIO, _HARMLESS_BYTES, _BYTES_AHEAD = 200, 1 << 20, 64 << 20
"""A packed file may unpack to this many times its size, or to these bytes: text packs to a fifth."""


@dataclass(frozen=True, slots=True)
class PuzzleFile:
    """The content of a file: its puzzles, with unique names, and the rows that could not be read.

    `bad_rows` holds the first of these, at most MOST_BAD_ROWS; `n_bad_rows` is the number of all.
    """

    puzzles: tuple[Puzzle, ...]
    bad_rows: tuple[BadRow, ...]
    n_bad_rows: int = 0


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
    n_bad = 0
    for entry in _rows(path):
        if isinstance(entry, BadRow):
            n_bad += 1
            if n_bad <= MOST_BAD_ROWS:
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
            f"{path} has nothing but bad rows ({n_bad}); line {bad[0].line}: {bad[0].reason}; correct it, or "
            "give the file the extension of its format"
        )
    if not puzzles:
        raise UsageError(f"{path} is empty: give a file that holds puzzles, or the pack '{pack_names()[0]}'")
    return PuzzleFile(tuple(puzzles.values()), tuple(bad), n_bad)


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
    packing = _PACKINGS.get(path.suffix.lower())
    inner = Path(path.stem) if packing else path
    reader = _READERS.get(inner.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path}: the extension '{inner.suffix}' is not a puzzle format: {nearest(inner.suffix, _READERS)} "
            "(each may be packed as .zst or .gz)"
        )
    try:
        _refuse_other_kinds(path, inner.suffix.lower(), packing)
        stream = _open(path, packing)
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise UsageError(f"{path} can't be read ({why}): give an existing file, or the name of a pack") from None
    # The encoding of the PGN standard, EPD included, is Latin-1; only names use it.
    fallback = None if reader is lichess_csv.read else "latin-1"
    with closing(stream):
        yield from reader(number_lines(stream, fallback=fallback), inner.stem)


def _refuse_other_kinds(path: Path, suffix: str, packing: str | None) -> None:
    """Refuse a file that is something else than its name promises.

    Raises:
        UsageError: it is; the message has what it is.
        OSError: it can't be read.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UsageError(f"{path} is no file: give an existing file, or the name of a pack")
    with path.open("rb") as stream:
        start = stream.read(_START)
    if packing is None:
        kind = name_kind(start, suffix)
    else:
        kind = name_unpacked(start, suffix, path.suffix.lower())
        if kind is None and start:
            with closing(_Capped(path, packing)) as unpacked, suppress(OSError, ValueError, EOFError):
                kind = name_kind(unpacked.read(_START), suffix)
    if kind is not None:
        raise UsageError(f"{path} is {visible(kind)}")


class _Capped:
    """An unpacked stream that ends with a UsageError once it is far larger than what it was packed in."""

    def __init__(self, path: Path, packing: str) -> None:
        import pyarrow

        self._path, self._n_bytes = path, 0
        self._packed = path.open("rb")
        self._stream: Any = pyarrow.CompressedInputStream(pyarrow.PythonFile(self._packed, mode="r"), packing)

    def read(self, size: int) -> bytes:
        """Return up to `size` unpacked bytes; none at the end."""
        chunk: bytes = self._stream.read(size)
        self._n_bytes += len(chunk)
        if self._n_bytes > max(_HARMLESS_BYTES, _MOST_RATIO * self._packed.tell()):
            raise UsageError(
                f"{self._path} unpacks to more than {_MOST_RATIO} times its size, as only a damaged or hostile file "
                "does: unpack it by hand and give the plain file, if it is what it should be"
            )
        return chunk

    def close(self) -> None:
        """End reading; may be called twice."""
        self._stream.close()
        self._packed.close()


def _open(path: Path, packing: str | None) -> Any:
    if packing is None:
        return path.open("rb")
    # The rows of a bomb take far longer to read than to unpack: look first.
    with closing(_Capped(path, packing)) as stream, suppress(OSError, ValueError, EOFError):
        for _ in range(_BYTES_AHEAD >> 16):
            if not stream.read(1 << 16):
                break
    return _Capped(path, packing)
