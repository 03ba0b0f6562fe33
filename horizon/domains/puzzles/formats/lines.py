"""Bytes to numbered lines, whatever the bytes are: a line too long or not in UTF-8 is told and costs no memory.

Knows no format. A damaged stream ends with a line that says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

LONGEST = 1 << 16
"""Bytes of the longest line that is read: a row of the Lichess file has some 300, a whole game with clocks 20,000."""
_CHUNK = 1 << 16


class Readable(Protocol):
    """What bytes are read from, a piece at a time."""

    def read(self, size: int, /) -> bytes:
        """Return up to this many bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end, counted from 1; `problem` says why it can't be read, if so."""

    number: int
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped: where it begins, from 1, and why in one line."""

    line: int
    reason: str


def numbered(stream: Readable, *, fallback: str | None = None) -> Iterator[Line]:
    """Yield the lines of a stream; `fallback` is the encoding of those that are not in UTF-8, null for none."""
    number, kept, is_too_long = 1, b"", False
    while True:
        try:
            chunk = stream.read(_CHUNK)
        except (OSError, ValueError) as problem:
            yield Line(number, "", f"the file is damaged from here on: {problem}")
            return
        *ended, rest = (kept + chunk).split(b"\n")
        for raw in ended:
            yield _line(number, raw, is_too_long, fallback)
            number, is_too_long = number + 1, False
        if len(rest) > LONGEST:
            # What it says is lost already; only its end is still looked for.
            rest, is_too_long = b"", True
        kept = rest
        if not chunk:
            if kept or is_too_long:
                yield _line(number, kept, is_too_long, fallback)
            return


def bad_row(number: int, reason: object) -> BadRow:
    """Return a bad row with a reason that is printable, on one line, and no longer than 200 characters."""
    text = " ".join("".join(each if each.isprintable() else " " for each in str(reason)[:1000]).split())
    return BadRow(number, text if len(text) <= 200 else f"{text[:197]}...")


def _line(number: int, raw: bytes, is_too_long: bool, fallback: str | None) -> Line:
    if is_too_long or len(raw) > LONGEST:
        return Line(number, "", f"it is longer than {LONGEST} bytes")
    raw = raw.removesuffix(b"\r")
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return Line(number, raw.decode("utf-8"))
    except UnicodeDecodeError as problem:
        if fallback is not None:
            return Line(number, raw.decode(fallback, "replace"))
        return Line(number, "", f"byte {problem.start + 1} is not UTF-8: save the file in that encoding")
