"""A server that Horizon starts itself: on a free loopback port, healthy before it is used, and always stopped.

It ends with `stop`, with an interruption, at the interpreter's exit, and when this process is killed (see `warden`).
"""

import contextlib
import http.client
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from horizon.core.errors import ModelFailure
from horizon.core.escaping import visible

_HOST = "127.0.0.1"
_PAUSE_S = 0.1
_PATIENCE_S = 15.0
_LAST_LINES = 3


class ServerProcess:
    """A running server; `url` is the address of its API."""

    def __init__(
        self, name: str, command: Callable[[str, int], Sequence[str]], *, start_limit_s: float, health: str = "/health"
    ) -> None:
        """Start a server and wait until it is healthy.

        `command` makes the command line from the host and the port to listen on.

        Raises:
            ModelFailure: it can't be started, ended by itself, or was not healthy in time; with its last words.
        """
        self._name = name
        # A file and no pipe: nobody reads along, and a full pipe would stop the server.
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        port = _free_port()
        self.url = f"http://{_HOST}:{port}/v1"
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(Path(__file__).with_name("warden.py")), *command(_HOST, port)],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as problem:
            raise ModelFailure(f"{name} can't be started: {problem.strerror}") from None
        self._stop = weakref.finalize(self, _stop_process, self._process)
        try:
            self._wait(port, health, start_limit_s)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server; may be called twice."""
        self._stop()
        self._log.close()

    @property
    def pid(self) -> int:
        """The process that holds the server."""
        return self._process.pid

    def _wait(self, port: int, health: str, limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not _is_healthy(port, health):
            if self._process.poll() is not None:
                raise ModelFailure(f"{self._name}: its server ended while it started: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ModelFailure(
                    f"{self._name}: its server was not healthy within {limit_s:g} s: {self._last_words()}"
                )
            time.sleep(_PAUSE_S)

    def _last_words(self) -> str:
        size = self._log.seek(0, 2)
        self._log.seek(max(0, size - 4000))
        lines = [line.strip() for line in self._log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return visible(" / ".join(lines[-_LAST_LINES:]))[-600:] or "it wrote nothing"


def _stop_process(process: "subprocess.Popen[bytes]") -> None:
    """Close the warden's standard input, upon which it ends the server, and wait for it."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def _is_healthy(port: int, path: str) -> bool:
    # http.client knows no proxy, which an environment variable might put before the loopback.
    connection = http.client.HTTPConnection(_HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
