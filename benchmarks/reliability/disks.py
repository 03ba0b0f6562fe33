"""Runs on a disk that is full at a random byte, resumed once there is room again, and runs on a read-only disk.

Run as root: python benchmarks/reliability/disks.py FOLDER [N]; a tmpfs of 8 MiB is mounted on the empty FOLDER. Each
attempt must end in one line or in a result, and every run in the rows of one that was never interrupted.
"""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import pyarrow.parquet as pq

import horizon
from horizon.core.errors import HorizonError
from horizon.play import session
from horizon.runs.verify import verify
from horizon.scenarios.scenario import make

GIVEN = {
    "environment": "permutation", "model": "synthetic:hazard=0.2", "episodes": 4, "turns": 10,
    "conditions": ["natural", "fresh", "window:3"],
}  # fmt: skip


def rows(folder: Path) -> list[object]:
    """Return the rows of a run without its times."""
    tables = [pq.read_table(folder / name) for name in ("turns.parquet", "episodes.parquet")]
    return [
        table.drop_columns([name for name in table.column_names if name.endswith("_ms")]).to_pylist()
        for table in tables
    ]


def play(folder: Path) -> None:
    """Play or resume a run."""
    options = session.RunOptions(resume=(folder / "manifest.json").exists())
    session.run(make(dict(GIVEN), "disks"), folder, options)


def end(work: Callable[[], object]) -> str:
    """Return how work ended: a result, one line, or the last line of a traceback."""
    try:
        with contextlib.redirect_stderr(None):
            work()
    except HorizonError as problem:
        return "one line" if "\n" not in str(problem) else "several lines"
    except BaseException:  # noqa: BLE001 - what is counted
        return traceback.format_exc().strip().splitlines()[-1][:150]
    return "a result"


def main() -> None:
    """Fill the disk at random places, and print how the attempts ended."""
    disk = Path(sys.argv[1])
    n_runs = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    ends: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    draw = random.Random(16)
    try:
        with tempfile.TemporaryDirectory() as elsewhere:
            whole = Path(elsewhere) / "whole"
            play(whole)
            expected = rows(whole)
            size = sum(file.stat().st_size for file in whole.rglob("*"))
        for _ in range(n_runs):
            run, filler = disk / "run", disk / "filler"
            for _ in range(draw.randint(1, 3)):
                free = shutil.disk_usage(disk).free
                filler.write_bytes(bytes(max(0, free - draw.randrange(size))))
                ends[end(lambda run=run: play(run))] += 1
                filler.unlink()
            ends[f"with room again: {end(lambda run=run: play(run))}"] += 1
            is_same = (run / "episodes.parquet").exists() and rows(run) == expected
            faults["other rows"] += not is_same
            faults["damaged"] += is_same and any(check.damage for check in verify(run))
            left = [file.name for file in (*disk.iterdir(), *run.iterdir()) if file.suffix in (".part", ".lock")]
            faults[f"left {left}"] += bool(left)
            shutil.rmtree(run)
        play(disk / "run")
        report = disk / "run" / "report.html"
        horizon.load(disk / "run").report()
        page = report.read_bytes()
        for free in (0, 4096, 200_000):
            filler.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - free)))
            ends[f"report: {end(lambda: horizon.load(disk / 'run').report())}"] += 1
            filler.unlink()
            faults["report torn"] += (
                not report.read_bytes().rstrip().endswith(b"</html>") or abs(len(page) - report.stat().st_size) > 9999
            )
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        run = disk / "run"
        works: dict[str, Callable[[], object]] = {
            "play into a read-only folder": lambda: play(disk / "other"),
            "resume in a read-only folder": lambda: play(run),
            "report into a read-only folder": lambda: horizon.load(run).report(),
            "analyze a read-only run": lambda: horizon.load(run).analyze(),
            "verify a read-only run": lambda: verify(run),
        }
        for name, work in works.items():
            ends[f"{name}: {end(work)}"] += 1
    finally:
        subprocess.run(["umount", disk], check=True)
    print(dict(ends), "faults", dict(+faults))


if __name__ == "__main__":
    main()
