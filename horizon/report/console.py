"""The console that tables are printed to: as wide as the terminal, unbounded if output is not a terminal."""

import sys
from typing import TextIO

from rich.console import Console

_UNBOUNDED = 100_000
"""The width for a file or a pipe: nothing is wrapped or cut."""


def open_console(file: TextIO | None = None) -> Console:
    """Return a console for a stream, standard output without one; only a terminal has a width."""
    stream = file or sys.stdout
    return Console(file=stream) if stream.isatty() else Console(file=stream, width=_UNBOUNDED)
