"""The seal at the end of a journal's line: its number, the checksum of the line before it, and its own checksum.

A sealed line is `{"turn":{...},"line":17,"after":"9f3a1c02","sum":"8be21f00"}`. `sum` is the CRC-32 of everything
before it in the line; `after` is the `sum` of line 16, and that of line 1 the CRC-32 of the run id. So a changed,
lost, doubled, moved or foreign line is found and named. Knows bytes, not rows; older journals have no seals.
"""

import re
from typing import NamedTuple
from zlib import crc32

_SEAL = re.compile(rb',"line":(\d{1,15}),"after":"([0-9a-f]{8})","sum":"([0-9a-f]{8})"\}\n\Z')
_LONGEST = 64
_SUM_BYTES = len(b',"sum":"01234567"}\n')


class BrokenSeal(ValueError):
    """A line that was changed after it was sealed."""


class Link(NamedTuple):
    """The place of a line in the chain: its number from 1, and its checksum; number 0 is before the first line."""

    number: int
    sum: int


class SealedLine(NamedTuple):
    """A line without its seal, and the seal's parts; `link` is None where an older version wrote none."""

    body: bytes
    link: Link | None
    after: int


def start_of(run_id: str) -> Link:
    """Return what the first line of a run's journal follows."""
    return Link(0, crc32(run_id.encode("utf-8", "replace")))


def seal(body: bytes, last: Link) -> tuple[bytes, Link]:
    """Return a line `{...}` with its newline, sealed as the one after `last`. Cost: 4 microseconds."""
    number, after = last
    head = body[:-2] + f',"line":{number + 1},"after":"{after:08x}"'.encode()
    own = crc32(head)
    return head + f',"sum":"{own:08x}"}}\n'.encode(), Link(number + 1, own)


def unseal(line: bytes) -> SealedLine:
    """Return a line without its seal.

    Raises:
        BrokenSeal: the checksum is not that of the line.
    """
    match = _SEAL.search(line, max(0, len(line) - _LONGEST))
    if match is None:
        return SealedLine(line, None, 0)
    number, after, own = match.groups()
    value = int(own, 16)
    if crc32(line[:-_SUM_BYTES]) != value:
        raise BrokenSeal("its checksum does not fit: it was changed after it was written")
    return SealedLine(line[: match.start()] + b"}\n", Link(int(number), value), int(after, 16))


def misplacement(line: SealedLine, last: Link) -> str | None:
    """Return why a sealed line can't be the one after `last`; None where it is."""
    assert line.link is not None  # asked of sealed lines only
    number, expected = line.link.number, last.number + 1
    if number == expected:
        return None if line.after == last.sum else "it does not follow the line before it: it is of another journal"
    if number > expected:
        lost = f"line {expected} is" if number == expected + 1 else f"lines {expected} to {number - 1} are"
        return f"{lost} missing before what was line {number}"
    return f"it was line {number} when it was written: lines were doubled or moved"
