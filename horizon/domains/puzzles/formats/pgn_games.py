"""A PGN file as games: tags and the texts of the main line's moves, each with its line. Plays no move.

Games may follow one another without a blank line or tags. Nothing is skipped in silence: an unclosed comment ends at
the tags of the next game and is the problem of its own, and so are stray braces and torn FEN tags.

References
----------
Edwards, S. J. (1994). Portable Game Notation Specification, section 8.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from horizon.domains.puzzles.formats.lines import FileLine
from horizon.domains.puzzles.formats.moves import NULL_MOVES

_TAG = re.compile(r'\s*\[\s*([A-Za-z0-9][\w+#=:-]*)\s*"((?:[^"\\]|\\.)*)"\s*\]')
_LOOSE_TAG = re.compile(r'\s*\[\s*([A-Za-z0-9][\w+#=:-]*)\s*"(.*)"\s*\]\s*$')
_TORN_TAG = re.compile(r"\s*\[\s*[A-Za-z]\w*(?:\s*[\"“”']|\s*\]|\s+\S)")
_NEEDED_TAGS = re.compile(r"fen|setup|variant", re.IGNORECASE)
_TOKEN = re.compile(
    r"\s+|<>|[{}()]|;.*|<[^<>]{0,200}>|\[%[^\]]{0,200}\]|[^\s{}();]*[18]\([QRBNqrbn♕♖♗♘♛♜♝♞]\)[^\s{}();]*|[^\s{}();]+"
)
_NUMBER = re.compile(r"([0-9]{1,4})(?:([.…]+)|(?=[^\W\d_]|[♔-♟])|$)")
_RESULT = re.compile(r"(?:1[-–]0|0[-–]1|1/2(?:[-–]1/2)?|½(?:[-–]½)?|\*)\.?$")
_REMARKS = frozenset({"e.p.", "ep", "ch", "ch.", "mate", "N", "TN", "D", "RR"})


class MoveText(NamedTuple):
    """A move of the main line as written, without its number, and its line."""

    text: str
    line: int


@dataclass(slots=True)
class RawGame:
    """A game as written: its first line, its tags by small letters, its moves, and the first problem, if any."""

    line: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    moves: list[MoveText] = field(default_factory=list)
    problem: str = ""

    def report(self, line: int, problem: str) -> None:
        """Keep the first problem; its line is named where it is not the game's first."""
        self.line = self.line or line
        self.problem = self.problem or (problem if line == self.line else f"line {line}: {problem}")


def split_games(lines: Iterable[FileLine]) -> Iterator[RawGame]:
    """Yield the games of a file in order, those with problems too."""
    splitter = _Splitter()
    for line in lines:
        splitter.read(line)
        yield from splitter.take()
    splitter.finish()
    yield from splitter.take()


class _Splitter:
    """Takes lines and collects games; what is open (a comment, variations) belongs to the current game."""

    def __init__(self) -> None:
        self._ready: list[RawGame] = []
        self._start()

    def take(self) -> list[RawGame]:
        """Return the finished games, once."""
        ready, self._ready = self._ready, []
        return ready

    def _start(self) -> None:
        self._game = RawGame()
        self._comment = 0
        """The line in which the open comment begins; 0 outside."""
        self._comment_has_brace = self._comment_has_blank = False
        self._variations: list[int] = []
        """The lines in which the open variations begin."""
        self._has_result = self._follows_blank = self._may_begin = False

    def finish(self) -> None:
        """End the current game, if there is one."""
        game = self._game
        if self._comment:
            game.report(self._comment, "a comment begins here that is never closed")
        elif self._variations:
            game.report(self._variations[0], "a variation begins here that is never closed")
        if game.tags or game.moves or game.problem or self._has_result:
            self._ready.append(game)
        self._start()

    def read(self, line: FileLine) -> None:
        """Take a line into the current game, or begin the next one with it."""
        text = line.text.removeprefix("\ufeff")
        if line.problem:
            if not self._comment and (self._has_result or (self._game.moves and self._follows_blank)):
                self.finish()
            self._game.report(line.number, line.problem)
            return
        is_tag = _TAG.match(text) is not None or _LOOSE_TAG.match(text) is not None
        if self._comment and not is_tag:
            self._comment_has_blank = self._comment_has_blank or not text.strip()
        elif not text.strip():
            self._follows_blank = True
            return
        elif text.startswith("%"):
            return
        begins_game = is_tag or (_TORN_TAG.match(text) is not None and not self._game.moves)
        if is_tag or begins_game or (self._has_result and _TORN_TAG.match(text)):
            text = self._read_tags(line.number, text)
        self._read_moves(line.number, text)

    def _read_tags(self, number: int, text: str) -> str:
        """Read the tags at the start of a line; return what follows them."""
        if self._game.moves or self._has_result or self._comment or self._variations:
            self.finish()
        at = 0
        while (match := _TAG.match(text, at)) is not None:
            self._add_tag(number, match[1], re.sub(r"\\(.)", r"\1", match[2]))
            at = match.end()
        if at == 0 and (match := _LOOSE_TAG.match(text)) is not None:
            self._add_tag(number, match[1], match[2])
            return ""
        if at == 0 or _TORN_TAG.match(text, at):
            self._game.line = self._game.line or number
            if _NEEDED_TAGS.search(text, at) or text[at:].partition("]")[2].strip():
                self._game.report(number, f"the tag '{text[at:].strip():.60}' is not written as [Name \"value\"]")
            return ""
        return text[at:]

    def _add_tag(self, number: int, name: str, value: str) -> None:
        key = name.lower()
        if key in self._game.tags and (self._follows_blank or key in ("event", "fen")):
            # The tags of the next game, after one without moves.
            self.finish()
        self._follows_blank = False
        self._game.line = self._game.line or number
        self._game.tags[key] = value

    def _read_moves(self, number: int, text: str) -> None:
        at = 0
        while at < len(text):
            if self._comment:
                end = text.find("}", at)
                self._comment_has_brace = "{" in text[at : end if end >= 0 else None] or self._comment_has_brace
                if end < 0:
                    return
                if self._comment_has_brace and self._comment_has_blank:
                    self._game.report(self._comment, "a comment begins here and is not closed before the next one")
                self._comment, at = 0, end + 1
                continue
            match = _TOKEN.match(text, at)
            assert match is not None  # the alternatives cover every character
            at = match.end()
            self._read_token(number, match[0])

    def _read_token(self, number: int, token: str) -> None:
        if token.isspace() or token.startswith((";", "[%")) or (token.startswith("<") and token != "<>"):
            return
        self._game.line = self._game.line or number
        if token == "{":
            self._comment, self._comment_has_brace, self._comment_has_blank = number, False, False
        elif token == "}":
            self._game.report(number, "a closing brace without a comment")
        elif token == "(":
            if not self._game.moves:
                self._game.report(number, "a variation begins before the first move")
            self._variations.append(number)
        elif token == ")":
            if not self._variations:
                self._game.report(number, "a closing bracket without a variation")
            else:
                self._variations.pop()
        elif not self._variations:
            self._read_word(number, token)

    def _read_word(self, number: int, word: str) -> None:
        """Read a word of the main line: a result, a number, a move, or several of these in one."""
        if _RESULT.match(word):
            self._has_result = True
            return
        if self._has_result and word.strip(".…") and not _is_remark(word):
            self._next_game(number)
        begins_with_dots = word.startswith((".", "…"))
        if word in NULL_MOVES:
            self._add_move(number, word, begins_with_dots)
            return
        if (match := _NUMBER.match(word)) is not None:
            dots, n_plies = match[2] or "", len(self._game.moves)
            begins_with_dots = len(dots) > 1 or "…" in dots
            starts_over = int(match[1]) == 1 and not begins_with_dots
            self._may_begin = starts_over and (n_plies >= 2 or (n_plies == 1 and self._follows_blank))
            word = word[match.end() :]
        begins_with_dots = begins_with_dots or word.startswith((".", "…"))
        word = word.lstrip(".…")
        if not word:
            self._may_begin = self._may_begin and not begins_with_dots
        elif _RESULT.match(word):
            self._has_result = True
        elif not _is_remark(word):
            self._add_move(number, word, begins_with_dots)

    def _add_move(self, number: int, word: str, begins_with_dots: bool) -> None:
        if self._may_begin and not begins_with_dots:
            self._next_game(number)
        self._may_begin = self._follows_blank = False
        self._game.moves.append(MoveText(word, number))

    def _next_game(self, number: int) -> None:
        """Begin a game without tags."""
        self.finish()
        self._game.line = number


def _is_remark(word: str) -> bool:
    """Return whether a word is a note on a move: a glyph, an evaluation, or a known abbreviation."""
    return (
        word in _REMARKS
        or re.fullmatch(r"\$\d{1,3}", word) is not None
        or not re.search(r"[\w♔-♟@-]", word)
        or (re.fullmatch(r"[-+/=∞±∓#!?]+", word) is not None and word not in NULL_MOVES)
    )
