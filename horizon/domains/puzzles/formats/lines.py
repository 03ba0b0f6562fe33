"""Numbered lines of any byte stream: a line that is too long or not text is reported without using memory.

UTF-8, UTF-16 and UTF-32, with or without a byte order mark; lines end with LF, CR LF or CR. Knows no format. A damaged
stream ends with a line that reports the damage.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from horizon.core.escaping import replace_unprintable

LONGEST = 1 << 16
"""The longest accepted line in bytes: a row of the Lichess file has some 300, a game with clock times 20,000."""
_CHUNK = 1 << 16
_LINE_END = re.compile(rb"\r{0,2}\n|\r")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096


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


class _Decoded:
    """A stream of UTF-16 or UTF-32 as one of UTF-8; `encoding` is empty for any other, which passes unchanged."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._start = stream.read(_CHUNK)
        self.encoding = guess_wide_encoding(self._start)
        self._decoder = codecs.getincrementaldecoder(self.encoding)("replace") if self.encoding else None

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end."""
        chunk, self._start = self._start or self._stream.read(size), b""
        if self._decoder is None:
            return chunk
        text = self._decoder.decode(chunk, final=not chunk)
        while chunk and not text:
            chunk = self._stream.read(size)
            text = self._decoder.decode(chunk, final=not chunk)
        return text.encode("utf-8", "replace")


def guess_wide_encoding(start: bytes) -> str:
    """Return the UTF-16 or UTF-32 encoding of a file by its first bytes, or nothing.

    Without a byte order mark the zero bytes decide: in text of mostly Latin letters they fill the upper bytes.
    """
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    sample = start[: min(_SAMPLE, len(start) // 4 * 4)]
    if not sample:
        return ""
    zeros = [sample[place::4].count(0) / (len(sample) // 4) for place in range(4)]
    if min(zeros[2:]) > 0.9 and zeros[0] < 0.1:
        return "utf-32-le"
    if min(zeros[:2]) > 0.9 and zeros[3] < 0.1:
        return "utf-32-be"
    if min(zeros[1], zeros[3]) > 0.4 and max(zeros[0], zeros[2]) < 0.1:
        return "utf-16-le"
    if min(zeros[0], zeros[2]) > 0.4 and max(zeros[1], zeros[3]) < 0.1:
        return "utf-16-be"
    return ""


def number_lines(stream: Readable, *, fallback: str | None = None) -> Iterator[FileLine]:
    """Yield the lines of a stream; `fallback` is the encoding of those that are not in UTF-8, or None."""
    number, kept, is_too_long = 1, b"", False
    source: _Decoded | None = None
    while True:
        try:
            source = source or _Decoded(stream)
            chunk = source.read(_CHUNK)
        except (OSError, ValueError, EOFError) as problem:
            yield FileLine(number, "", f"the file is damaged from here on: {problem}")
            return
        text, tail = kept + chunk, b""
        if chunk and text.endswith(b"\r"):
            # The line feed of this line end may be in the next chunk.
            body = text[-2:].rstrip(b"\r")
            tail = text[len(text) - min(2, len(text)) + len(body) :]
            text = text[: len(text) - len(tail)]
        *ended, rest = _LINE_END.split(text) if b"\r" in text else text.split(b"\n")
        for raw in ended:
            yield _line(number, raw, is_too_long, fallback, source.encoding)
            number, is_too_long = number + 1, False
        if len(rest) > LONGEST:
            # The content is discarded; only the end of the line is searched for.
            rest, is_too_long = b"", True
        kept = rest + tail
        if not chunk:
            if kept or is_too_long:
                yield _line(number, kept, is_too_long, fallback, source.encoding)
            return


def bad_row(number: int, reason: object) -> BadRow:
    """Return a bad row with a reason that is printable, on one line, and no longer than 200 characters."""
    text = " ".join(replace_unprintable(str(reason)[:1000], " ").split())
    return BadRow(number, text if len(text) <= 200 else f"{text[:197]}...")


def _line(number: int, raw: bytes, is_too_long: bool, fallback: str | None, encoding: str) -> FileLine:
    if is_too_long or len(raw) > LONGEST:
        return FileLine(number, "", f"the line is longer than {LONGEST} bytes")
    if number == 1:
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        if fallback is not None:
            return FileLine(number, raw.decode(fallback, "replace"))
        return FileLine(number, "", f"byte {problem.start + 1} is not UTF-8: save the file in that encoding")
    if encoding and "\ufffd" in text:
        return FileLine(number, "", f"the line is damaged {encoding[:6].upper()}: save the file as UTF-8")
    return FileLine(number, text)
