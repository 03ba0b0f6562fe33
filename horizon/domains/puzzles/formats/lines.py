"""Numbered lines of any byte stream: a line that is too long or not UTF-8 is reported without using memory.

Knows no format. A damaged stream ends with a line that reports the damage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from horizon.core.escaping import replace_unprintable

LONGEST = 1 << 16
"""The longest accepted line in bytes: a row of the Lichess file has some 300, a game with clock times 20,000."""
_CHUNK = 1 << 16


class Readable(Protocol):
    """A stream of bytes that is read in chunks."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line without its line end; numbers count from 1; `problem` is the reason why it can't be read, or empty."""

    number: int
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A skipped row: its first line, counted from 1, and the reason in one line."""

    line: int
    reason: str


def number_lines(stream: Readable, *, fallback: str | None = None) -> Iterator[FileLine]:
    """Yield the lines of a stream; `fallback` is the encoding of those that are not in UTF-8, or None."""
    number, kept, is_too_long = 1, b"", False
    while True:
        try:
            chunk = stream.read(_CHUNK)
        except (OSError, ValueError) as problem:
            yield FileLine(number, "", f"the file is damaged from here on: {problem}")
            return
        *ended, rest = (kept + chunk).split(b"\n")
        for raw in ended:
            yield _line(number, raw, is_too_long, fallback)
            number, is_too_long = number + 1, False
        if len(rest) > LONGEST:
            # The content is discarded; only the end of the line is searched for.
            rest, is_too_long = b"", True
        kept = rest
        if not chunk:
            if kept or is_too_long:
                yield _line(number, kept, is_too_long, fallback)
            return


def bad_row(number: int, reason: object) -> BadRow:
    """Return a bad row with a reason that is printable, on one line, and no longer than 200 characters."""
    text = " ".join(replace_unprintable(str(reason)[:1000], " ").split())
    return BadRow(number, text if len(text) <= 200 else f"{text[:197]}...")


def _line(number: int, raw: bytes, is_too_long: bool, fallback: str | None) -> FileLine:
    if is_too_long or len(raw) > LONGEST:
        return FileLine(number, "", f"the line is longer than {LONGEST} bytes")
    raw = raw.removesuffix(b"\r")
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return FileLine(number, raw.decode("utf-8"))
    except UnicodeDecodeError as problem:
        if fallback is not None:
            return FileLine(number, raw.decode(fallback, "replace"))
        return FileLine(number, "", f"byte {problem.start + 1} is not UTF-8: save the file in that encoding")
