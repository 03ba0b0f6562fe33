"""Claims about runs on Ray: the rows of a run played whole, even when a worker is killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

pytest.importorskip("ray")
GIVEN = {
    "environment": "hanoi:disks=4,rounds=0",
    "model": "synthetic:hazard=0.2,conditioning=0.1",
    "conditions": ["natural", "fresh", "healed"],
    "episodes": 8,
    "turns": 400,
}
PROGRAM = """
import sys
from pathlib import Path
import ray
from horizon.play.ray_executor import run_on_ray
from horizon.scenarios.scenario import make
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=40)
run_on_ray(make({given!r}, "test"), Path(sys.argv[1]), 4)
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    folder, part = tmp_path / "run", tmp_path / "run.parts" / "part-1"
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(given=GIVEN), str(folder)], stderr=subprocess.PIPE, text=True
    )
    try:
        # The lock names the worker; some rows must be there, so that there is something to lose.
        deadline = time.monotonic() + 90
        while not (part / "turns.jsonl").exists() or (part / "turns.jsonl").stat().st_size < 50_000:
            assert program.poll() is None and time.monotonic() < deadline, program.stderr and program.stderr.read()
        killed = int((part / "run.lock").read_text())
        before = (part / "turns.jsonl").stat().st_size
        os.kill(killed, signal.SIGKILL)
        _, said = program.communicate(timeout=120)
    finally:
        program.kill()
    assert program.returncode == 0, said
    assert run_folder.read_manifest(part)["resumed"], "the killed worker's shard was not taken up again"
    assert before < (part / "turns.jsonl").stat().st_size
    session.run(make(GIVEN, "test"), tmp_path / "whole")
    joined, whole = (
        run_folder.read_turns(each).drop("latency_ms", "engine_ms") for each in (folder, tmp_path / "whole")
    )
    assert joined.equals(whole)
