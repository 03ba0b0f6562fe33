"""From candidate positions to verified puzzles: three searches of the whole line, its difficulty, its themes.

Knows engines by one method; writes nothing. Equal arguments give equal puzzles.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import chess

from horizon.domains.chess.themes import themes
from horizon.domains.puzzles.puzzle import Goal, Puzzle
from horizon.domains.puzzles.self_play import Candidate, Effort, candidates
from horizon.domains.puzzles.uniqueness import SURE_MARGIN, EngineScorer, keeps_solution, solve

EFFORT = Effort()
_PLIES_APART = 6
"""The distance between puzzles of one game, so that they differ."""
_LADDER = tuple(2**power for power in range(5, 18))
"""The nodes at which difficulty is measured: 32 to 131,072."""


@dataclass(frozen=True, slots=True)
class MadePuzzle:
    """A puzzle, and the smallest lead of its moves over the second best, in win probability."""

    puzzle: Puzzle
    gap: float


def puzzles_of_game(
    engine: EngineScorer,
    seed: int,
    number: int,
    effort: Effort,
    unwanted: frozenset[str] = frozenset(),
    is_wanted: Callable[[], bool] = lambda: True,
) -> list[MadePuzzle]:
    """Return the puzzles of a game, in order, without the unwanted kinds.

    `is_wanted` is called at every ply; once it returns False (Ctrl-C), the game gives no puzzles.
    """
    puzzles: list[MadePuzzle] = []
    next_ply = 0
    for candidate in candidates(engine, seed, number, effort, is_wanted):
        # A mate in one that few nodes report is certain; longer mates are guesses.
        if candidate.ply < next_ply or (candidate.mate == 1 and "mate1" in unwanted):
            continue
        mark = "b" if candidate.is_blundered else "p"
        puzzle = _make_puzzle(engine, candidate, effort, unwanted, f"s{seed}g{number:05}{mark}{candidate.ply:03}")
        if puzzle is not None:
            puzzles.append(puzzle)
            next_ply = candidate.ply + _PLIES_APART
    return puzzles if is_wanted() else []


def kind_of(puzzle: Puzzle) -> str:
    """Return goal and length, as `win2`, or `win2 plain` if the fewest nodes suffice."""
    return _kind(puzzle.goal, puzzle.turns, puzzle.rating == math.log2(_LADDER[0]))


def keys_of(puzzle: Puzzle) -> set[str]:
    """Return a key for each position of the solver, the same for a position and its colour flip."""
    board, keys = chess.Board(puzzle.fen), set()
    for ply, move in enumerate(puzzle.moves):
        if ply % 2 == 0:
            keys.add((board if board.turn == chess.WHITE else board.mirror()).epd())
        board.push_uci(move)
    return keys


def difficulty(engine: EngineScorer, fen: str, moves: tuple[str, ...]) -> float | None:
    """Return log2 of the nodes from which on the engine finds every move of a solution.

    Measured at doubling nodes with a fresh hash; the hardest turn counts. None if the most nodes are too few.
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


def _make_puzzle(
    engine: EngineScorer, candidate: Candidate, effort: Effort, unwanted: frozenset[str], name: str
) -> MadePuzzle | None:
    board = candidate.board
    fen = board.fen()
    likely = solve(engine, fen, effort.confirm)
    if likely is None or chess.Move.from_uci(likely.moves[0]).to_square == candidate.taken:
        return None
    if _kind(likely.goal, likely.turns, _is_plain(engine, fen, likely.moves)) in unwanted:
        return None
    longer = solve(engine, fen, effort.solve)
    solution = longer and longer.common_line(likely)
    if not solution:
        return None
    rating = difficulty(engine, fen, solution.moves)
    puzzle = Puzzle(name, fen, solution.moves, solution.goal, themes(fen, solution.moves), rating)
    if rating is None or keeps_solution(engine, puzzle, effort.final, SURE_MARGIN) is not None:
        return None
    return MadePuzzle(puzzle, min(solution.gaps))


def _kind(goal: Goal, turns: int, is_plain: bool) -> str:
    return f"{goal}{turns} plain" if is_plain and goal != "mate" else f"{goal}{turns}"


def _is_plain(engine: EngineScorer, fen: str, moves: tuple[str, ...]) -> bool:
    """Return whether the fewest nodes find every move: a cheap estimate of the difficulty."""
    board = chess.Board(fen)
    for ply, move in enumerate(moves):
        if ply % 2 == 0 and next(iter(engine.score(board.fen(), _LADDER[0], lines=1).actions)) != move:
            return False
        board.push_uci(move)
    return True
