"""Coverage of the memory of harm, pointwise and for all lags together, over processes that it was not made for.

    python benchmarks/attribution.py [--studies 1000] [--out results/coverage]

Effects are drawn, not played: episodes differ in their mean (sd 0.5, 1, 2), neighbouring lags are correlated, errors
are rare, or episodes with more errors have larger effects (the truth is then that of 200,000 episodes).
"""

import argparse
from pathlib import Path

import numpy as np
from csv_files import CRLF, write_csv

from horizon.analysis.memory_of_harm import memory_of_harm
from horizon.runs.attribution_file import ErrorMap, TurnEffect

LAGS = 6
PROCESSES = {
    "equal episodes": {"sd": 0.0},
    "spread 0.5": {"sd": 0.5},
    "spread 1": {"sd": 1.0},
    "spread 2": {"sd": 2.0},
    "neighbouring lags alike": {"sd": 0.5, "correlation": 0.9},
    "one error an episode": {"sd": 1.0, "errors": 1},
    "more errors, larger effects": {"sd": 1.0, "informative": 1.0},
    "rare large effects": {"sd": 0.0, "is_rare": 1.0},
}
DECAY = 0.6 ** np.arange(LAGS)
"""The mean effect by lag, in nats."""


def draw(generator: np.random.Generator, n_episodes: int, process: dict[str, float]) -> list[np.ndarray]:
    """Return each episode's effects, shape (errors, lags)."""
    episodes = []
    for _ in range(n_episodes):
        level = process["sd"] * generator.normal()
        n_errors = int(
            process.get("errors", 1 + generator.poisson(3 * np.exp(0.5 * level * process.get("informative", 0))))
        )
        noise = generator.normal(size=(n_errors, LAGS))
        rho = process.get("correlation", 0.0)
        for lag in range(1, LAGS):
            noise[:, lag] = rho * noise[:, lag - 1] + np.sqrt(1 - rho**2) * noise[:, lag]
        if process.get("is_rare"):
            noise = 5.0 * (generator.random((n_errors, LAGS)) < 0.1) - 0.5
        episodes.append(DECAY + level + noise)
    return episodes


def truth_of(process: dict[str, float]) -> np.ndarray:
    """Return the mean effect over errors by lag."""
    if not process.get("informative"):
        return DECAY
    episodes = draw(np.random.default_rng(10**6), 200_000, process)
    return sum(own.sum(axis=0) for own in episodes) / sum(len(own) for own in episodes)


def study(
    generator: np.random.Generator, n_episodes: int, process: dict[str, float], truth: np.ndarray
) -> tuple[float, bool]:
    """Return the share of lags whose interval holds the truth, and whether all bands do."""
    maps = [
        ErrorMap(
            f"{place}",
            LAGS + 1,
            0.0,
            tuple(TurnEffect(LAGS - lag, True, float(row[lag])) for lag in range(LAGS)),
            0,
            0,
        )
        for place, own in enumerate(draw(generator, n_episodes, process))
        for row in own
    ]
    points = memory_of_harm(maps, erred=True)
    holds = [point.low <= value <= point.high for point, value in zip(points, truth, strict=True)]
    bands = [
        point.at["band_low"] <= value <= point.at["band_high"] for point, value in zip(points, truth, strict=True)
    ]
    return float(np.mean(holds)), all(bands)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("results/coverage"))
    given = parser.parse_args()
    rows = []
    for name, process in PROCESSES.items():
        truth = truth_of(process)
        for n_episodes in (8, 20, 60):
            generators = (np.random.default_rng((n_episodes, seed)) for seed in range(given.studies))
            answers = np.array([study(each, n_episodes, process, truth) for each in generators], dtype=float)
            pointwise, together = answers.mean(axis=0)
            rows.append(
                {"process": name, "episodes": n_episodes, "studies": given.studies,
                 "pointwise": round(float(pointwise), 4), "all_lags": round(float(together), 4)}
            )  # fmt: skip
            print(
                f"{name:28} {n_episodes:3} episodes: lags {100 * pointwise:.1f} %, all {100 * together:.1f} %",
                flush=True,
            )
    given.out.mkdir(parents=True, exist_ok=True)
    write_csv(given.out / "attribution.csv", rows, CRLF)


if __name__ == "__main__":
    main()
