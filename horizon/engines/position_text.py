"""Positions as text for engines: a FEN, prefixed with the UCI name of the variant if it is not orthodox chess.

`atomic:FEN`, `3check:FEN`, `crazyhouse:FEN`; `chess960:FEN` for orthodox chess with castling written as king takes
rook; a FEN alone is orthodox chess. Knows python-chess only.
"""

from typing import NamedTuple

import chess
import chess.variant

from horizon.core.errors import UsageError
from horizon.core.registry import nearest

ORTHODOX, CHESS960 = "chess", "chess960"
"""The variant names of a FEN without a prefix, and of orthodox chess with castling from any file."""

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


class PositionParts(NamedTuple):
    """The parts of a position's text: `variant` is `chess`, `chess960` or a key of BOARDS."""

    variant: str
    fen: str


def split_position(text: str) -> PositionParts:
    """Split a position's text into variant and FEN; the FEN is not checked.

    Raises:
        UsageError: no such variant, with the nearest names.
    """
    name, colon, fen = text.partition(":")
    if not colon:
        return PositionParts(ORTHODOX, text)
    if name != CHESS960 and name not in BOARDS:
        raise UsageError(f"'{text:.120}' is not a position: {nearest(name, (CHESS960, *BOARDS))}")
    return PositionParts(name, fen)


def join_position(variant: str, fen: str) -> str:
    """Return the text of a variant and a FEN: the inverse of `split_position`."""
    return fen if variant == ORTHODOX else f"{variant}:{fen}"


def board_of_position(text: str) -> chess.Board:
    """Return the board of a position's text, as the python-chess class of its variant.

    Raises:
        UsageError: no such variant, or no FEN; that the position is reachable is not checked.
    """
    variant, fen = split_position(text)
    try:
        return BOARDS.get(variant, chess.Board)(fen, chess960=variant == CHESS960)
    except ValueError as problem:
        raise UsageError(f"'{text:.120}' is not a position: {problem}") from None
