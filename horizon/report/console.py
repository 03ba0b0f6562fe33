"""The console that tables are printed to: as wide as the terminal, and unbounded where output is none."""

import sys
from typing import TextIO

from rich.console import Console

_UNBOUNDED = 100_000
"""Columns of a file or a pipe: nothing in them is wrapped or cut."""


def open_console(file: TextIO | None = None) -> Console:
    """Return a console for a stream, standard output without one; only a terminal has a width."""
    stream = file or sys.stdout
    return Console(file=stream) if stream.isatty() else Console(file=stream, width=_UNBOUNDED)
