"""Runs during which the computer's clock is set back and forward again and again, some of them killed and resumed.

Run: python benchmarks/reliability/clock.py LIBFAKETIME [N], the path of libfaketime.so.1. The clock jumps by up to
ten years each 20 ms, as libfaketime shows it to the run and its engine; rows must be those of a run with a steady one.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from horizon.runs.verify import verify

PROGRAM = """
import sys
from pathlib import Path
from horizon.play import session
from horizon.scenarios.scenario import make
GIVEN = {
    "total": {"environment": "running_total", "model": "random", "episodes": 12, "turns": 40},
    "chess": {"environment": "chess", "model": "random", "episodes": 2, "turns": 4, "judge_nodes": 300},
}
folder = Path(sys.argv[2])
session.run(make(GIVEN[sys.argv[1]], "clock"), folder, session.RunOptions(resume=(folder / "manifest.json").exists()))
"""
KINDS = ("total", "chess")


def rows(folder: Path) -> list[object]:
    """Return the rows of a run without its times."""
    tables = [pq.read_table(folder / name) for name in ("turns.parquet", "episodes.parquet")]
    return [
        table.drop_columns([name for name in table.column_names if name.endswith("_ms")]).to_pylist()
        for table in tables
    ]


def has_impossible_times(folder: Path) -> bool:
    """Return whether an interval is negative or longer than ten minutes."""
    table = pq.read_table(folder / "turns.parquet")
    columns = [table[name] for name in ("latency_ms", "engine_ms")]
    return any((pc.min(column).as_py() or 0) < 0 or (pc.max(column).as_py() or 0) > 600_000 for column in columns)


def main() -> None:
    """Play with a jumping clock, and print what differed."""
    library, n_runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    work, draw = Path(tempfile.mkdtemp()), random.Random(16)
    offset = work / "offset"
    steady = {**os.environ, "HF_HUB_OFFLINE": "1"}
    fake = {
        **steady,
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        # Setting a clock changes the time of day; intervals are measured by the monotonic one.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    expected = {}
    for kind in KINDS:
        subprocess.run([sys.executable, "-c", PROGRAM, kind, str(work / kind)], env=steady, check=True, stderr=-3)
        expected[kind] = rows(work / kind)
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for number in range(n_runs):
        kind, folder = KINDS[number % 4 == 3], work / f"run-{number}"
        n_kills = draw.randint(0, 2)
        while True:
            offset.write_text("+0")
            process = subprocess.Popen([sys.executable, "-c", PROGRAM, kind, str(folder)], env=fake, stderr=-3)
            until = time.monotonic() + draw.uniform(2, 8) if n_kills else float("inf")
            while process.poll() is None and time.monotonic() < until:
                offset.write_text(f"{draw.randint(-315_000_000, 315_000_000):+d}")
                counts["clock set"] += 1
                time.sleep(0.02)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            counts["kills"] += 1
            n_kills -= 1
        counts["runs"] += 1
        faults[f"exit code {process.returncode}"] += process.returncode != 0
        if process.returncode == 0:
            faults["other rows"] += rows(folder) != expected[kind]
            faults["impossible times"] += has_impossible_times(folder)
            faults["damaged"] += any(check.damage for check in verify(folder))
    print(dict(counts), "faults", dict(+faults))


if __name__ == "__main__":
    main()
