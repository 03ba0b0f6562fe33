"""Claims about servers that are started here: healthy before they are used, stopped whatever ends their starter."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from horizon.core.errors import ModelFailure
from horizon.models._served.process import ServerProcess

SERVER = """
import http.server, os, sys
mark = os.open(sys.argv[3], os.O_WRONLY)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""
STARTER = """
import sys
from horizon.models._served.process import ServerProcess
script, mark = sys.argv[1:]
command = lambda host, port: [sys.executable, "-I", script, host, str(port), mark]
process = ServerProcess("a test", command, start_limit_s=60)
print(process.url, flush=True)
sys.stdin.read()
"""


class Mark:
    """A pipe by name: its reader gets the end of the file when the server, its only writer, is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def is_ended(self) -> bool:
        # Not before a writer came: without one, a pipe is at its end from the start.
        ready, _, _ = select.select([self.reader], [], [], 60)
        return bool(ready) and os.read(self.reader, 1) == b""


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[Mark]:
    made = Mark(tmp_path / "mark")
    yield made
    os.close(made.reader)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return path


def test_a_server_is_healthy_when_it_is_handed_over_and_gone_when_it_is_stopped(script: Path, mark: Mark) -> None:
    process = ServerProcess(
        "a test",
        lambda host, port: [sys.executable, "-I", str(script), host, str(port), str(mark.path)],
        start_limit_s=60,
    )
    assert process.url.startswith("http://127.0.0.1:")
    process.stop()
    process.stop()
    assert mark.is_ended()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_with_its_starter_however_that_ends(number: signal.Signals, script: Path, mark: Mark) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(script), str(mark.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert starter.stdin is not None and starter.stdout is not None
    assert starter.stdout.readline().startswith(b"http://127.0.0.1:")
    starter.send_signal(number)
    assert starter.wait(60) != 0
    assert mark.is_ended()
    starter.stdin.close()
    starter.stdout.close()


def test_a_server_that_ends_while_it_starts_is_told_with_its_last_words() -> None:
    with pytest.raises(
        ModelFailure, match=r"a test: its server ended while it started: .*no such model \\x1b"
    ) as caught:
        ServerProcess(
            "a test",
            lambda host, port: [sys.executable, "-c", "import sys; sys.exit('no such model \\x1b[31m')"],
            start_limit_s=60,
        )
    assert str(caught.value).isprintable()


def test_a_server_that_never_answers_is_stopped_at_its_limit(tmp_path: Path, mark: Mark) -> None:
    path = tmp_path / "silent.py"
    path.write_text("import os, sys, threading\nmark = os.open(sys.argv[1], os.O_WRONLY)\nthreading.Event().wait()\n")
    with pytest.raises(ModelFailure, match=r"not healthy within 0\.5 s: it wrote nothing"):
        ServerProcess(
            "a test", lambda host, port: [sys.executable, "-I", str(path), str(mark.path)], start_limit_s=0.5
        )
    assert mark.is_ended()


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(ModelFailure, match="No such file"):
        ServerProcess("a test", lambda host, port: ["/no/such/program"], start_limit_s=60)
