"""What `horizon attribute` and `horizon drift` left beside runs and can't be read: named, and left out of the report.

One damaged file is no reason to lose the report of a run that is whole.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from horizon.core.errors import StoreError
from horizon.runs.attribution_file import EDITS, read_attribution
from horizon.runs.drift_file import read_drift
from horizon.runs.run_data import RunData

Held = TypeVar("Held")


def read_whole(read: Callable[[], Held | None]) -> Held | None:
    """Return what a file holds; None where there is none, or where it is damaged, as `damage_notes` names."""
    try:
        return read()
    except StoreError:
        return None


def damage_notes(runs: Sequence[RunData]) -> Iterator[str]:
    """Yield a line for each file beside the runs that can't be read: its damage, and what to do."""
    for run in runs:
        if run.folder is None:
            continue
        reads: list[Callable[[], object]] = [partial(read_drift, run.folder)]
        reads += [partial(read_attribution, run.folder, edit) for edit in EDITS]
        for read in reads:
            try:
                read()
            except StoreError as problem:
                yield f"left out of the report: {problem}"
