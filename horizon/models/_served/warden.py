"""Runs a command until it ends, or until standard input closes: its starter is gone then, however that ended.

Started as a script of its own, `python -I warden.py COMMAND...`; standard library only. The command and all that it
starts are one process group, which is ended as a whole.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

_PATIENCE_S = 10.0


def main() -> int:
    """Run the command of the command line and return its exit code."""
    # A terminal's Ctrl-C goes to the starter, which then closes our standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)

    def end_when_closed() -> None:
        # os.read, since a buffered reader's lock would keep the interpreter from ending.
        while os.read(0, 4096):
            pass
        _end(child)

    signal.signal(signal.SIGTERM, lambda number, frame: _end(child))
    threading.Thread(target=end_when_closed, daemon=True).start()
    code = child.wait()
    _signal(child.pid, signal.SIGKILL)
    return code


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End the command's process group, by force where it takes too long."""
    _signal(child.pid, signal.SIGTERM)
    timer = threading.Timer(_PATIENCE_S, _signal, (child.pid, signal.SIGKILL))
    timer.daemon = True
    timer.start()


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main())
