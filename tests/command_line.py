"""The command line for tests: in this process, which saves seconds of imports, or several lines in one other."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from horizon.cli.app import main

RUN_LINES = """
import contextlib, io, json, sys
from horizon.cli import main
results = []
for line in json.loads(sys.argv.pop()):
    out, err, code = io.StringIO(), io.StringIO(), 0
    sys.argv = ["horizon", *line]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    results.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(results))
"""
"""What another process runs: one line after the other, each with its exit code and its own output."""


def horizon(*arguments: str, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in this process; killed runs need one of their own."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for name, value in {"HF_HUB_OFFLINE": "1", "COLUMNS": "150", **environment}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["horizon", *arguments])
        if cwd is not None:
            patch.chdir(cwd)
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
    return subprocess.CompletedProcess(arguments, int(str(code)), out.getvalue(), err.getvalue())


def horizon_apart(
    lines: Sequence[Sequence[str]], cwd: Path, first: str = "", **environment: str
) -> list["subprocess.CompletedProcess[str]"]:
    """Run lines of the command line one after the other in a new Python, which runs this code before anything else."""
    command = [sys.executable, "-c", first + RUN_LINES, json.dumps([list(line) for line in lines])]
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **environment}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    results = json.loads(ended.stdout.splitlines()[-1])
    return [subprocess.CompletedProcess(line, *result) for line, result in zip(lines, results, strict=True)]
