"""How far off the beaten path a chess position lies: a figure in 0..1 from the shipped openings and engine games.

A heuristic, told as what it is: no probability that a model has seen or memorised anything. It rests on the position
alone, so that a puzzle, a game and a state posed afresh are measured alike. Knows python-chess, the openings and a
table of counts (novelty.csv, made by benchmarks/novelty_table.py); no engine and no network.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import chess
import numpy as np
from numpy.typing import NDArray

from horizon.core.records import Json
from horizon.domains.chess import openings

Planes = NDArray[np.uint64]
Kind = Literal["material", "pawns"]
TABLE = "novelty.csv"
HALFWAY_PLIES = 8.0
"""So many plies from the nearest book position make a distance of one half."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """The figure and its three parts, each in 0 (on the beaten path) to 1.

    `distance` grows with the plies that at least lie between the position and the nearest position of a book line:
    1 - 2^(-plies / 8). `material` is the rarity of the men on the board, whatever their colour and place; `pawns` the
    mean rarity of either side's set of pawn squares. `value` is the mean of the three.
    """

    distance: float
    material: float
    pawns: float

    @property
    def value(self) -> float:
        """The mean of the parts, 0..1."""
        return (self.distance + self.material + self.pawns) / 3

    def as_extra(self) -> dict[str, Json]:
        """Return what goes into a row's `extra`: `novelty`, and its parts under `novelty_parts`."""
        parts: dict[str, Json] = {name: round(getattr(self, name), 4) for name in self.__slots__}
        return {"novelty": round(self.value, 4), "novelty_parts": parts}


@dataclass(frozen=True, slots=True)
class Counts:
    """In how many of `n_games` engine games each material signature and each side's pawn squares came up."""

    n_games: int
    material: Mapping[str, int]
    pawns: Mapping[str, int]

    def rarity(self, kind: Kind, key: str) -> float:
        """Return how surprising it is to meet this in an engine game, in 0..1; 1 is never met.

        The surprise log(1 / p) with p = (games that met it + 1) / (games + 2), divided by that of something never met.

        Source: Laplace's rule of succession for p; surprise as in Shannon (1948), A mathematical theory of
        communication, Bell System Technical Journal 27.
        """
        met = (self.material if kind == "material" else self.pawns).get(key, 0)
        return math.log((self.n_games + 2) / (met + 1)) / math.log(self.n_games + 2)


def novelty_of(position: chess.Board | str) -> Novelty:
    """Return the novelty of a position or FEN; the same for the position with colours exchanged.

    Cost: some 30 microseconds; none for a position asked about lately.
    """
    board = chess.Board(position) if isinstance(position, str) else position
    return _novelty(_planes(board), board.turn)


def material_key(board: chess.Board) -> str:
    """Return the men of both sides, those of the one that has more first, such as `Q1R2B1N2P7-Q1R2B2N1P7`."""
    return _material_key(_planes(board))


def pawn_keys(board: chess.Board) -> tuple[str, str]:
    """Return each side's pawn squares as a hexadecimal bitboard seen from that side, White's first."""
    return _pawn_keys(_planes(board))


def book_plies(board: chess.Board) -> float:
    """Return the plies that at least lie between the position and the nearest book position; 0 in book.

    A quiet move changes two of the squares' contents, a capture three counts (one man leaves, one appears, one is
    gone), so that half the differences is about the plies; castling counts as two. Transpositions count as book.
    """
    return _book_plies(_planes(board), board.turn)


@lru_cache(maxsize=1)
def counts() -> Counts:
    """Return the shipped table. Cost: some 10 milliseconds, once."""
    rows = (files("horizon.domains.chess") / TABLE).read_text(encoding="ascii").splitlines()
    found: dict[str, dict[str, int]] = {"games": {}, "material": {}, "pawns": {}}
    for kind, key, met in csv.reader(row for row in rows if not row.startswith("#")):
        found[kind][key] = int(met)
    return Counts(found["games"]["all"], found["material"], found["pawns"])


@lru_cache(maxsize=16_384)
def _novelty(planes: tuple[int, ...], turn: bool) -> Novelty:
    table = counts()
    distance = 1 - 0.5 ** (_book_plies(planes, turn) / HALFWAY_PLIES)
    own, other = (table.rarity("pawns", key) for key in _pawn_keys(planes))
    return Novelty(distance, table.rarity("material", _material_key(planes)), (own + other) / 2)


def _planes(board: chess.Board) -> tuple[int, ...]:
    """Return the twelve bitboards of a position: White's pawns to king, then Black's."""
    white, black = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    men = (board.pawns, board.knights, board.bishops, board.rooks, board.queens, board.kings)
    return (*(each & white for each in men), *(each & black for each in men))


def _exchanged(planes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the position with colours exchanged: top to bottom, White's men as Black's."""
    turned = tuple(int.from_bytes(each.to_bytes(8, "little"), "big") for each in planes)
    return (*turned[6:], *turned[:6])


def _material_key(planes: tuple[int, ...]) -> str:
    # Queens first: the side with the heavier men leads, whatever its colour.
    sides = [tuple(planes[start + man].bit_count() for man in (4, 3, 2, 1, 0)) for start in (0, 6)]
    return "-".join("Q{}R{}B{}N{}P{}".format(*side) for side in sorted(sides, reverse=True))


def _pawn_keys(planes: tuple[int, ...]) -> tuple[str, str]:
    # Pawns stand on the six middle ranks only: 12 digits hold them.
    return f"{planes[0] >> 8:012x}", f"{_exchanged(planes)[0] >> 8:012x}"


def _book_plies(planes: tuple[int, ...], turn: bool) -> float:
    book, turns = _book()
    differences = np.bitwise_count(book ^ np.array(planes, dtype=np.uint64)).sum(axis=1, dtype=np.int64)
    nearest = int(differences.min())
    # The men stand as in book, but the other side is to move: a move was lost on the way.
    return nearest / 2 if nearest else float(turn not in turns[differences == 0])


@lru_cache(maxsize=1)
def _book() -> tuple[Planes, NDArray[np.bool_]]:
    """Return the positions of all book lines, with colours exchanged as well, shape (positions, 12), and who moves."""
    found: dict[tuple[tuple[int, ...], bool], None] = {}
    for opening in openings.book():
        board = chess.Board()
        for move in (None, *opening.moves):
            if move is not None:
                board.push_uci(move)
            found[_planes(board), board.turn] = None
            found[_exchanged(_planes(board)), not board.turn] = None
    return np.array([planes for planes, _ in found], dtype=np.uint64), np.array([turn for _, turn in found])
