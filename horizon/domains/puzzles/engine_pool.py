"""One engine a core for work on puzzles, and the check of finished ones: does each solution stand at other nodes?

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
"""Work for one engine; the second argument tells whether it is still wanted."""
Submit = Callable[[Task[Any]], "Future[Any]"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A puzzle that was looked at again; `problem` says why it does not keep its solution, null where it does."""

    puzzle: Puzzle
    problem: str | None


def check_pack(
    puzzles: Sequence[Puzzle], nodes: int, say: Callable[[str], None] = lambda text: None
) -> Iterator[Checked]:
    """Yield every puzzle that has a solution, in order, with whether Stockfish finds the same one at these nodes.

    Raises:
        EngineFailure: Stockfish is missing or keeps failing.
    """
    solved = [puzzle for puzzle in puzzles if puzzle.moves]
    with engine_pool() as (_, submit):
        futures = [submit(partial(_look_again, puzzle, nodes)) for puzzle in solved]
        for done, (puzzle, future) in enumerate(zip(solved, futures, strict=True), 1):
            yield Checked(puzzle, future.result())
            say(f"{done} of {len(solved)} puzzles checked")


@contextmanager
def engine_pool() -> Iterator[tuple[str, Submit]]:
    """Yield the engine's version, and what runs tasks on one engine a core; what isn't done at the end is dropped."""
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


def _look_again(puzzle: Puzzle, nodes: int, engine: Engine, goes_on: Callable[[], bool]) -> str | None:
    return keeps_solution(engine, puzzle, nodes) if goes_on() else "not looked at"
