"""Plays and merges killed by SIGKILL at random moments, started again until they end, then compared.

Run: python benchmarks/reliability/kills.py [KILLS [SECONDS [FILE]]]. Prints the kills done and what differed.
FILE keeps the counts after every run that was compared; the same command counts on from there.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import pyarrow.parquet as pq

from horizon.play import session
from horizon.runs.shards import Shard, merge
from horizon.scenarios.scenario import Scenario, make

RUNS = {
    "running_total": {"environment": "running_total", "model": "random", "episodes": 12, "turns": 15},
    "permutation": {
        "environment": "permutation", "model": "synthetic:hazard=0.2", "episodes": 6, "turns": 10,
        "conditions": ["natural", "fresh", "healed", "window:3"],
    },
}  # fmt: skip
TABLES = ("turns.parquet", "episodes.parquet")


def child(work: Callable[[], object]) -> int:
    """Start a process that does the work; return its id."""
    process = os.fork()
    if process == 0:
        code = 3
        try:
            sys.stderr = sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            work()
            code = 0
        finally:
            os._exit(code)
    return process


def until_done(work: Callable[[], object], most_kills: int, longest_s: float, draw: random.Random) -> tuple[int, int]:
    """Do the work, killed at random moments; return the kills and the last exit code."""
    kills = 0
    while True:
        process = child(work)
        end = time.monotonic() + (draw.uniform(0, longest_s) if kills < most_kills else 1e9)
        while True:
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > end:
                os.kill(process, signal.SIGKILL)
                _, status = os.waitpid(process, 0)
                break
            time.sleep(0.002)
        code = os.waitstatus_to_exitcode(status)
        if code != -signal.SIGKILL:
            return kills, code
        kills += 1


def rows(folder: Path) -> list[object]:
    """Return the rows of a run without its times."""
    return [pq.read_table(folder / name).drop_columns(
        [each for each in pq.read_schema(folder / name).names if each.endswith("_ms")]
    ).to_pylist() for name in TABLES]  # fmt: skip


def play(scenario: Scenario, folder: Path) -> None:
    """Play, or resume."""
    session.run(scenario, folder, session.RunOptions(resume=(folder / "manifest.json").exists()))


def main() -> None:
    """Kill until both limits, and print the counts."""
    target = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    deadline = time.monotonic() + (float(sys.argv[2]) if len(sys.argv) > 2 else 1e9)
    work, draw = Path(tempfile.mkdtemp()), random.Random(16)
    whole: dict[str, list[object]] = {}
    takes: dict[str, float] = {}
    scenarios = {name: make(dict(given), "kills") for name, given in RUNS.items()}
    for name, scenario in scenarios.items():
        play(scenario, work / name)
        begun = time.monotonic()
        until_done(lambda scenario=scenario: play(scenario, work / "timed"), 0, 1, draw)
        takes[name] = time.monotonic() - begun
        shutil.rmtree(work / "timed")
        whole[name] = rows(work / name)
    parts = [work / "part-1", work / "part-2"]
    for number, part in enumerate(parts, 1):
        session.run(scenarios["running_total"], part, session.RunOptions(shard=Shard(number, 2)))
    begun = time.monotonic()
    until_done(lambda: merge(parts, work / "joined"), 0, 1, draw)
    takes["merge"] = time.monotonic() - begun
    out = work / "out"
    record = Path(sys.argv[3]) if len(sys.argv) > 3 else work / "counts.json"
    before = json.loads(record.read_text()) if record.is_file() else {}
    kills, runs, faults = (Counter[str](before.get(key, {})) for key in ("kills", "runs", "faults"))
    draw.seed(f"16 {kills.total()}")
    while kills.total() < target and time.monotonic() < deadline:
        name = draw.choice([*scenarios, "merge"])
        if name == "merge":
            done, code = until_done(lambda: merge(parts, out), 4, takes[name], draw)
        else:
            done, code = until_done(lambda name=name: play(scenarios[name], out), 6, takes[name], draw)
        kills[name] += done
        runs[name] += 1
        if code:
            faults[f"{name}: exit code {code}"] += 1
        elif rows(out) != whole["running_total" if name == "merge" else name]:
            faults[f"{name}: other rows"] += 1
        left = [
            each.name for each in (*out.iterdir(), *work.iterdir()) if each.suffix in (".part", ".lock", ".building")
        ]
        faults[f"{name}: left {left}"] += bool(left)
        shutil.rmtree(out)
        record.write_text(json.dumps({"kills": kills, "runs": runs, "faults": +faults}))
    print("kills", dict(kills), "in all", kills.total(), "runs", dict(runs), "faults", dict(+faults))


if __name__ == "__main__":
    main()
