"""PGN as headers and move texts, without playing the moves: fast, and patient with what harnesses write.

Comments, variations, numeric glyphs and a missing blank line never matter. What a move means is the replay's business.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_HEADER = re.compile(r'^\s*\[\s*([A-Za-z_]\w*)\s+"((?:[^"\\]|\\.)*)"\s*\]\s*$')
_TOKEN = re.compile(
    r"\{[^}]*\}|;[^\n]*|\$\d+|\(|\)|1-0|0-1|1/2-1/2|\*|\d{1,3}\s?\.+|[^\s(){};]+",
)
_RESULTS = ("1-0", "0-1", "1/2-1/2", "*")


@dataclass(frozen=True, slots=True)
class PgnGame:
    """One game's headers and the texts of its main line's moves; `result` is the one behind the moves."""

    headers: Mapping[str, str]
    moves: tuple[str, ...]
    result: str | None


def games_in(text: str) -> Iterator[PgnGame]:
    """Yield the games of a PGN text in order, those without a move or a header too."""
    headers: dict[str, str] = {}
    lines: list[str] = []
    for line in text.splitlines():
        header = _HEADER.match(line) if line.lstrip().startswith("[") else None
        if header and lines:
            yield _game(headers, lines)
            headers, lines = {}, []
        if header:
            headers[header.group(1)] = header.group(2).replace('\\"', '"').replace("\\\\", "\\")
        elif line.strip() and not line.startswith("%"):
            lines.append(line)
    if headers or lines:
        yield _game(headers, lines)


def _game(headers: dict[str, str], lines: list[str]) -> PgnGame:
    moves: list[str] = []
    result: str | None = None
    depth = 0
    for token in _TOKEN.findall("\n".join(lines)):
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(0, depth - 1)
        elif depth or token[0] in "{;$" or token[-1] == ".":
            continue
        elif token in _RESULTS:
            result = token
            break
        else:
            moves.append(token.rstrip("!?"))
    return PgnGame(headers, tuple(moves), result)
