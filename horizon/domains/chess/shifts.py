"""Shifts of chess: the same position turned, told or named otherwise, so that it makes a pair with its original.

What is judged, kept and played stays the original: only boards and moves on their way to the model, and replies on
their way back, go through here. Pure; knows python-chess, no environment and no observation.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import chess

from horizon.core.errors import UsageError
from horizon.core.registry import nearest
from horizon.core.seeds import generator

GEOMETRIES = ("flip", "mirror")
NOTATIONS = ("san", "uci", "descriptive")
DRAWINGS = {"ascii": "board", "pieces": "pieces"}
"""Shifts that tell the position by another part of the observation, and that part."""

SHIFTS = (*GEOMETRIES, *NOTATIONS, *DRAWINGS, "renamed")
SHIFT_HELP = f"none, or any of {'+'.join(SHIFTS)}: the same position told otherwise"

STANDARD = "KQRBNP"
_NAMES = ("king", "queen", "rook", "bishop", "knight", "pawn")
# No file, no piece, no x or O, no I, and none that begins a piece's name in German (L, S, T).
_OTHER = "JMUVWYZ"
_MOVE_LIKE = re.compile(r"[A-Za-z0-9()=/#+-]*[0-9x=-][A-Za-z0-9()=/#+-]*")
_SMALL = re.compile(rf"^[{_OTHER.lower()}](?=[a-h1-8x])|(?<=[1-8])[{_OTHER.lower()}]$|(?<=[=/(])[{_OTHER.lower()}]")


@dataclass(frozen=True, slots=True)
class Shift:
    """What a shift does: turns the board, writes moves or draws positions in a set way, calls pieces otherwise."""

    is_flipped: bool = False
    is_mirrored: bool = False
    notation: str | None = None
    drawing: str | None = None
    is_renamed: bool = False

    @property
    def turns(self) -> bool:
        """Whether squares change their places."""
        return self.is_flipped or self.is_mirrored

    def board(self, board: chess.Board) -> chess.Board:
        """Return the board as it is shown, without history: colours exchanged top to bottom, or left and right."""
        if not self.turns:
            return board
        shown = board.copy(stack=False)
        if self.is_flipped:
            shown.apply_mirror()
        if self.is_mirrored:
            shown.apply_transform(chess.flip_horizontal)
        return shown

    def move(self, move: chess.Move) -> chess.Move:
        """Return the move as it is shown, and of a shown move the original one."""
        if not self.turns:
            return move
        change = (56 if self.is_flipped else 0) ^ (7 if self.is_mirrored else 0)
        return chess.Move(move.from_square ^ change, move.to_square ^ change, move.promotion)


@lru_cache(maxsize=64)
def read_shift(text: str, environment: str = "chess") -> Shift:
    """Return what a parameter such as `flip+uci` asks for; `none` is nothing.

    Raises:
        UsageError: an unknown shift, with the nearest ones, or two that exclude one another.
    """
    parts = [] if text == "none" else text.split("+")
    for part in parts:
        if part not in SHIFTS:
            raise UsageError(
                f"environment {environment}: shift={text}: no shift is called '{part}': "
                f"{nearest(part, (*SHIFTS, 'none'))}"
            )
    if len(set(parts)) != len(parts):
        raise UsageError(f"environment {environment}: shift={text} names a part twice: keep one of each")
    for kind in (NOTATIONS, tuple(DRAWINGS)):
        both = [part for part in parts if part in kind]
        if len(both) > 1:
            raise UsageError(
                f"environment {environment}: shift={text}: {both[0]} and {both[1]} exclude one another: keep one"
            )
    return Shift(
        "flip" in parts,
        "mirror" in parts,
        next((part for part in parts if part in NOTATIONS), None),
        next((DRAWINGS[part] for part in parts if part in DRAWINGS), None),
        "renamed" in parts,
    )


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters that pieces go by, king to pawn in the order of STANDARD; no other letter of chess is among them."""

    shown: str

    @property
    def told(self) -> str:
        """The sentence that says what is called how."""
        pairs = ", ".join(f"{name} {letter}" for name, letter in zip(_NAMES, self.shown, strict=True))
        return f"The pieces go by other letters here, in moves and on the board: {pairs}."

    def written(self, text: str) -> str:
        """Return a move (or a text of nothing but moves) with these letters; in UCI only promotions have any."""
        return text.translate(str.maketrans(STANDARD, self.shown))

    def promoted(self, uci: str) -> str:
        """Return a move in UCI with these letters."""
        return uci[:4] + uci[4:].translate(str.maketrans(STANDARD.lower(), self.shown.lower()))

    def drawn(self, text: str) -> str:
        """Return a drawing of men (a diagram, the placement of a FEN) with these letters, White's large."""
        return self.written(text).translate(str.maketrans(STANDARD.lower(), self.shown.lower()))

    def heard(self, text: str) -> str:
        """Return a reply with the usual letters in whatever looks like a move; words stay as they are."""
        back = str.maketrans(self.shown, STANDARD)
        small = str.maketrans(self.shown.lower(), STANDARD)

        def usual(found: "re.Match[str]") -> str:
            return _SMALL.sub(lambda letter: letter.group().translate(small), found.group().translate(back))

        return _MOVE_LIKE.sub(usual, text)


@lru_cache(maxsize=4096)
def letters(seed: int) -> Letters:
    """Return the letters of an instance."""
    return Letters("".join(generator(seed, "letters of chess").sample(_OTHER, len(STANDARD))))
