"""Do the intervals of `checked_error_rate` and `checked_mean_loss` hold the expensive judge's truth?

    python benchmarks/two_judges.py [--studies 1000] [--out results/coverage]

Each study draws episodes whose turns err by the expensive judge; the cheap one errs about them, and the expensive one
is asked on a random tenth. The processes differ in what the estimator was not made for: spread between episodes,
autocorrelation, rare errors, endings that depend on errors, a cheap judge that is wrong on one side, one that
is useless, and one that is never wrong. The truth is the mean over 400,000 turns of the process. Beside it the width
without the cheap verdicts. Writes two_judges.csv.
"""

import argparse
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from csv_files import CRLF, write_csv
from numpy.typing import NDArray

from horizon.analysis.stats.prediction_powered import mean_by_two_judges

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Process:
    """Turns by episode: the log odds of an error, its spread and correlation, and how the cheap judge errs."""

    name: str
    odds: float = -1.0
    spread: float = 0.5
    stays: float = 0.0
    ends_at_errors: float = 0.0
    misses: float = 0.1
    invents: float = 0.1
    illegal: float = 0.1


PROCESSES = (
    Process("no spread", spread=0.0),
    Process("spread 1", spread=1.0),
    Process("spread 2", spread=2.0),
    Process("errors come in runs", stays=0.7),
    Process("rare errors", odds=-4.5, misses=0.3, invents=0.02),
    Process("endings depend on errors", spread=1.0, ends_at_errors=0.15),
    Process("cheap judge misses half", spread=1.0, misses=0.5, invents=0.0),
    Process("cheap judge is useless", misses=0.5, invents=0.5),
    Process("judges never differ", spread=1.0, misses=0.0, invents=0.0),
)
DESIGNS = ((10, 30), (30, 30), (100, 30))


def draw(process: Process, n_episodes: int, n_turns: int, rng: np.random.Generator) -> tuple[Floats, ...]:
    """Return of every turn: the cheap verdict, the expensive one, whether it is open, and the episode."""
    rows: list[tuple[float, float, float, int]] = []
    for episode in range(n_episodes):
        rate = 1 / (1 + np.exp(-process.odds - process.spread * rng.normal()))
        before = rng.random() < rate
        for _ in range(n_turns):
            is_illegal = rng.random() < process.illegal
            is_error = before if rng.random() < process.stays else rng.random() < rate
            before = is_error
            seen = rng.random() >= process.misses if is_error else rng.random() < process.invents
            rows.append((1.0, 1.0, 0.0, episode) if is_illegal else (float(seen), float(is_error), 1.0, episode))
            if is_error and rng.random() < process.ends_at_errors:
                break
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def study(task: tuple[Process, int, int, int]) -> tuple[float, float, float, float, float]:
    """Return the interval of one study, and the widths: its own, that of the few alone, that of all verdicts."""
    process, n_episodes, n_turns, seed = task
    rng = np.random.default_rng([seed, n_episodes, PROCESSES.index(process)])
    cheap, expensive, is_open, episode = draw(process, n_episodes, n_turns, rng)
    open_, cluster = is_open > 0, episode.astype(np.int64)
    asked = rng.random(len(cheap)) < 0.1
    few = np.where(asked & open_, expensive, np.nan)
    if np.isfinite(few).sum() < 20:
        few[np.flatnonzero(open_)[:20]] = expensive[np.flatnonzero(open_)[:20]]
    two = mean_by_two_judges(cheap, few, open_, cluster, n_episodes, is_share=True)
    alone = mean_by_two_judges(cheap * ~open_, few, open_, cluster, n_episodes, is_share=True)
    everything = mean_by_two_judges(
        expensive, np.where(open_, expensive, np.nan), open_, cluster, n_episodes, is_share=True
    )
    return two.low, two.high, two.high - two.low, alone.high - alone.low, everything.high - everything.low


def truth_of(process: Process) -> float:
    _, expensive, _, _ = draw(process, 14_000, 30, np.random.default_rng(7))
    return float(expensive.mean())


def row_of(process: Process, design: tuple[int, int], studies: int, pool: ProcessPoolExecutor) -> Mapping[str, object]:
    truth = truth_of(process)
    results = np.array(list(pool.map(study, [(process, *design, seed) for seed in range(studies)], chunksize=25)))
    low, high, width, alone, everything = results.T
    return {
        "process": process.name,
        "episodes": design[0],
        "studies": studies,
        "truth": round(truth, 4),
        "coverage": round(float(np.mean((low <= truth) & (truth <= high))), 4),
        "above": round(float(np.mean(low > truth)), 4),
        "below": round(float(np.mean(high < truth)), 4),
        "width": round(float(width.mean()), 4),
        "width_of_the_few_alone": round(float(alone.mean()), 4),
        "width_of_all": round(float(everything.mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    rows = []
    with ProcessPoolExecutor(given.cores) as pool:
        for process in PROCESSES:
            for design in DESIGNS:
                rows.append(row_of(process, design, given.studies, pool))
                print(*rows[-1].values(), flush=True)
    if given.out is not None:
        write_csv(given.out / "two_judges.csv", rows, CRLF)


if __name__ == "__main__":
    main()
