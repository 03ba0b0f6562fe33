"""A broken plug-in on the command line: its own traceback on standard error, exit code 2, and nothing of Horizon's."""

import os
import subprocess
from pathlib import Path

import pytest
from command_line import horizon_apart

IMPORT_FAULT = "import a_package_that_nobody_has\n"
CALL_FAULT = '''"""A model that can't be opened."""


def open_model(argument, options):
    return {"walls": 4}[argument]
'''


REPLY_FAULT = """
from horizon.models.random import RandomModel


class Hall(RandomModel):
    __slots__ = ()

    def reply(self, requests):
        return [request.walls for request in requests]


def open_model(argument, options):
    return Hall("hall")
"""
JUDGE_FAULT = """
from horizon.environments.hanoi import Hanoi


class Hall(Hanoi):
    __slots__ = ()
    name = "hall"

    def judge(self, state, action, scores=None):
        raise RuntimeError("the doors are shut")


ENVIRONMENT = Hall
"""
ESTIMATE_FAULT = """
def estimates(table):
    return {"walls": table.walls}
"""
CHART_FAULT = """
def estimates(table):
    return {}


def charts(estimates):
    return [estimates["walls"]]
"""


def run(
    folder: Path, source: str, *lines: tuple[str, ...], group: str = "models"
) -> list["subprocess.CompletedProcess[str]"]:
    """Run lines of the command line where a package with one plug-in is installed, as pip lays it out."""
    (folder / "example_hall.py").write_text(source, "utf-8")
    info = folder / "example_hall-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-hall\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[horizon.{group}]\nhall = example_hall\n", "utf-8")
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))
    return horizon_apart(lines, folder, PYTHONPATH=path)


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
    (ended,) = run(tmp_path, source, ("play", "--env", "hanoi", "--model", "hall:doors", "--out", "run"))
    assert_is_its_own_fault(ended, line, message)


def test_a_fault_while_a_model_replies_is_its_own(tmp_path: Path) -> None:
    (ended,) = run(tmp_path, REPLY_FAULT, ("play", "--env", "hanoi", "--model", "hall", "--out", "run"))
    message = "plug-in example-hall failed: AttributeError: 'Request' object has no attribute 'walls'"
    assert_is_its_own_fault(ended, "return [request.walls for request in requests]", message)


def test_a_fault_while_an_environment_judges_is_its_own(tmp_path: Path) -> None:
    play = ("play", "--env", "hall", "--model", "random", "--out", "run")
    (ended,) = run(tmp_path, JUDGE_FAULT, play, group="environments")
    message = "plug-in example-hall failed: RuntimeError: the doors are shut"
    assert_is_its_own_fault(ended, 'raise RuntimeError("the doors are shut")', message)


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (IMPORT_FAULT, "import a_package_that_nobody_has", "entry point horizon.estimators:hall (example_hall) can't"),
        (ESTIMATE_FAULT, 'return {"walls": table.walls}', "plug-in example-hall failed: AttributeError: 'TurnTable'"),
        (CHART_FAULT, 'return [estimates["walls"]]', "plug-in example-hall failed: KeyError: 'walls'"),
    ],
)
def test_a_fault_of_an_estimator_ends_the_report_and_leaves_the_run(
    source: str, line: str, message: str, tmp_path: Path
) -> None:
    play = ("play", "--env", "hanoi", "--model", "random", "--episodes", "2", "--turns", "3", "--out", "run")
    played, reported = run(tmp_path, source, play, ("report", "run"), group="estimators")
    assert (tmp_path / "run" / "turns.parquet").is_file()
    assert_is_its_own_fault(played, line, message)
    assert_is_its_own_fault(reported, line, message)


def assert_is_its_own_fault(ended: "subprocess.CompletedProcess[str]", line: str, message: str) -> None:
    assert ended.returncode == 2, ended.stderr
    *trace, last = ended.stderr.strip().splitlines()
    assert last.startswith(f"horizon: {message}")
    assert any(text.strip() == line for text in trace)
    assert not any(f"horizon{os.sep}" in text for text in trace)
