"""Shifts of chess: the same position in another orientation, notation or naming, paired with its original.

The original position is judged, stored and played: only boards and moves shown to the model, and its replies, are
transformed here. Pure; knows python-chess, no environment and no observation.
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
"""Shifts that show the position by another part of the observation, and that part."""

SHIFTS = (*GEOMETRIES, *NOTATIONS, *DRAWINGS, "renamed")
SHIFT_HELP = f"none, or any of {'+'.join(SHIFTS)}: the same position shown in another way"

STANDARD = "KQRBNP"
_NAMES = ("king", "queen", "rook", "bishop", "knight", "pawn")
# No file, no piece, no x or O, no I, and none that begins a piece's name in German (L, S, T).
_OTHER = "JMUVWYZ"
_MOVE_LIKE = re.compile(r"[A-Za-z0-9()=/#+-]*[0-9x=-][A-Za-z0-9()=/#+-]*")
_SMALL = re.compile(rf"^[{_OTHER.lower()}](?=[a-h1-8x])|(?<=[1-8])[{_OTHER.lower()}]$|(?<=[=/(])[{_OTHER.lower()}]")


@dataclass(frozen=True, slots=True)
class ChessShift:
    """The effects of a shift: orientation of the board, notation of moves, drawing of positions, letters of pieces."""

    is_flipped: bool = False
    is_mirrored: bool = False
    notation: str | None = None
    drawing: str | None = None
    is_renamed: bool = False

    @property
    def turns(self) -> bool:
        """Whether the shift permutes the squares."""
        return self.is_flipped or self.is_mirrored

    def board(self, board: chess.Board) -> chess.Board:
        """Return the shown board, without history: colours exchanged top to bottom, or left and right mirrored."""
        if not self.turns:
            return board
        shown = board.copy(stack=False)
        if self.is_flipped:
            shown.apply_mirror()
        if self.is_mirrored:
            shown.apply_transform(chess.flip_horizontal)
        return shown

    def move(self, move: chess.Move) -> chess.Move:
        """Return the shown move of an original move, and vice versa."""
        if not self.turns:
            return move
        change = (56 if self.is_flipped else 0) ^ (7 if self.is_mirrored else 0)
        return chess.Move(move.from_square ^ change, move.to_square ^ change, move.promotion)


@lru_cache(maxsize=64)
def read_shift(text: str, environment: str = "chess") -> ChessShift:
    """Return the shift of a parameter such as `flip+uci`; `none` is the original.

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
    return ChessShift(
        "flip" in parts,
        "mirror" in parts,
        next((part for part in parts if part in NOTATIONS), None),
        next((DRAWINGS[part] for part in parts if part in DRAWINGS), None),
        "renamed" in parts,
    )


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters of the pieces, in the order of STANDARD; none of them is used in chess notation otherwise."""

    shown: str

    @property
    def legend(self) -> str:
        """The sentence that names the letter of each piece."""
        pairs = ", ".join(f"{name} {letter}" for name, letter in zip(_NAMES, self.shown, strict=True))
        return f"The pieces go by other letters here, in moves and on the board: {pairs}."

    def rename(self, text: str) -> str:
        """Return a move (or a text of nothing but moves) with these letters; in UCI only promotions have any."""
        return text.translate(str.maketrans(STANDARD, self.shown))

    def rename_promotion(self, uci: str) -> str:
        """Return a move in UCI with these letters."""
        return uci[:4] + uci[4:].translate(str.maketrans(STANDARD.lower(), self.shown.lower()))

    def rename_drawing(self, text: str) -> str:
        """Return a drawing of men (a diagram, the placement of a FEN) with these letters, White's in upper case."""
        return self.rename(text).translate(str.maketrans(STANDARD.lower(), self.shown.lower()))

    def restore(self, text: str) -> str:
        """Return a reply with the usual letters in everything that looks like a move; words are unchanged."""
        back = str.maketrans(self.shown, STANDARD)
        small = str.maketrans(self.shown.lower(), STANDARD)

        def usual(match: "re.Match[str]") -> str:
            return _SMALL.sub(lambda letter: letter.group().translate(small), match.group().translate(back))

        return _MOVE_LIKE.sub(usual, text)


@lru_cache(maxsize=4096)
def letters(seed: int) -> Letters:
    """Return the letters of an instance."""
    return Letters("".join(generator(seed, "letters of chess").sample(_OTHER, len(STANDARD))))
