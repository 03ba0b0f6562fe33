"""A state of an episode of puzzles, and its text: `seed | number | name | FEN moves e2e4 e7e5 as white`.

Knows chosen puzzles, no environment.
"""

from dataclasses import dataclass, field

import chess

from horizon.core.errors import UsageError
from horizon.domains.chess.game_text import GameText, join_state, parse_uci_move, split_state
from horizon.domains.chess.position import Position
from horizon.domains.puzzles.puzzle import Puzzle
from horizon.domains.puzzles.selection import Choice


@dataclass(frozen=True, slots=True)
class PuzzleState:
    """A state: the seed, the number of the puzzle in the episode (from 1), its name, and the moves played of its line.

    After the last move of the last puzzle, `moves` holds the whole line.
    """

    seed: int
    number: int
    name: str
    root: str
    moves: tuple[str, ...]
    position: Position = field(compare=False, repr=False)


def first_state(seed: int, number: int, puzzle: Puzzle) -> PuzzleState:
    """Return the state at the first move of a puzzle."""
    return PuzzleState(seed, number, puzzle.name, puzzle.fen, (), Position(chess.Board(puzzle.fen)))


def write_state(state: PuzzleState) -> str:
    """Return the text of a state."""
    line = GameText(state.root, state.moves, "white" if " w " in state.root else "black")
    return f"{state.seed} | {state.number} | {state.name} | {join_state(line)}"


def read_state(text: str, choice: Choice, pack: str) -> PuzzleState:
    """Return the state of a text; its puzzle must be among the chosen ones, with these moves.

    Raises:
        UsageError: the text is not a state, or does not match the puzzle of this name in `pack`.
    """
    head, _, rest = text.rpartition(" | ")
    seed, _, named = head.partition(" | ")
    number, _, name = named.partition(" | ")
    if not (seed.isdecimal() and number.isdecimal() and int(number) and name):
        raise UsageError(
            f"'{text:.120}' is not a puzzle state: write it as seed | number | name | FEN moves - as white"
        )
    line, puzzle = split_state(rest), choice.find(name)
    if line.root != puzzle.fen or (puzzle.moves and line.moves != puzzle.moves[: len(line.moves)]):
        raise UsageError(f"'{text:.200}' does not match puzzle '{name}' of {pack}: use the pack of the state")
    position = Position(chess.Board(puzzle.fen))
    for move in line.moves:
        position = position.after(parse_uci_move(position.board, move))
    return PuzzleState(int(seed), int(number), name, puzzle.fen, line.moves, position)
