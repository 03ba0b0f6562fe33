"""The judge of chess quality: positions in, futures of the scores of all legal moves out.

A pool of single-threaded engines works while play continues; scores of earlier runs come from the cache.
"""

import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from horizon.core.errors import EngineFailure, HorizonError
from horizon.core.records import Json, Scores
from horizon.engines.cache import ScoresCache, cache_path
from horizon.engines.engine import Engine, describe_engine


class Judge:
    """A pool of engines with a cache; a context manager. `submit` may be called from one thread."""

    def __init__(
        self, engine: str, *, nodes: int, processes: int | None = None, options: Mapping[str, int | str] | None = None
    ) -> None:
        """Start one engine to read its version; the others start on demand.

        Raises:
            UsageError: no such engine is described.
            EngineFailure: the engine is missing or does not start.
        """
        self.name, self.nodes = engine, nodes
        self._options = dict(options or {})
        # One process per core: each searches with one thread.
        self._most = processes or usable_cores()
        first = Engine(engine, self._options)
        self.version, self.variants = first.version, first.variants
        self._idle: list[Engine] = [first]
        self._threads: list[threading.Thread] = []
        self._work: SimpleQueue[tuple[str, Future[Scores]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Scores]] = {}
        self._fresh: SimpleQueue[tuple[str, Scores]] = SimpleQueue()
        self._cache = ScoresCache(cache_path(), json.dumps(self.identity(), sort_keys=True), nodes)
        self._closed = False

    def identity(self) -> dict[str, Json]:
        """Return everything that determines the scores: engine, version, options and nodes."""
        options: dict[str, Json] = {**describe_engine(self.name).options, **self._options}
        return {"engine": self.name, "version": self.version, "options": options, "nodes": self.nodes}

    def submit(self, position: str) -> "Future[Scores]":
        """Return a future of the scores of all legal moves of a position; a failure is set on the future.

        Raises:
            EngineFailure: the judge is closed.
        """
        if self._closed:
            raise EngineFailure("the judge is closed: open another one")
        future: Future[Scores] = Future()
        with self._lock:
            if position in self._under_way:
                return self._under_way[position]
            # A search that has ended is fresh before it stops being under way: looked for in this order, none is lost.
            self._keep_fresh()
            known = self._cache.get(position)
            if known is not None:
                future.set_result(known)
                return future
            self._under_way[position] = future
            waiting = len(self._under_way)
        if len(self._threads) < min(self._most, waiting):
            thread = threading.Thread(target=self._serve, name="judge", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put((position, future))
        return future

    def _serve(self) -> None:
        engine: Engine | None = None
        try:
            while (task := self._work.get()) is not None:
                position, future = task
                try:
                    if engine is None:
                        engine = self._engine()
                    scores = engine.score(position, self.nodes)
                    self._fresh.put((position, scores))
                    with self._lock:
                        self._under_way.pop(position, None)
                    future.set_result(scores)
                except HorizonError as failure:
                    with self._lock:
                        self._under_way.pop(position, None)
                    # The position is not user input: any error here means that the turn can't be judged.
                    future.set_exception(
                        failure if isinstance(failure, EngineFailure) else EngineFailure(str(failure))
                    )
        finally:
            if engine is not None:
                engine.close()

    def _engine(self) -> Engine:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Engine(self.name, self._options)

    def _keep_fresh(self) -> None:
        """Move finished scores to the cache; sqlite is only used from the submitting thread."""
        while not self._fresh.empty():
            self._cache.put(*self._fresh.get())

    def close(self) -> None:
        """Cancel open searches, end the engines and save finished scores; may be called twice."""
        if self._closed:
            return
        self._closed = True
        # Fail the open futures, so that no caller waits forever.
        while not self._work.empty():
            task = self._work.get()
            if task is not None:
                task[1].set_exception(EngineFailure("the judge was closed before this position was scored"))
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()
        for engine in self._idle:
            engine.close()
        self._keep_fresh()
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
