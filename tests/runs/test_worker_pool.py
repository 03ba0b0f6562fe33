"""Claims about worker processes: they end with the one that started them, and what waits is not begun."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from horizon.runs.worker_pool import open_workers

STARTING = (
    "import sys, time\nfrom pathlib import Path\nfrom horizon.runs.worker_pool import open_workers\n"
    "def work(folder, number):\n    import os\n    Path(folder, str(os.getpid())).touch()\n    time.sleep(600)\n"
    "with open_workers(2) as pool:\n"
    "    parts = [pool.submit(work, sys.argv[1], number) for number in range(8)]\n"
    "    parts[0].result()\n"
)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(how: signal.Signals, tmp_path: Path) -> None:
    main = subprocess.Popen(
        [sys.executable, "-c", STARTING, tmp_path], start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert len(workers) == 2
    if how == signal.SIGINT:
        # As a terminal sends it: to every process of the group.
        os.killpg(main.pid, how)
    else:
        main.kill()
    main.wait(timeout=60)
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, workers))
    assert len(list(tmp_path.iterdir())) == 2


def test_the_results_of_a_pool_are_those_of_its_function() -> None:
    with open_workers(2) as pool:
        assert list(pool.map(abs, range(-3, 1))) == [3, 2, 1, 0]
