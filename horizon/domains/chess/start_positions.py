"""Start positions of chess by seed: a book line, the usual start, or an unusual position.

Every start is legal and not the end of a game; none needs an engine. Knows python-chess and the
shipped openings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import chess

from horizon.core.errors import UsageError
from horizon.core.seeds import derive, generator
from horizon.domains.chess import openings
from horizon.domains.chess.game_text import text_of
from horizon.domains.chess.novelty import book_plies
from horizon.domains.chess.position import Position

COUNTERFACTUAL = "rbnqknbr/pppppppp/8/8/8/8/PPPPPPPP/RBNQKNBR w KQkq - 0 1"
"""The usual start with knights and bishops exchanged. Source: Wu et al. (2024), Reasoning or reciting?, NAACL."""

ATYPICAL: Mapping[str, tuple[str, int]] = {
    "three queens": ("KQQQRRBN", 2),
    "two queens": ("KQQRRBBN", 1),
    "four knights": ("KQRNNNN", 2),
    "three knights": ("KRRBBNNN", 1),
    "four bishops": ("KQRBBBB", 2),
    "four rooks": ("KRRRRBN", 2),
    "queens and knights": ("KQQNNN", 2),
}
"""Each side's pieces, and how many of them are promoted pawns: this many of the eight pawns are missing."""

_ATTEMPTS = 10_000


@dataclass(frozen=True, slots=True)
class Start:
    """The root as a position's text, and the moves in UCI that are played from it before the model's first turn."""

    root: str
    moves: tuple[str, ...] = ()


def start_of(opening: str, seed: int, random_plies: int) -> Start:
    """Return the start of a seed.

    Raises:
        UsageError: no such start exists, which happens only if every game ends within `random_plies`.
    """
    return _STARTS[opening](seed, random_plies)


def without_castling(start: Start) -> Start:
    """Return the position that a start leads to, as a root without castling rights."""
    board = _board(start)
    board.castling_rights = chess.BB_EMPTY
    return Start(text_of(board))


def _board(start: Start) -> chess.Board:
    is_shuffled = start.root.startswith("chess960:")
    board = chess.Board(start.root.removeprefix("chess960:"), chess960=is_shuffled)
    for move in start.moves:
        board.push_uci(move)
    return board


def _book(seed: int, random_plies: int) -> Start:
    return Start(chess.STARTING_FEN, openings.line(seed).moves)


def _usual(seed: int, random_plies: int) -> Start:
    return Start(chess.STARTING_FEN)


def _chess960(seed: int, random_plies: int) -> Start:
    """Return one of the 960 starts, the usual one (518) included."""
    return Start(text_of(chess.Board.from_chess960_pos(derive(seed, "chess960") % 960)))


def _counterfactual(seed: int, random_plies: int) -> Start:
    return Start(COUNTERFACTUAL)


def _random(seed: int, random_plies: int) -> Start:
    """Return the position after `random_plies` random plies, as a root without history."""
    for attempt in range(_ATTEMPTS):
        board = play_random_plies(chess.Board(), random_plies, generator(seed, "random start", attempt))
        if board is not None:
            return Start(text_of(board))
    raise UsageError(f"environment chess: no game lasts random_plies={random_plies} random plies: give fewer")


def _out_of_book(seed: int, random_plies: int) -> Start:
    """Return as many random plies as the seed's book line has, to a quiet position with all men, out of book.

    No check, no possible capture; the second ply at the latest leaves the book.
    """
    n_plies = len(openings.line(seed).moves)
    for attempt in range(_ATTEMPTS):
        draw = generator(seed, "unbooked start", attempt)
        early = play_random_plies(chess.Board(), 2, draw)
        if early is None or not book_plies(early):
            continue
        board = play_random_plies(early, n_plies - 2, draw)
        if board is not None and len(board.piece_map()) == 32 and book_plies(board) and _is_quiet(board):
            return Start(chess.STARTING_FEN, tuple(move.uci() for move in board.move_stack))
    raise AssertionError("quiet positions out of book are common")


def _atypical(seed: int, random_plies: int) -> Start:
    """Return a quiet, symmetrical position with promoted men, White to move."""
    for attempt in range(_ATTEMPTS):
        draw = generator(seed, "atypical start", attempt)
        board = _symmetrical(*ATYPICAL[draw.choice(tuple(ATYPICAL))], draw)
        if board.is_valid() and not board.is_check() and _is_quiet(board):
            return Start(text_of(board))
    raise AssertionError("quiet positions with promoted men are common")


def _symmetrical(pieces: str, promoted: int, draw: Random) -> chess.Board:
    """Return White's men placed by chance on its own three ranks, and Black's as their mirror image."""
    board = chess.Board(None)
    files = draw.sample(range(8), 8 - promoted)
    placed = {chess.square(file, draw.choice((1, 1, 2))): "P" for file in files}
    # The king is on the first rank, the other pieces behind or beside the pawns.
    king = chess.square(draw.choice((1, 2, 5, 6)), 0)
    free = [square for square in range(24) if square not in placed and square != king]
    placed |= dict(zip(draw.sample(free, len(pieces) - 1), pieces[1:], strict=True)) | {king: "K"}
    for square, letter in placed.items():
        board.set_piece_at(square, chess.Piece.from_symbol(letter))
        board.set_piece_at(chess.square_mirror(square), chess.Piece.from_symbol(letter.lower()))
    return board


def play_random_plies(board: chess.Board, n_plies: int, draw: Random) -> chess.Board | None:
    """Return the board after random legal plies; None if the game ends within them."""
    after = board.copy()
    position = Position(board.copy(stack=False))
    for _ in range(n_plies):
        if not position.legal:
            return None
        move = chess.Move.from_uci(draw.choice(position.legal))
        after.push(move)
        position = position.after(move)
    return after if position.legal else None


def _is_quiet(board: chess.Board) -> bool:
    """Return whether neither side could capture or give check if it were to move."""
    for turn in chess.COLORS:
        asked = board.copy(stack=False)
        if turn != board.turn:
            asked.turn, asked.ep_square = turn, None
        if asked.was_into_check() or any(
            asked.is_capture(move) or asked.gives_check(move) for move in asked.legal_moves
        ):
            return False
    return True


_STARTS: Mapping[str, Callable[[int, int], Start]] = {
    "book": _book,
    "start": _usual,
    "chess960": _chess960,
    "counterfactual": _counterfactual,
    "random": _random,
    "atypical": _atypical,
    "unbooked": _out_of_book,
}
OPENINGS = tuple(_STARTS)
"""The openings that `start_of` accepts."""
