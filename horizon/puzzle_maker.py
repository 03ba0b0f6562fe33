"""Makes puzzles from nothing but the rules and an engine: seeded games of weak players, searched for only moves.

A game depends on its seed and number alone, so that games may be played in any order, on any number of processors.
Knows engines by one method; writes nothing.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import chess

from horizon import openings
from horizon.chess_position import Position
from horizon.chess_themes import themes
from horizon.models.uci import choose
from horizon.puzzle_rule import LOSING, MOST_TURNS, Scorer, solve
from horizon.puzzles import Goal, Puzzle
from horizon.seeds import derive, generator

_SCREEN_MARGIN = 0.15
"""At few nodes scores err: half the margin is enough to look again."""
_MOST_PLIES = 200
_DECIDED = 0.97
_DECIDED_PLIES = 10
_PLIES_APART = 6
_RANDOM_SHARE = 0.03
_ENDGAME_SHARE = 0.15
_BOOK_SHARE = 0.6
_LADDER = tuple(2**power for power in range(5, 18))
"""The nodes at which difficulty is measured: 32 to 131,072."""


@dataclass(frozen=True, slots=True)
class Effort:
    """The nodes of a move in the games, and of three looks at a position: each goes on with what passed the last."""

    play: int = 1_000
    screen: int = 8_000
    confirm: int = 20_000
    final: int = 100_000


EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Made:
    """A puzzle, and the smallest lead of its moves on the second best, in win probability."""

    puzzle: Puzzle
    gap: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A position to look at: `taken` is where the move that led to it took something, if it did.

    `mate` is the distance of the mate that a blunder seems to allow; 0 where the position was really played.
    """

    ply: int
    board: chess.Board
    taken: chess.Square | None
    mate: int = 0


def puzzles_of_game(
    engine: Scorer,
    seed: int,
    number: int,
    effort: Effort,
    unwanted: frozenset[str] = frozenset(),
    goes_on: Callable[[], bool] = lambda: True,
) -> list[Made]:
    """Return the puzzles that a game holds, in order; those whose kind is unwanted are left out early.

    Equal arguments give equal puzzles. `goes_on` is asked at every ply and may stop the game, for Ctrl-C.
    """
    found: list[Made] = []
    next_ply = 0
    for candidate in _candidates(engine, seed, number, effort):
        if not goes_on():
            return []
        # Few nodes prove a mate in one, but only guess at longer ones.
        if candidate.ply < next_ply or (candidate.mate == 1 and "mate1" in unwanted):
            continue
        mark = "b" if candidate.mate else "p"
        made = _made(engine, candidate, effort, unwanted, f"s{seed}g{number:05}{mark}{candidate.ply:03}")
        if made is not None:
            found.append(made)
            next_ply = candidate.ply + _PLIES_APART
    return found


def kind_of(puzzle: Puzzle) -> str:
    """Return goal and length, as `win2`; and `win2 plain` where hardly any search is needed."""
    return _kind(puzzle.goal, puzzle.turns, puzzle.rating == math.log2(_LADDER[0]))


def keys_of(puzzle: Puzzle) -> set[str]:
    """Return a text for each position of the solver, the same for a position and its colour flip, without counters."""
    board, keys = chess.Board(puzzle.fen), set()
    for ply, move in enumerate(puzzle.moves):
        if ply % 2 == 0:
            keys.add((board if board.turn == chess.WHITE else board.mirror()).epd())
        board.push_uci(move)
    return keys


def difficulty(engine: Scorer, fen: str, moves: tuple[str, ...]) -> float | None:
    """Return log2 of the nodes from which the engine finds every move of a solution and keeps to it.

    Measured at doubling nodes with a fresh hash; the hardest turn counts. Null where even the most are too few.
    """
    board, hardest = chess.Board(fen), _LADDER[0]
    for ply, move in enumerate(moves):
        if ply % 2 == 0:
            needed = None
            for nodes in reversed(_LADDER):
                if next(iter(engine.score(board.fen(), nodes, lines=1).actions)) != move:
                    break
                needed = nodes
                if nodes <= hardest:
                    break
            if needed is None:
                return None
            hardest = max(hardest, needed)
        board.push_uci(move)
    return math.log2(hardest)


def _made(engine: Scorer, candidate: _Candidate, effort: Effort, unwanted: frozenset[str], name: str) -> Made | None:
    board = candidate.board
    fen = board.fen()
    ranked = list(engine.score(fen, effort.screen, lines=2).actions.items())
    if len(ranked) < 2 or ranked[0][1].win - ranked[1][1].win < _SCREEN_MARGIN:
        return None
    if chess.Move.from_uci(ranked[0][0]).to_square == candidate.taken:
        return None
    likely = solve(engine, fen, effort.confirm)
    if likely is None or _kind(likely.goal, likely.turns, _is_plain(engine, fen, likely.moves)) in unwanted:
        return None
    solution = solve(engine, fen, effort.final)
    # The same line at five times the nodes: what changes between the two would change again.
    if solution is None or solution.moves != likely.moves or solution.goal != likely.goal:
        return None
    rating = difficulty(engine, fen, solution.moves)
    if rating is None:
        return None
    puzzle = Puzzle(name, fen, solution.moves, solution.goal, themes(fen, solution.moves), rating)
    return Made(puzzle, solution.gap)


def _kind(goal: Goal, turns: int, is_plain: bool) -> str:
    return f"{goal}{turns} plain" if is_plain and goal != "mate" else f"{goal}{turns}"


def _is_plain(engine: Scorer, fen: str, moves: tuple[str, ...]) -> bool:
    """Tell whether the fewest nodes find every move: a guess at the difficulty that costs next to nothing."""
    board = chess.Board(fen)
    for ply, move in enumerate(moves):
        if ply % 2 == 0 and next(iter(engine.score(board.fen(), _LADDER[0], lines=1).actions)) != move:
            return False
        board.push_uci(move)
    return True


def _candidates(engine: Scorer, seed: int, number: int, effort: Effort) -> Iterator[_Candidate]:
    """Yield a game's positions, and after some of them one that a blunder not played there would have led to."""
    draw = generator(seed, "puzzle game", number)
    board = _start(draw)
    # Each player errs in its own measure: from nearly as the engine plays to a blunder every few moves.
    temperatures = [math.exp(draw.uniform(math.log(0.01), math.log(0.2))) for _ in range(2)]
    taken: chess.Square | None = None
    decided = 0
    for ply in range(_MOST_PLIES):
        if Position(board).ending:
            return
        yield _Candidate(ply, board.copy(stack=False), taken)
        scores = engine.score(board.fen(), effort.play)
        best = next(iter(scores.actions.values())).win
        decided = decided + 1 if not 1 - _DECIDED < best < _DECIDED else 0
        if decided > _DECIDED_PLIES:
            return
        for distance in range(1, MOST_TURNS + 1 if best > LOSING else 0):
            blunders = [move for move, score in scores.actions.items() if score.mate == -distance]
            if blunders:
                yield _after(board, draw.choice(blunders), ply, distance)
        if draw.random() < _RANDOM_SHARE:
            text = draw.choice(sorted(scores.actions))
        else:
            text = choose(scores, temperatures[board.turn], derive(seed, "puzzle ply", number, ply))
        played = _after(board, text, ply)
        board, taken = played.board, played.taken


def _after(board: chess.Board, text: str, ply: int, mate: int = 0) -> _Candidate:
    move = chess.Move.from_uci(text)
    taken = move.to_square if board.is_capture(move) else None
    after = board.copy(stack=False)
    after.push(move)
    return _Candidate(ply + 1, after, taken, mate)


def _start(draw: random.Random) -> chess.Board:
    """Return where a game begins: after a book line, after random moves, or in a drawn endgame."""
    board = chess.Board()
    way = draw.random()
    if way < _ENDGAME_SHARE:
        return _endgame(draw)
    if way < _ENDGAME_SHARE + _BOOK_SHARE:
        for text in draw.choice(openings.book()).moves:
            board.push_uci(text)
        return board
    for _ in range(draw.randint(4, 12)):
        moves = sorted(board.legal_moves, key=chess.Move.uci)
        if moves:
            board.push(draw.choice(moves))
    return board


def _endgame(draw: random.Random) -> chess.Board:
    """Return a position of two kings, up to two pieces and four pawns a side, nobody in check."""
    while True:
        board = chess.Board(None)
        squares = draw.sample(chess.SQUARES, 16)
        for side in chess.COLORS:
            kinds = draw.choices("QRRBN", k=draw.randint(0, 2)) + ["P"] * draw.randint(0, 4)
            for kind in ("K", *kinds):
                square = squares.pop()
                if kind != "P" or 0 < chess.square_rank(square) < 7:
                    board.set_piece_at(square, chess.Piece(chess.Piece.from_symbol(kind).piece_type, side))
        board.turn = draw.random() < 0.5
        if board.is_valid() and not board.is_check() and not Position(board).ending:
            return board
