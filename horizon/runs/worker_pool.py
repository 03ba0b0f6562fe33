"""Processes that work for this one, and end with it: after Ctrl-C, after a failure, and after kill -9.

A pool of the standard library first finishes all that waits when it is left by an exception, and its processes
outlive the one that started them.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import BaseContext

_CHECKED_EVERY_S = 1.0


@contextmanager
def open_workers(n_workers: int, context: BaseContext | None = None) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of so many processes, started as `context` does; an exception ends them, whatever they do."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(n_workers, context, initializer=_follow)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _follow() -> None:
    """Leave Ctrl-C to the process that started this one, and end when that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after, args=(os.getppid(),), daemon=True).start()


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_CHECKED_EVERY_S)
    os._exit(1)
