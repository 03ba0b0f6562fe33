"""The line of every key and list item in a TOML text, which `tomllib` does not give.

Reads only texts that `tomllib` has read before, so it checks nothing again. Knows nothing of scenarios.
"""

import re
import tomllib
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
"""Where a value is: `("expect", "error_rate", 1, "turns")`; list items count from 0."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_TEXTS = (
    # Three quotes may hold one or two of their own kind before the three that end them.
    re.compile(r'"""(?:[^"\\]|\\.|"(?!"")|"(?="""))*"""', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!'')|'(?='''))*'''", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_PLAIN = re.compile(r"[^,\]}#\r\n]*")


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line, from 1, of every key, table and list item of a valid TOML text."""
    return _LineScanner(text.replace("\r\n", "\n")).lines()


def path_text(path: KeyPath) -> str:
    """Return a key path as a person writes it: `expect.error_rate[1].turns`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _LineScanner:
    """One pass over the text; `at` is the next character."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.found: dict[KeyPath, int] = {}
        self.tables: dict[KeyPath, int] = {}
        """How many tables each array of tables has so far."""
        self.counted, self.line = 0, 1

    def lines(self) -> Mapping[KeyPath, int]:
        """Read the text to its end, table by table."""
        table: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._skip(_BLANK)
        return self.found

    def _header(self) -> KeyPath:
        line, is_array = self._line(), self.text.startswith("[[", self.at)
        self.at += 1 + is_array
        *outer, last = self._key()
        self.at = self.text.index("]", self.at) + 1 + is_array
        path: KeyPath = ()
        for part in outer:
            path = self._last_of((*path, part), line)
        path = (*path, last)
        if is_array:
            self.found.setdefault(path, line)
            self.tables[path] = self.tables.get(path, 0) + 1
            path = (*path, self.tables[path] - 1)
        self.found[path] = line
        return path

    def _last_of(self, path: KeyPath, line: int) -> KeyPath:
        self.found.setdefault(path, line)
        return (*path, self.tables[path] - 1) if path in self.tables else path

    def _assignment(self, table: KeyPath) -> None:
        line, path = self._line(), table
        for part in self._key():
            path = (*path, part)
            self.found.setdefault(path, line)
        self.at = self.text.index("=", self.at) + 1
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        """Read a dotted key up to what follows it."""
        parts = []
        while True:
            self._skip(_SPACE)
            bare = _BARE.match(self.text, self.at)
            if bare:
                parts.append(bare.group())
                self.at = bare.end()
            else:
                start = self.at
                self._text()
                parts.append(str(tomllib.loads(f"key = {self.text[start : self.at]}")["key"]))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self._text()
        elif first in "[{":
            self._inside(path, first)
        else:
            self._skip(_PLAIN)

    def _inside(self, path: KeyPath, bracket: str) -> None:
        """Read a list or an inline table."""
        end, index = "]" if bracket == "[" else "}", 0
        self.at += 1
        self._skip(_BLANK)
        while self.text[self.at] != end:
            if bracket == "[":
                self.found[*path, index] = self._line()
                self._value((*path, index))
                index += 1
            else:
                self._assignment(path)
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self._skip(_BLANK)
        self.at += 1

    def _text(self) -> None:
        for pattern in _TEXTS:
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                return

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _line(self) -> int:
        """Return the line of the next character; positions only grow, so each is counted once."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line
