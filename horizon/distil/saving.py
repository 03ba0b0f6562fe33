"""Files of other libraries in a student's folder: saved without their progress bars, and a full disk is one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import transformers

from horizon.core.errors import HorizonError, StoreError
from horizon.runs.replacing import reason_of


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Silence transformers' progress bars, and name the folder where something in it can't be saved.

    Raises
    ------
    StoreError
        The disk refuses: torch, safetensors and tokenizers each raise an error of their own for it.
    """
    logging = transformers.utils.logging
    has_bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except HorizonError:
        raise
    except Exception as problem:  # noqa: BLE001 - tokenizers raises bare exceptions
        reason = reason_of(problem) if isinstance(problem, OSError) else str(problem).strip().partition("\n")[0][:200]
        raise StoreError(f"{folder} can't be written: {reason}; make room, then continue with --resume") from None
    finally:
        if has_bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
