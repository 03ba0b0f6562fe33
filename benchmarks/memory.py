"""Memory over 100,000 turns of play: the peak must not grow with the number of turns played.

python benchmarks/memory.py [--turns 100000]
"""

import argparse
import os
import tempfile
from pathlib import Path

from horizon.core.environment import open_environment
from horizon.core.model import open_model
from horizon.play.loop import Played, play
from horizon.play.setting import Setting
from horizon.runs import run_folder
from horizon.scenarios.scenario import make


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100_000)
    turns = parser.parse_args().turns
    given = {
        "environment": "chess",
        "model": "random",
        "opponents": ("random",),
        "episodes": turns // 40,
        "turns": 40,
        "conditions": ("natural",),
        "judge_engine": "none",
    }
    readings: list[tuple[int, float]] = []

    def watch(played: Played) -> None:
        if not readings or played.turns - readings[-1][0] >= turns // 10:
            readings.append((played.turns, resident_mib()))
            print(f"{played.turns:8} turns  {readings[-1][1]:8.1f} MiB")

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        model, opponent = open_model("random"), open_model("random")
        with run_folder.create(folder, {"plan": {}}) as journal:
            task = open_environment("chess")
            play(Setting(make(given, "benchmark"), task, model, {"random": opponent}), journal, watch=watch)
        before = resident_mib()
        run_folder.finish(folder)
        print(f"finish: {before:.1f} -> {resident_mib():.1f} MiB")
    tenth = next(mib for done, mib in readings if done >= turns // 10)
    print(f"RATIO memory at the end / at a tenth of the turns: {readings[-1][1] / tenth:.3f} (flat is 1.0)")


if __name__ == "__main__":
    main()
