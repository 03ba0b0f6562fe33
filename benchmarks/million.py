"""A million turns analysed: seconds, peak memory, and the bootstrap against the same by pandas' group-by.

    python benchmarks/million.py [--turns 1000000] [--replicates 50]

All estimators of `horizon analyze` from a parquet file on disk, in a process of its own. Beside it the bootstrap over
episodes of the error rate by turn, on the same draws: Horizon's matrix product, and a loop that takes each replicate's
episodes out of a data frame and groups them. The standard errors must agree.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

TURNS_AN_EPISODE = 50
HERE = Path(__file__).parent


def made(n_turns: int, path: Path) -> None:
    """Write natural and fresh turns, with the columns that analysis reads and texts as long as real ones."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from simulated_turns import simulated_turns

    turns = simulated_turns(n_turns // (2 * TURNS_AN_EPISODE), TURNS_AN_EPISODE, hazard=0.1, drift=0.03)
    turns.with_columns(state=pl.lit("r1bqkbnr/pppp1ppp/2n5/4p3/8/8/PPPP1PPP/RNBQKBNR w KQkq -")).write_parquet(path)


def analysed(path: Path) -> dict[str, float]:
    """Return the seconds and the peak memory of loading and of every estimate, in this process."""
    from horizon.analysis.analyze import analyze_table
    from horizon.analysis.turn_frame import columns_read
    from horizon.analysis.turn_table import load_table

    bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    began = time.perf_counter()
    there = pl.read_parquet_schema(path)
    table = load_table(pl.read_parquet(path, columns=[name for name in columns_read() if name in there]))
    loaded = time.perf_counter()
    found = analyze_table(table)
    ended = time.perf_counter()
    return {
        "turns": sum(sample.n_turns for sample in table.samples.values()),
        "episodes": table.n_episodes,
        "figures": sum(len(each) if isinstance(each, list) else 1 for each in found.whole.values()),
        "load_s": loaded - began,
        "estimate_s": ended - loaded,
        "seconds": ended - began,
        "imports_gib": bare,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def bootstraps(path: Path, replicates: int) -> dict[str, float]:
    """Return the seconds of both bootstraps of the natural error rate by turn, and how far their errors differ."""
    from horizon.analysis.stats.bootstrap import draw_counts, episode_sums

    frame = pl.read_parquet(path, columns=["episode_id", "condition", "turn", "correct"]).filter(condition="natural")
    frame = frame.sort("episode_id", "turn")
    cluster = (frame["episode_id"].rle_id()).to_numpy().astype(np.int64)
    turn, error = frame["turn"].to_numpy().astype(np.int64), (~frame["correct"]).to_numpy().astype(float)
    n_episodes, size = int(cluster.max()) + 1, int(turn.max())
    counts = list(draw_counts(n_episodes, replicates))

    began = time.perf_counter()
    columns = [
        episode_sums(cluster[turn == at], values[turn == at], n_episodes)
        for values in (error, np.ones(len(error)))
        for at in range(1, size + 1)
    ]
    totals = np.concatenate([each @ np.column_stack(columns) for each in counts])
    ours = (totals[:, :size] / totals[:, size:]).std(axis=0, ddof=1)
    middle = time.perf_counter()

    plain = pd.DataFrame({"episode": cluster, "turn": turn, "error": error}).set_index("episode")
    rates = []
    for row in np.concatenate(counts):
        drawn = np.repeat(np.arange(n_episodes), row.astype(int))
        rates.append(plain.loc[drawn].groupby("turn")["error"].mean().to_numpy())
    theirs = np.std(rates, axis=0, ddof=1)
    ended = time.perf_counter()
    return {
        "replicates": replicates,
        "horizon_s": middle - began,
        "pandas_s": ended - middle,
        "ratio": (ended - middle) / (middle - began),
        "largest_difference": float(np.abs(ours - theirs).max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--replicates", type=int, default=50)
    parser.add_argument("--part", choices=("make", "analyse", "bootstrap"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part == "make":
        made(given.turns, given.file)
    elif given.part == "analyse":
        print(json.dumps(analysed(given.file)))
    elif given.part == "bootstrap":
        print(json.dumps(bootstraps(given.file, given.replicates)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "turns.parquet"
            told = [sys.executable, __file__, "--turns", str(given.turns), "--replicates", str(given.replicates)]
            for part in ("make", "analyse", "bootstrap"):
                asked = [*told, "--file", str(file), "--part", part]
                said = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout
                if said:
                    print(part, json.dumps({key: round(value, 12) for key, value in json.loads(said).items()}))


if __name__ == "__main__":
    main()
