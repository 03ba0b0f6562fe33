"""A line appended to an open file: the whole of it, or nothing, whatever the disk refuses in between."""

import os


def append_whole(file: int, line: bytes) -> None:
    """Write a line at the end of a file; when this returns it survives the death of the process.

    Raises
    ------
    OSError
        The disk is full or gone; no torn part of the line stays in the file.
    """
    written = 0
    try:
        while written < len(line):
            written += os.write(file, line[written:] if written else line)
    except OSError:
        if 0 < written < len(line):
            os.ftruncate(file, os.fstat(file).st_size - written)
        raise
