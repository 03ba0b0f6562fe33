"""A broken plug-in on the command line: its own traceback on standard error, exit code 2, and nothing of Horizon's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

IMPORT_FAULT = "import a_package_that_nobody_has\n"
CALL_FAULT = '''"""A model that can't be opened."""


def open_model(argument, options):
    return {"walls": 4}[argument]
'''


def run(folder: Path, source: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line where a package with one model backend is installed, as pip lays it out."""
    (folder / "example_hall.py").write_text(source, "utf-8")
    info = folder / "example_hall-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-hall\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[horizon.models]\nhall = example_hall\n", "utf-8")
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))
    return subprocess.run(
        [sys.executable, "-m", "horizon.cli", *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (IMPORT_FAULT, "import a_package_that_nobody_has", "entry point horizon.models:hall (example_hall) can't be"),
        (CALL_FAULT, 'return {"walls": 4}[argument]', "plug-in example-hall failed: KeyError: 'doors'"),
    ],
)
def test_a_fault_while_playing_is_the_plugins_own_traceback_and_exit_code_2(
    source: str, line: str, message: str, tmp_path: Path
) -> None:
    ended = run(tmp_path, source, "play", "--env", "hanoi", "--model", "hall:doors", "--out", "run")
    assert ended.returncode == 2
    *trace, last = ended.stderr.strip().splitlines()
    assert last.startswith(f"horizon: {message}")
    assert any(text.strip() == line for text in trace)
    assert not any(f"horizon{os.sep}" in text for text in trace)
