"""Seeded games of weak players, searched for positions that may be puzzles: played ones, and ones after a blunder.

A game depends on its seed and number alone, so that games may be played in any order, on any number of processors.
Knows engines by one method; does not know what makes a puzzle.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import chess

from horizon.core.records import Score
from horizon.core.seeds import derive, generator
from horizon.domains.chess import openings
from horizon.domains.chess.position import Position
from horizon.domains.puzzles.uniqueness import LOSING, MARGIN, MOST_TURNS, EngineScorer
from horizon.engines.levels import choose_move

_MOST_PLIES = 200
_DECIDED = 0.97
_DECIDED_PLIES = 16
_RANDOM_SHARE = 0.03
_AHEAD = (["Q"], ["R", "R"], ["R", "B"], ["B", "N"])
_STARTS = (30, 10, 15, 45)
"""The percentage of games with each kind of start in `_start`."""
_SCREEN_MARGIN = 0.15
"""Scores at few nodes are inexact: a part of the margin is enough for a deeper search."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Nodes per move in the games, and of four successive searches of a position; each must confirm the one before."""

    play: int = 1_000
    screen: int = 10_000
    confirm: int = 20_000
    solve: int = 100_000
    final: int = 200_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate position: `taken` is the square of a capture by the move that led to it, if any.

    `is_blundered` if the game continued otherwise; `mate` is the distance of the mate that the blunder may allow.
    """

    ply: int
    board: chess.Board
    taken: chess.Square | None
    is_blundered: bool = False
    mate: int | None = None


def candidates(
    engine: EngineScorer, seed: int, number: int, effort: Effort, is_wanted: Callable[[], bool]
) -> Iterator[Candidate]:
    """Yield a game's positions with a single good move, and positions after a possible blunder.

    Two searches per ply score all moves: a short one for the players' choice, and a longer one. A blunder is a move
    that gets mated in few moves by the longer search, or whose loss only the longer search shows.
    """
    draw = generator(seed, "puzzle game", number)
    board = _start(draw)
    # The players differ in strength: from almost the engine's to a blunder every few moves.
    temperatures = [math.exp(draw.uniform(math.log(0.01), math.log(0.2))) for _ in range(2)]
    taken: chess.Square | None = None
    decided = 0
    for ply in range(_MOST_PLIES):
        if Position(board).ending or not is_wanted():
            return
        seen = engine.score(board.fen(), effort.play)
        known = engine.score(board.fen(), effort.screen).actions
        wins = [score.win for score in known.values()]
        if len(wins) > 1 and wins[0] - wins[1] >= _SCREEN_MARGIN:
            yield Candidate(ply, board.copy(stack=False), taken)
        for mate, moves in _blunders(seen.actions, known).items():
            yield _after(board, draw.choice(moves), ply, True, mate)
        decided = decided + 1 if not 1 - _DECIDED < wins[0] < _DECIDED else 0
        if decided > _DECIDED_PLIES:
            return
        if draw.random() < _RANDOM_SHARE:
            text = draw.choice(sorted(known))
        else:
            text = choose_move(seen, temperatures[board.turn], derive(seed, "puzzle ply", number, ply))
        played = _after(board, text, ply)
        board, taken = played.board, played.taken


def _blunders(seen: Mapping[str, Score], known: Mapping[str, Score]) -> dict[int | None, list[str]]:
    """Return moves that lose an undecided game, by the mate they allow, the longest first; key None: hidden losses."""
    if max(score.win for score in known.values()) < LOSING + MARGIN / 2:
        return {}
    by_mate: dict[int | None, list[str]] = {}
    for distance in range(MOST_TURNS, 0, -1):
        by_mate[distance] = [move for move, score in known.items() if score.mate == -distance]
    by_mate[None] = [
        move
        for move, score in known.items()
        if score.mate is None and score.win <= LOSING and seen[move].win - score.win >= MARGIN
    ]
    return {mate: moves for mate, moves in by_mate.items() if moves}


def _after(board: chess.Board, text: str, ply: int, is_blundered: bool = False, mate: int | None = None) -> Candidate:
    move = chess.Move.from_uci(text)
    taken = move.to_square if board.is_capture(move) else None
    after = board.copy(stack=False)
    after.push(move)
    return Candidate(ply + 1, after, taken, is_blundered, mate)


def _start(draw: random.Random) -> chess.Board:
    """Return a start: after a book line, after random moves, a random endgame, or men scattered over the board."""
    way = draw.choices(("book", "random", "endgame", "scattered"), _STARTS)[0]
    if way == "endgame":
        # At least one pawn per side, so that the game is undecided.
        sides = [draw.choices("QRRBN", k=draw.randint(0, 2)) + ["P"] * draw.randint(1, 4) for _ in range(2)]
        return _place_men(draw, *sides)
    if way == "scattered":
        # Exposed kings and one side far ahead: many mates.
        men = ["Q", *draw.choices("RRBN", k=draw.randint(2, 4)), *["P"] * draw.randint(2, 5)]
        return _place_men(draw, men, men + draw.choice(_AHEAD))
    board = chess.Board()
    if way == "book":
        for text in draw.choice(openings.book()).moves:
            board.push_uci(text)
        return board
    for _ in range(draw.randint(4, 12)):
        moves = sorted(board.legal_moves, key=chess.Move.uci)
        if moves:
            board.push(draw.choice(moves))
    return board


def _place_men(draw: random.Random, *sides: list[str]) -> chess.Board:
    """Return a legal position, nobody in check, of two kings and each side's men on random squares."""
    colours = list(chess.COLORS)
    draw.shuffle(colours)
    while True:
        board = chess.Board(None)
        # Past the opening, for `themes.phase`.
        board.fullmove_number = 30
        squares = draw.sample(chess.SQUARES, 2 + sum(map(len, sides)))
        for side, men in zip(colours, sides, strict=True):
            for kind in ("K", *men):
                square = squares.pop()
                if kind == "P" and chess.square_rank(square) in (0, 7):
                    square ^= 0b001000
                board.set_piece_at(square, chess.Piece(chess.Piece.from_symbol(kind).piece_type, side))
        board.turn = draw.random() < 0.5
        if board.is_valid() and not board.is_check() and not Position(board).ending:
            return board
