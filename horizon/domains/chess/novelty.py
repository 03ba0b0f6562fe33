"""Novelty of a chess position: a heuristic in 0..1 from the shipped openings and engine games.

It is not the probability that a model has seen or memorised the position. It depends on the position alone, so that
puzzles, games and probes are measured alike. Knows python-chess, the openings and a table of counts (novelty.csv,
made by benchmarks/novelty_table.py); no engine and no network.
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
RarityKind = Literal["material", "pawns"]
TABLE = "novelty.csv"
HALFWAY_PLIES = 8.0
"""The number of plies from the nearest book position that gives a distance of one half."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """The novelty and its three parts, each from 0 (common) to 1 (never met).

    `distance` is 1 - 2^(-plies / 8) for a lower bound on the plies to the nearest position of a book line. `material`
    is the rarity of the men on the board, whatever their colour and square; `pawns` is the mean rarity of the two
    sides' pawn squares. `value` is the mean of the three.
    """

    distance: float
    material: float
    pawns: float

    @property
    def value(self) -> float:
        """The mean of the parts, 0..1."""
        return (self.distance + self.material + self.pawns) / 3

    def as_extra(self) -> dict[str, Json]:
        """Return the entries for a row's `extra`: `novelty`, and its parts under `novelty_parts`."""
        parts: dict[str, Json] = {name: round(getattr(self, name), 4) for name in self.__slots__}
        return {"novelty": round(self.value, 4), "novelty_parts": parts}


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of engine games, of `n_games`, with each material signature and each side's pawn squares."""

    n_games: int
    material: Mapping[str, int]
    pawns: Mapping[str, int]

    def rarity(self, kind: RarityKind, key: str) -> float:
        """Return the surprise of this key in an engine game, in 0..1; 1 is a key that was never met.

        The surprise log(1 / p) with p = (games with the key + 1) / (games + 2), divided by that of a key never met.

        Source: Laplace's rule of succession for p; surprise as in Shannon (1948), A mathematical theory of
        communication, Bell System Technical Journal 27.
        """
        met = (self.material if kind == "material" else self.pawns).get(key, 0)
        return math.log((self.n_games + 2) / (met + 1)) / math.log(self.n_games + 2)


def novelty_of(position: chess.Board | str) -> Novelty:
    """Return the novelty of a position or FEN; the same for the position with colours exchanged.

    Cost: some 30 microseconds; results are cached.
    """
    board = chess.Board(position) if isinstance(position, str) else position
    return _novelty(_planes(board), board.turn)


def material_key(board: chess.Board) -> str:
    """Return the men of both sides, those of the stronger side first, such as `Q1R2B1N2P7-Q1R2B2N1P7`."""
    return _material_key(_planes(board))


def pawn_keys(board: chess.Board) -> tuple[str, str]:
    """Return each side's pawn squares as a hexadecimal bitboard seen from that side, White's first."""
    return _pawn_keys(_planes(board))


def book_plies(board: chess.Board) -> float:
    """Return a lower bound on the plies between the position and the nearest book position; 0 in book.

    A quiet move changes two squares, a capture counts three (one man leaves, one arrives, one disappears), so that
    half the differences approximates the plies; castling counts as two. Transpositions count as book.
    """
    return _book_plies(_planes(board), board.turn)


@lru_cache(maxsize=1)
def counts() -> Counts:
    """Return the shipped table. Cost: some 10 milliseconds, once."""
    rows = (files("horizon.domains.chess") / TABLE).read_text(encoding="ascii").splitlines()
    tables: dict[str, dict[str, int]] = {"games": {}, "material": {}, "pawns": {}}
    for kind, key, met in csv.reader(row for row in rows if not row.startswith("#")):
        tables[kind][key] = int(met)
    return Counts(tables["games"]["all"], tables["material"], tables["pawns"])


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
    return (*(plane & white for plane in men), *(plane & black for plane in men))


def _exchange_colors(planes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the position with colours exchanged: top to bottom, White's men as Black's."""
    turned = tuple(int.from_bytes(plane.to_bytes(8, "little"), "big") for plane in planes)
    return (*turned[6:], *turned[:6])


def _material_key(planes: tuple[int, ...]) -> str:
    # Queens first: the side with the heavier men leads, whatever its colour.
    sides = [tuple(planes[start + man].bit_count() for man in (4, 3, 2, 1, 0)) for start in (0, 6)]
    return "-".join("Q{}R{}B{}N{}P{}".format(*side) for side in sorted(sides, reverse=True))


def _pawn_keys(planes: tuple[int, ...]) -> tuple[str, str]:
    # Pawns are on the six middle ranks only: 12 digits suffice.
    return f"{planes[0] >> 8:012x}", f"{_exchange_colors(planes)[0] >> 8:012x}"


def _book_plies(planes: tuple[int, ...], turn: bool) -> float:
    book, turns = _book()
    differences = np.bitwise_count(book ^ np.array(planes, dtype=np.uint64)).sum(axis=1, dtype=np.int64)
    nearest = int(differences.min())
    # The men are as in the book, but the other side is to move: a tempo was lost.
    return nearest / 2 if nearest else float(turn not in turns[differences == 0])


@lru_cache(maxsize=1)
def _book() -> tuple[Planes, NDArray[np.bool_]]:
    """Return the positions of all book lines, with colours exchanged as well, shape (positions, 12), and who moves."""
    positions: dict[tuple[tuple[int, ...], bool], None] = {}
    for opening in openings.book():
        board = chess.Board()
        for move in (None, *opening.moves):
            if move is not None:
                board.push_uci(move)
            positions[_planes(board), board.turn] = None
            positions[_exchange_colors(_planes(board)), not board.turn] = None
    return np.array([planes for planes, _ in positions], dtype=np.uint64), np.array([turn for _, turn in positions])
