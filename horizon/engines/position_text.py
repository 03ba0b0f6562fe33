"""The text of a position that an engine is asked about: a FEN, led by a variant's name and a colon where it has one.

`atomic:FEN`, `3check:FEN`, `crazyhouse:FEN` in the names that UCI gives them, `chess960:FEN` for orthodox chess whose
castling is king takes rook; a FEN alone is orthodox chess. Knows python-chess only.
"""

from typing import NamedTuple

import chess
import chess.variant

from horizon.core.errors import UsageError
from horizon.core.registry import nearest

ORTHODOX, CHESS960 = "chess", "chess960"
"""What `split_position` calls a FEN without a name, and orthodox chess with castling from any file."""

BOARDS: dict[str, type[chess.Board]] = {
    "atomic": chess.variant.AtomicBoard,
    "antichess": chess.variant.AntichessBoard,
    "kingofthehill": chess.variant.KingOfTheHillBoard,
    "3check": chess.variant.ThreeCheckBoard,
    "racingkings": chess.variant.RacingKingsBoard,
    "horde": chess.variant.HordeBoard,
    "crazyhouse": chess.variant.CrazyhouseBoard,
}
"""The variants other than orthodox chess, by their UCI name."""


class Parts(NamedTuple):
    """A position's text taken apart: `variant` is `chess`, `chess960` or a key of BOARDS."""

    variant: str
    fen: str


def split_position(text: str) -> Parts:
    """Take a position's text apart; the FEN is not checked.

    Raises:
        UsageError: no such variant, with the nearest names.
    """
    name, colon, fen = text.partition(":")
    if not colon:
        return Parts(ORTHODOX, text)
    if name != CHESS960 and name not in BOARDS:
        raise UsageError(f"'{text:.120}' is no position: {nearest(name, (CHESS960, *BOARDS))}")
    return Parts(name, fen)


def join_position(variant: str, fen: str) -> str:
    """Return the text that `split_position` takes apart."""
    return fen if variant == ORTHODOX else f"{variant}:{fen}"


def board_of_position(text: str) -> chess.Board:
    """Return the board of a position's text, of its variant's class; moves in UCI are written as on that board.

    Raises:
        UsageError: no such variant, or no FEN; whether the position is possible is not looked at.
    """
    variant, fen = split_position(text)
    try:
        return BOARDS.get(variant, chess.Board)(fen, chess960=variant == CHESS960)
    except ValueError as problem:
        raise UsageError(f"'{text:.120}' is no position: {problem}") from None
