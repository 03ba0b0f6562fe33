"""Games replayed by as many processes as there are cores, in their own order; a few are replayed right here.

Replaying is all of an import's cost: some 0.4 milliseconds per turn.
"""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice

from horizon.archives.documents import Problem
from horizon.archives.games import ArchivedGame, ArchivedRows, Found
from horizon.archives.replay import rows_of
from horizon.archives.rows import Rows, rows_of_chat
from horizon.runs.worker_pool import open_workers

_FEW = 100
"""So many games cost less than starting processes."""
_A_BATCH = 32

Replayed = tuple[Found, Rows | Problem]


def replay_parts(parts: Iterator[Found], run_id: str) -> Iterator[Replayed]:
    """Yield each part with its rows, or with why it is left out; in the order in which the parts come."""
    first = list(islice(parts, _FEW))
    for part in first:
        yield part, _rows(part, run_id)
    n_workers = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if len(first) < _FEW or n_workers < 2:
        yield from ((part, _rows(part, run_id)) for part in parts)
        return
    # Forked: a spawned process would run an unguarded script again. The workers touch python-chess and numpy alone.
    with open_workers(n_workers, multiprocessing.get_context("fork")) as pool:
        waiting: deque[tuple[tuple[Found, ...], Future[list[Rows | Problem]]]] = deque()
        for batch in _batches(parts):
            waiting.append((batch, pool.submit(_rows_of_batch, batch, run_id)))
            if len(waiting) > 4 * n_workers:
                done, rows = waiting.popleft()
                yield from zip(done, rows.result(), strict=True)
        for done, rows in waiting:
            yield from zip(done, rows.result(), strict=True)


def _batches(parts: Iterator[Found]) -> Iterator[tuple[Found, ...]]:
    while batch := tuple(islice(parts, _A_BATCH)):
        yield batch


def _rows_of_batch(batch: tuple[Found, ...], run_id: str) -> list[Rows | Problem]:
    return [_rows(part, run_id) for part in batch]


def _rows(part: Found, run_id: str) -> Rows | Problem:
    if isinstance(part, Problem):
        return part
    if isinstance(part, ArchivedRows):
        turns = tuple(replace(turn, run_id=run_id, episode_id=part.name) for turn in part.turns)
        return Rows(turns, replace(part.episode, run_id=run_id, episode_id=part.name))
    return rows_of(part, run_id, "chess") if isinstance(part, ArchivedGame) else rows_of_chat(part, run_id)
