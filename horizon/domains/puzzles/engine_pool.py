"""A pool with one engine per core for work on puzzles, and the re-verification of finished ones at other nodes.

Knows Stockfish and the rule; writes nothing.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from horizon.domains.puzzles.puzzle import Puzzle
from horizon.domains.puzzles.uniqueness import keeps_solution
from horizon.engines.engine import Engine
from horizon.engines.judge import usable_cores

ENGINE = "stockfish"

A = TypeVar("A")
Task = Callable[[Engine, Callable[[], bool]], A]
"""Work for one engine; the second argument returns whether the work is still wanted."""
Submit = Callable[[Task[Any]], "Future[Any]"]


@dataclass(frozen=True, slots=True)
class SolutionCheck:
    """The result of re-verifying a puzzle; `problem` is the reason why its solution fails, or None."""

    puzzle: Puzzle
    problem: str | None


def check_pack(
    puzzles: Sequence[Puzzle], nodes: int, say: Callable[[str], None] = lambda text: None
) -> Iterator[SolutionCheck]:
    """Yield the check of every puzzle that has a solution, in order: whether Stockfish confirms it at these nodes.

    Raises:
        EngineFailure: Stockfish is missing or keeps failing.
    """
    solved = [puzzle for puzzle in puzzles if puzzle.moves]
    with engine_pool() as (_, submit):
        futures = [submit(partial(_recheck, puzzle, nodes)) for puzzle in solved]
        for done, (puzzle, future) in enumerate(zip(solved, futures, strict=True), 1):
            yield SolutionCheck(puzzle, future.result())
            say(f"{done} of {len(solved)} puzzles checked")


@contextmanager
def engine_pool() -> Iterator[tuple[str, Submit]]:
    """Yield the engine's version and a function that submits tasks; unfinished tasks are cancelled at the end."""
    with ExitStack() as stack:
        free: SimpleQueue[Engine] = SimpleQueue()
        for _ in range(usable_cores()):
            free.put(engine := stack.enter_context(Engine(ENGINE)))
        ended = threading.Event()
        threads = ThreadPoolExecutor(free.qsize(), thread_name_prefix="puzzles")

        def run(task: Task[A]) -> A:
            mine = free.get()
            try:
                return task(mine, lambda: not ended.is_set())
            finally:
                free.put(mine)

        try:
            yield engine.version, lambda task: threads.submit(run, task)
        finally:
            ended.set()
            threads.shutdown(cancel_futures=True)


def _recheck(puzzle: Puzzle, nodes: int, engine: Engine, is_wanted: Callable[[], bool]) -> str | None:
    return keeps_solution(engine, puzzle, nodes) if is_wanted() else "not checked"
