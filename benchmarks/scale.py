"""Many turns without a model's cost: CPU time and memory by turns played, whole and in shards.

    python benchmarks/scale.py [--turns 1000000] [--shards 16] [--episodes 10000]

`random` plays running_total, natural only, 100 turns per episode. Whole: one run of that many turns; its memory is
read at each tenth. In shards: that many episodes of 10 turns are planned as shards, one of them is killed at half and
resumed, and all are merged; the merged rows must be those of the run played whole. CPU time is user and system time,
because the machine may be shared.
"""

import argparse
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

TURNS_AN_EPISODE = 100
SHARD_TURNS = 10


def scenario(episodes: int, turns: int) -> Any:
    from horizon.scenarios.scenario import make

    return make(
        {
            "environment": "running_total",
            "model": "random",
            "episodes": episodes,
            "turns": turns,
            "conditions": ["natural"],
        },
        "scale",
    )


def play(folder: Path, episodes: int, turns: int, shard: str) -> None:
    """Play a run in this process; print CPU time and memory."""
    from horizon.play.session import RunOptions, run
    from horizon.runs.shards import shard_of

    marks: list[tuple[int, float]] = []
    tenth = max(1, episodes * turns // 10)

    def watch(played: Any) -> None:
        n_turns = played.turns
        if n_turns // tenth > len(marks):
            marks.append((n_turns, _resident()))
            print(f"{n_turns:,} turns: {_resident():.0f} MiB", file=sys.stderr, flush=True)

    number, _, shards = shard.partition("/")
    part = shard_of(int(number), int(shards)) if shards else None
    run(scenario(episodes, turns), folder, RunOptions(resume=folder.exists(), shard=part), watch=watch)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024, "marks": marks}))


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def _apart(folder: Path, episodes: int, turns: int, shard: str = "") -> dict[str, Any]:
    command = [sys.executable, __file__, "--play", str(folder), "--episodes", str(episodes), "--turns", str(turns)]
    output = subprocess.run([*command, "--shard", shard], check=True, stdout=subprocess.PIPE, text=True).stdout
    report: dict[str, Any] = json.loads(output.splitlines()[-1])
    return report


def _kill_at_half(folder: Path, episodes: int, shard: str, n_rows: int) -> None:
    command = [sys.executable, __file__, "--play", str(folder), "--episodes", str(episodes)]
    command += ["--turns", str(SHARD_TURNS), "--shard", shard]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = folder / "turns.jsonl"
    while process.poll() is None:
        if journal.is_file() and journal.read_bytes().count(b"\n") >= n_rows // 2:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.05)


def whole(n_turns: int, out: Path) -> None:
    for share in (10, 3, 1):
        episodes = n_turns // share // TURNS_AN_EPISODE
        report = _apart(out / f"whole-{share}", episodes, TURNS_AN_EPISODE)
        n_played = episodes * TURNS_AN_EPISODE
        marks = ", ".join(f"{turns:,}: {mib:.0f}" for turns, mib in report["marks"])
        print(
            f"{n_played:,} turns: {report['cpu_s']:.0f} s CPU, {1e3 * report['cpu_s'] / n_played:.3f} ms per turn; "
            f"peak {report['peak_mib']:.0f} MiB; resident MiB at turn {marks}; "
            f"journal {(out / f'whole-{share}' / 'turns.jsonl').stat().st_size / n_played:.0f} bytes per turn",
            flush=True,
        )


def sharded(episodes: int, shards: int, out: Path) -> None:
    from horizon.runs.shards import merge

    for n_episodes in (episodes // 4, episodes):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        folders = [out / f"{n_episodes}-{number}" for number in range(1, shards + 1)]
        rows = n_episodes * SHARD_TURNS // shards
        _kill_at_half(folders[0], n_episodes, f"1/{shards}", rows)
        killed = len(folders[0].joinpath("turns.jsonl").read_bytes().splitlines())
        for number, folder in enumerate(folders, start=1):
            _apart(folder, n_episodes, SHARD_TURNS, f"{number}/{shards}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = time.process_time()
        merged = merge(folders, out / f"{n_episodes}-merged")
        merging = time.process_time() - own
        cpu = after.ru_utime + after.ru_stime - began.ru_utime - began.ru_stime
        n_turns = n_episodes * SHARD_TURNS
        line = f"{n_episodes:,} episodes in {shards} shards, {n_turns:,} turns: {cpu:.0f} s CPU for playing, one "
        line += f"shard killed after {killed} rows and resumed; merging {merging:.1f} s"
        print(line, flush=True)
        if n_episodes == episodes // 4:
            _apart(out / "reference", n_episodes, SHARD_TURNS)
            same = _rows(Path(merged)) == _rows(out / "reference")
            print(f"merged rows equal those of the run played whole: {same}", flush=True)


def _rows(folder: Path) -> str:
    """Return a hash of a run's rows without what a clock measured."""
    frame = pl.read_parquet(folder / "turns.parquet").drop("latency_ms", "engine_ms").sort("episode_id", "turn")
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--only", choices=("whole", "shards"))
    parser.add_argument("--play", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--shard", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.play is not None:
        play(given.play, given.episodes, given.turns, given.shard)
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.only != "shards":
            whole(given.turns, Path(folder))
        if given.only != "whole":
            sharded(given.episodes, given.shards, Path(folder))


if __name__ == "__main__":
    main()
