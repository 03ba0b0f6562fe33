"""Rows that an environment can't take: damaged, of another version, or made by somebody else.

Whatever an environment raises of a stored row becomes one line that names it; a plug-in's fault stays its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from horizon.core.errors import HorizonError, StoreError
from horizon.core.records import Turn
from horizon.core.registry import plugin_fault


@contextmanager
def naming(row: Turn) -> Iterator[None]:
    """Turn what the values of a stored row raise into one line that names the row.

    Raises:
        StoreError: the row's values are none of its environment.
    """
    try:
        yield
    except HorizonError:
        raise
    except Exception as problem:
        if plugin_fault(problem) is not None:
            raise
        raise StoreError(
            f"turn {row.turn} of episode '{row.episode_id}' ({row.condition}) can't be read: a value of it is none of "
            f"{row.environment} ({type(problem).__name__}: {str(problem)[:200]}); restore the run from a copy"
        ) from None
