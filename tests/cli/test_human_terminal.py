"""Claims about a person at a real terminal: Ctrl-C and `quit` leave at once, with the line that goes on."""

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest

_MOST_SECONDS = 120.0


def play_at_a_terminal(folder: Path, keys: bytes) -> tuple[str, int]:
    """Play hanoi as a person who types these keys at the first question; return what is shown, and the exit code."""
    process, terminal = pty.fork()
    if process == 0:
        words = ["-m", "horizon.cli", "play", "--model", "human", "--env", "hanoi", "--out", str(folder)]
        os.execv(sys.executable, [sys.executable, *words])
    shown, is_typed, until = b"", False, time.monotonic() + _MOST_SECONDS
    while time.monotonic() < until:
        if select.select([terminal], [], [], 1.0)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the end: the process has closed its side
                break
        if not is_typed and shown.endswith(b"\r\n> "):
            # Only once the process waits in its read does the test say anything.
            time.sleep(0.3)
            os.write(terminal, keys)
            is_typed = True
    else:
        os.kill(process, 9)
    status = os.waitpid(process, 0)[1]
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("keys", [b"\x03", b"quit\n"], ids=["Ctrl-C", "quit"])
def test_a_person_leaves_at_once(tmp_path: Path, keys: bytes) -> None:
    shown, code = play_at_a_terminal(tmp_path / "run", keys)
    assert "quit leaves" in shown
    assert "horizon play --model human --env hanoi --resume --out" in shown
    assert "Traceback" not in shown
    assert code == 130
