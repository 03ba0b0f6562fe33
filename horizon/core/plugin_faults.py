"""Faults of installed plug-ins: whose code raised an exception, and the traceback that its author needs.

Horizon's own frames and those of the import system are left out, since a plug-in's author can't change them.
"""

import traceback
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

_HORIZON = str(Path(__file__).resolve().parents[1])


def package_at_fault(problem: BaseException, packages: Collection[str]) -> str | None:
    """Return the first of these top-level packages whose code an exception passed through, or None."""
    raised = _frames_in(problem.__traceback__, packages)
    return raised[0] if raised else None


def own_traceback(problem: BaseException, packages: Collection[str]) -> str:
    """Return an exception's traceback from the first frame in one of these packages on, without Horizon's frames.

    The exceptions that it was raised from are formatted in the same way.
    """
    formatted = traceback.TracebackException.from_exception(problem)
    link: traceback.TracebackException | None = formatted
    raised: BaseException | None = problem
    while link is not None and raised is not None:
        depth = _depth_of(raised.__traceback__, packages)
        kept = [frame for frame in link.stack[depth:] if not _is_machinery(frame.filename)]
        link.stack = traceback.StackSummary.from_list(kept)
        if link.__cause__ is not None:
            link, raised = link.__cause__, raised.__cause__
        else:
            link, raised = link.__context__, raised.__context__
    return "".join(formatted.format()).rstrip("\n")


def _frames_in(trace: TracebackType | None, packages: Collection[str]) -> list[str]:
    return [name for name in _packages_along(trace) if name in packages]


def _depth_of(trace: TracebackType | None, packages: Collection[str]) -> int:
    """Return how many frames come before the first one in these packages; 0 where none is."""
    along = _packages_along(trace)
    return next((depth for depth, name in enumerate(along) if name in packages), 0)


def _packages_along(trace: TracebackType | None) -> list[str]:
    return [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in traceback.walk_tb(trace)]


def _is_machinery(filename: str) -> bool:
    is_import = filename.startswith("<frozen importlib") or "/importlib/" in filename.replace("\\", "/")
    return is_import or str(Path(filename).resolve()).startswith(_HORIZON)
