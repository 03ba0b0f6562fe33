"""Verified puzzles a minute, made from nothing: games, three looks at each position, difficulty, writing.

    python benchmarks/puzzles.py [--number 60] [--seed 1]

The mixture is that of a whole pack, so that plain puzzles run out and the rate is that of the harder ones too. Target:
at least 5 a minute on two cores.
"""

import argparse
import tempfile
import time
from pathlib import Path

from horizon.domains.puzzles.pack_builder import make_pack
from horizon.engines.judge import usable_cores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        counts = make_pack(Path(folder) / "pack.csv", number=given.number, seed=given.seed)
        minutes = (time.perf_counter() - began) / 60
    print(", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
    print(f"{given.number} puzzles in {minutes:.1f} minutes on {usable_cores()} cores")
    print(f"PUZZLES A MINUTE: {given.number / minutes:.1f} (target >= 5 on 2 cores)")


if __name__ == "__main__":
    main()
