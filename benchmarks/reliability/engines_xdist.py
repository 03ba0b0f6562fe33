"""A suite of 24 environments and variants under pytest-xdist, whose engines are killed all the while.

Run: python benchmarks/reliability/engines_xdist.py [SECONDS_BETWEEN_KILLS]. The verdicts must be those of the suite
without kills; an episode that a failing engine ended is counted as aborted and never as an error of the model.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

SCENARIOS = (
    "hanoi", "hanoi:disks=4", "hanoi:ask=plan", "grid_walk", "blocks_world", "river_crossing", "sliding_tiles",
    "checker_jumping", "endgame", "pddl", "running_total", "permutation", "list_editing", "stack_machine",
    "board_tracking", "reasoning_gym:leg_counting", "puzzle", "puzzle:goal=mate", "chess", "chess:show=fen",
    "chess:color=black", "chess:later=fen", "chess_variant:variant=atomic", "chess_variant:variant=antichess",
)  # fmt: skip
HEAD = """
model = "random"
conditions = ["natural", "fresh"]
episodes = 6
turns = 6
judge_nodes = 2000
"""


def suite(folder: Path) -> Path:
    """Write the suite; return its file."""
    parts = [HEAD]
    for number, name in enumerate(SCENARIOS):
        parts.append(f'[[scenario]]\nname = "n{number}"\nenvironment = "{name}"\n')
        parts.append("[[scenario.expect.error_rate]]\nat_most = 1.0\n")
    file = folder / "suite.toml"
    file.write_text("\n".join(parts))
    return file


def engines_of(pid: int) -> list[int]:
    """Return the engines among the descendants of a process."""
    children: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                name, _, rest = (entry / "stat").read_text().rpartition(")")
            except OSError:
                continue
            names[int(entry.name)] = name.partition("(")[2].lower()
            children.setdefault(int(rest.split()[1]), []).append(int(entry.name))
    reached, seen = [pid], []
    while reached:
        seen += (found := children.get(reached.pop(), []))
        reached += found
    return [process for process in seen if "stockfish" in names[process] or "fairy" in names[process]]


def run(file: Path, out: Path, pause_s: float | None) -> tuple[int, str, int]:
    """Run the suite on two workers, its engines killed after random pauses; return exit code, last line and kills."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(file),
        "--horizon-out",
        str(out),
        "-n",
        "2",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(out.parent / f"cache-{out.name}")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    draw, n_kills = random.Random(16), 0
    while process.poll() is None:
        time.sleep(draw.uniform(0.2, 1.8) * pause_s if pause_s else 1)
        living = engines_of(process.pid) if pause_s else []
        if living:
            try:
                os.kill(draw.choice(living), signal.SIGKILL)
                n_kills += 1
            except ProcessLookupError:
                continue
    output = process.stdout.read() if process.stdout else ""
    lines = output.strip().splitlines()
    print("\n".join(line for line in lines if line.startswith(("ERROR", "FAILED", "E  "))))
    return process.returncode, lines[-1], n_kills


def rows(out: Path) -> pl.DataFrame:
    """Return the judged rows of all runs, without times."""
    keys = ["environment", "parameters", "seed", "condition", "turn"]
    tables = [pl.read_parquet(file) for file in sorted(out.rglob("turns.parquet"))]
    table = pl.concat([table.select(*keys, "action", "error", "loss") for table in tables])
    return table.sort(*keys)


def main() -> None:
    """Run the suite with and without kills, and print what differs."""
    pause_s = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    work = Path(tempfile.mkdtemp())
    file = suite(work)
    print("steady", run(file, work / "steady", None), flush=True)
    print("killed", run(file, work / "killed", pause_s), flush=True)
    steady, killed = rows(work / "steady"), rows(work / "killed")
    same = killed.join(steady, on=steady.columns, how="semi", nulls_equal=True)
    print(f"scenarios {len(SCENARIOS)}, rows {len(steady)}, under kills {len(killed)}, of these equal {len(same)}")


if __name__ == "__main__":
    main()
