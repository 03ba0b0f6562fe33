"""Seeded games of chess in which Stockfish at fixed nodes scores every legal move of every position.

The players choose among the scored moves more or less carelessly, so that games visit what weak players reach; the
scores are what a student is taught. One line of JSON per game. A game depends on its seed and number alone.
"""

import gzip
import json
import math
import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import chess

from horizon.core.errors import StoreError
from horizon.core.seeds import derive, generator
from horizon.domains.chess import start_positions
from horizon.domains.chess.position import Position
from horizon.engines.engine import Engine
from horizon.engines.levels import choose_move
from horizon.runs.replacing import replacing
from horizon.runs.worker_pool import open_workers

TEMPERATURES = (0.02, 0.6)
"""The range of the players' temperatures, drawn on a logarithmic scale; level 1 of the ladder has 0.5."""
_RANDOM_SHARE = 0.03
_SCATTERED_SHARE = 0.25
"""The share of games with 2 to 8 random plies after the book line."""
GAMES_PER_FILE = 25


@dataclass(frozen=True, slots=True)
class TeacherGame:
    """One game from the usual start position.

    `moves` in UCI; the first `n_line` of them are a line of the book, and those up to `n_given` were drawn at random.
    `wins` has, for every position from there on, the win probability in percent of each legal move, in the order of
    their UCI texts.
    """

    number: int
    n_line: int
    n_given: int
    moves: tuple[str, ...]
    wins: tuple[tuple[int, ...], ...]

    def as_json(self) -> str:
        """Return the game as a line."""
        return json.dumps(
            [self.number, self.n_line, self.n_given, " ".join(self.moves), self.wins], separators=(",", ":")
        )


def game_of(line: str) -> TeacherGame:
    """Return the game of a line that `as_json` wrote."""
    number, n_line, n_given, moves, wins = json.loads(line)
    return TeacherGame(number, n_line, n_given, tuple(moves.split()), tuple(tuple(of_ply) for of_ply in wins))


def play_game(engine: Engine, seed: int, number: int, nodes: int, most_plies: int = 140) -> TeacherGame:
    """Play one game.

    Raises:
        EngineFailure: a position could not be scored.
    """
    draw = generator(seed, "teacher game", number)
    start = start_positions.start_of("book", derive(seed, "teacher start", number), 0)
    board = chess.Board(start.root)
    for move in start.moves:
        board.push_uci(move)
    n_line = len(board.move_stack)
    if draw.random() < _SCATTERED_SHARE:
        board = start_positions.play_random_plies(board, draw.randint(2, 8), draw) or board
    n_given = len(board.move_stack)
    low, high = map(math.log, TEMPERATURES)
    temperatures = [math.exp(draw.uniform(low, high)) for _ in range(2)]
    position = Position(board)
    moves = [move.uci() for move in board.move_stack]
    wins: list[tuple[int, ...]] = []
    while not position.ending and len(moves) < most_plies:
        scores = engine.score(position.fen, nodes)
        wins.append(tuple(round(100 * scores.actions[move].win) for move in position.legal))
        if draw.random() < _RANDOM_SHARE:
            chosen = draw.choice(position.legal)
        else:
            temperature = temperatures[position.board.turn]
            chosen = choose_move(scores, temperature, derive(seed, "teacher ply", number, len(moves)))
        moves.append(chosen)
        position = position.after(position.moves[chosen])
    return TeacherGame(number, n_line, n_given, tuple(moves), tuple(wins))


def write_games(
    folder: Path,
    n_games: int,
    *,
    seed: int,
    nodes: int,
    processes: int | None = None,
    watch: Callable[[int], None] = lambda n_done: None,
) -> None:
    """Play games into a folder, many at once; files that are there from an interrupted call are kept.

    Raises:
        EngineFailure: Stockfish is missing, or a position could not be scored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n_files = -(-n_games // GAMES_PER_FILE)
    missing = [number for number in range(n_files) if not _file(folder, number).is_file()]
    n_done = (n_files - len(missing)) * GAMES_PER_FILE
    watch(min(n_done, n_games))
    workers = processes or len(os.sched_getaffinity(0))
    with open_workers(max(1, min(workers, len(missing)))) as pool:
        parts = [pool.submit(_write_file, folder, number, n_games, seed, nodes) for number in missing]
        for part in as_completed(parts):
            n_done += part.result()
            watch(min(n_done, n_games))


def read_games(folder: Path, numbers: range) -> Iterator[TeacherGame]:
    """Yield games of a folder by their numbers, in order.

    Raises:
        StoreError: the folder lacks one of them, or a file is damaged.
    """
    for number in range(numbers.start // GAMES_PER_FILE, -(-numbers.stop // GAMES_PER_FILE)):
        path = _file(folder, number)
        if not path.is_file():
            raise StoreError(f"{folder} has no {path.name}: play its games again")
        try:
            with gzip.open(path, "rt", encoding="ascii") as lines:
                yield from (game for game in map(game_of, lines) if game.number in numbers)
        except (EOFError, OSError, ValueError, zlib.error):
            raise StoreError(f"{path} is damaged: delete it, and its games are played again") from None


def _file(folder: Path, number: int) -> Path:
    return folder / f"games-{number:05}.jsonl.gz"


def _write_file(folder: Path, number: int, n_games: int, seed: int, nodes: int) -> int:
    """Play one file of games; it appears under its name only when it is complete."""
    path = _file(folder, number)
    wanted = range(number * GAMES_PER_FILE, min(n_games, (number + 1) * GAMES_PER_FILE))
    with (
        Engine("stockfish", {"Hash": 1}) as engine,
        replacing(path) as file,
        gzip.open(file, "wt", encoding="ascii", compresslevel=5) as lines,
    ):
        for game in wanted:
            lines.write(play_game(engine, seed, game, nodes).as_json() + "\n")
    return len(wanted)
