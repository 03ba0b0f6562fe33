"""Coverage and false alarms of the drift of the right reply, over processes that its estimates were not made for.

    python benchmarks/drift.py [--studies 500] [--out results/coverage]

Scores are drawn, not played: 16 turns per episode, 8 of them scored as `horizon drift` draws them. The fresh
log-likelihood is the difficulty of the state, the natural one adds a level of the episode, a slope per doubling of the
turn, and noise; a reply errs with the probability that its natural log-likelihood leaves. The truth of a slope is its
parameter, that of a mean the mean of its bin's turns. `naive` counts the studies that find a slope by the natural
log-likelihood alone, before the first error, pooled over episodes: what pairs with `fresh` are for.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from csv_files import write_csv

from horizon.analysis.drift import ALL, UNERRED, DriftEstimates, drift
from horizon.analysis.stats.intervals import jackknife
from horizon.play.drift import spread_order
from horizon.runs.drift_file import ScoredTurn

TURNS, SCORED = 16, 8


@dataclass(frozen=True, slots=True)
class Process:
    """How scores come about, in nats: standard deviations between episodes, and the noise of a turn.

    `hardness` is that of the episodes' difficulty (log-normal), `level` of what the history costs throughout, `slopes`
    of the slope. `memory` is the correlation of neighbouring turns' noise, `tails` the degrees of freedom of its
    Student's t (0: normal), `twins` the episodes that share an instance, `stops` whether an episode ends as it errs.
    """

    slope: float = 0.0
    hardness: float = 0.3
    level: float = 0.0
    slopes: float = 0.0
    memory: float = 0.0
    tails: int = 0
    twins: int = 1
    stops: bool = False


PROCESSES = {
    "no drift": Process(),
    "drift of -0.3": Process(slope=-0.3),
    "hard episodes leave early": Process(hardness=1.2),
    "and end there": Process(hardness=1.2, stops=True),
    "histories differ by 1": Process(level=1.0),
    "hard episodes, histories differ, drift": Process(slope=-0.3, hardness=1.2, level=1.0),
    "neighbouring turns alike (0.9)": Process(memory=0.9),
    "heavy tails": Process(tails=3),
    "two episodes of an instance": Process(level=1.0, twins=2),
    "slopes differ by 0.3": Process(slopes=0.3),
    "slopes differ by 0.3, all end early": Process(slopes=0.3, hardness=1.2, stops=True),
}


def draw(generator: np.random.Generator, n_episodes: int, process: Process) -> list[ScoredTurn]:
    """Return the scored turns of one study."""
    doublings = np.log2(np.arange(1, TURNS + 1))
    n_instances = n_episodes // process.twins
    shared = {
        name: np.repeat(scale * generator.normal(size=n_instances), process.twins)
        for name, scale in (("hardness", process.hardness), ("level", process.level), ("slopes", process.slopes))
    }
    rows = []
    for episode in range(n_episodes):
        fresh = -0.1 * np.exp(shared["hardness"][episode] + 0.5 * generator.normal(size=TURNS))
        shocks = generator.standard_t(process.tails, TURNS) if process.tails else generator.normal(size=TURNS)
        noise = shocks.copy()
        for turn in range(1, TURNS):
            noise[turn] = process.memory * noise[turn - 1] + np.sqrt(1 - process.memory**2) * shocks[turn]
        slope = process.slope + shared["slopes"][episode]
        natural = fresh + shared["level"][episode] + slope * doublings + 0.3 * noise
        errs = generator.random(TURNS) > np.exp(np.minimum(natural, -0.01))
        errors_before = np.cumsum(errs) - errs
        last = TURNS if not process.stops or not errs.any() else int(np.argmax(errs)) + 1
        order = spread_order(range(2, last + 1), int(generator.integers(2**62))) if last > 1 else []
        rows += [
            ScoredTurn(
                f"e{episode}", episode // process.twins, turn, float(natural[turn - 1]), float(fresh[turn - 1]), 3,
                bool(errors_before[turn - 1]), not errs[turn - 1],
            )
            for turn in order[:SCORED]
        ]  # fmt: skip
    return rows


def naive(rows: list[ScoredTurn]) -> tuple[float, float]:
    """Return the interval of the pooled slope of natural log-likelihoods before the first error."""
    kept = [row for row in rows if not row.erred_before]
    seeds = sorted({row.seed for row in kept})
    sums = np.zeros((len(seeds), 5))
    for row in kept:
        x, y = np.log2(row.turn), row.natural
        sums[seeds.index(row.seed)] += (1.0, x, y, x * x, x * y)

    def slope(totals: np.ndarray) -> np.ndarray:
        n, x, y, xx, xy = totals.T
        return (n * xy - x * y) / (n * xx - x * x)

    interval = jackknife(sums, slope)
    return interval.low, interval.high


def holds(estimates: DriftEstimates, process: Process) -> tuple[float, float]:
    """Return the share of turns' intervals that hold the truth, and whether all bands do (1 or 0)."""
    inside, banded = [], []
    for point in estimates.difference:
        first, last = int(str(point.at["first_turn"])), int(str(point.at["last_turn"]))
        truth = process.slope * np.log2(range(max(first, 2), last + 1)).mean()
        if point.low is None or point.high is None:
            continue
        inside.append(point.low <= truth <= point.high)
        banded.append(float(str(point.at["band_low"])) <= truth <= float(str(point.at["band_high"])))
    return float(np.mean(inside)), float(all(banded))


def study(generator: np.random.Generator, n_episodes: int, process: Process) -> dict[str, float]:
    """Return what one study shows: 1 and 0, NaN where no slope is known."""
    rows = draw(generator, n_episodes, process)
    shown = dict.fromkeys(("slope", "below", "above", "slope_unerred", "below_unerred", "above_unerred"), np.nan)
    whole = drift(rows, ALL, ends_at_errors=process.stops)
    for selection, estimates in ((ALL, whole), (UNERRED, drift(rows, UNERRED))):
        slope, mark = estimates.slope, "" if selection == ALL else "_unerred"
        if slope.low is not None and slope.high is not None:
            shown["slope" + mark] = slope.low <= process.slope <= slope.high
            shown["below" + mark], shown["above" + mark] = slope.high < 0, slope.low > 0
    shown["pointwise"], shown["bands"] = holds(whole, process)
    low, high = naive(rows)
    shown["naive"] = float(low > 0 or high < 0)
    return shown


def share_of(marks: list[float]) -> float | str:
    """Return the share of the known ones; empty where none is."""
    known = [mark for mark in marks if not np.isnan(mark)]
    return round(float(np.mean(known)), 4) if known else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("results/coverage"))
    given = parser.parse_args()
    lines = []
    for name, process in PROCESSES.items():
        for n_episodes in (8, 24, 60):
            generators = (np.random.default_rng((n_episodes, seed)) for seed in range(given.studies))
            shown = [study(generator, n_episodes, process) for generator in generators]
            shares = {key: share_of([one[key] for one in shown]) for key in shown[0]}
            lines.append({"process": name, "slope_true": process.slope, "episodes": n_episodes,
                          "studies": given.studies, **shares})  # fmt: skip
            print(f"{name:38} {n_episodes:3}", *(f"{key} {value}" for key, value in shares.items()), flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    write_csv(given.out / "drift.csv", lines)


if __name__ == "__main__":
    main()
