"""Coverage of the impulse response: intervals, simultaneous bands and half-lives against the processes' parameters.

    python benchmarks/impulse_coverage.py [--studies 400] [--only rare] [--out results/impulses]

At lag l after the impulse the error rate under `natural` is that under the impulse plus a 2^(-(l - 1) / h), whatever
the episode and the turn, so that the true difference is known at every lag: episodes that differ, errors that come in
runs, effects that differ between episodes, rare errors, endings that depend on errors. A bin's truth is the mean over
its states, whose number by lag follows from the process, too. A study costs 0.1 s.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from answers import many
from csv_files import CRLF, write_csv
from hard_processes import frames
from numpy.typing import NDArray

from horizon.analysis.estimators import impulse_response
from horizon.analysis.stats.shares import wilson
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate

CONTRAST = "natural - impulse:reminder"
Floats = NDArray[np.float64]
Rates = Callable[[np.random.Generator, tuple[int, int]], Floats]


@dataclass(frozen=True)
class Response:
    """A process: the height of the effect at lag 1 and its half-life, and the error rates without it.

    `rates` draws those of each episode and turn, (episodes, turns), between `height` and 1 - `height`. `varies` is by
    how much the effect of an episode is larger or smaller. An episode ends after an error with probability `stops`,
    which needs `rates` of the constant value `rate`.
    """

    name: str
    height: float
    half_life: float
    rates: Rates
    episodes: int = 40
    turns: int = 20
    varies: float = 0.0
    stops: float = 0.0
    rate: float = 0.0

    def effect(self, lag: NDArray[np.int64]) -> Floats:
        """Return the true difference at lags from 1."""
        return np.asarray(self.height * 2.0 ** (-(lag - 1) / self.half_life))

    def draw(self, generator: np.random.Generator) -> TurnTable:
        """Return the table of one study."""
        shape = (self.episodes, self.turns)
        drawn = generator.integers(1, self.turns // 2 + 1, self.episodes)
        lag = np.arange(1, self.turns + 1)[None, :] - drawn[:, None]
        effect = np.where(lag > 0, self.effect(np.maximum(lag, 1)), 0.0)
        effect *= 1 + self.varies * generator.choice([-1.0, 1.0], (self.episodes, 1))
        natural = self.rates(generator, shape)
        # The effect is in the impulse's rate, so that endings depend on natural errors of the same rate throughout.
        errors = {
            "natural": generator.random(shape) < natural,
            "impulse:reminder": generator.random(shape) < natural - effect,
        }
        over = errors["natural"] & (generator.random(shape) < self.stops)
        lengths = np.where(over.any(axis=1), over.argmax(axis=1) + 1, self.turns)
        turns, episodes = frames(errors, lengths=lengths)
        first = pl.Series(drawn)[turns["seed"].to_list()]
        extra = pl.Series([f'{{"impulse_turn": {turn}, "impulse_changed": 1}}' for turn in first])
        turns = turns.with_columns(extra=extra).filter((pl.col("condition") == "natural") | (pl.col("turn") > first))
        return load_table(turns, episodes)

    def truth(self, first: int, last: int) -> float:
        """Return the mean difference of a bin's states, by the expected number of states at each lag."""
        lags = np.arange(first, last + 1)
        states = np.zeros(len(lags))
        for drawn in range(1, self.turns // 2 + 1):
            turn = drawn + lags
            states += (turn <= self.turns) * (1 - self.stops * self.rate) ** (turn - 1)
        return float((states * self.effect(lags)).sum() / states.sum())


def between(low: float, high: float, generator: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Return a rate of each episode, uniform between two."""
    return np.broadcast_to(generator.uniform(low, high, (shape[0], 1)), shape)


def runs(low: float, high: float, generator: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Return two rates between which an episode changes once in ten turns, so that errors come in runs."""
    changes = generator.random(shape) < 0.1
    is_high = (np.cumsum(changes, axis=1) + generator.integers(0, 2, (shape[0], 1))) % 2
    return np.where(is_high == 1, high, low)


def constant(rate: float, _: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Return one rate for all."""
    return np.full(shape, rate)


PROCESSES = (
    Response("no effect, episodes that differ", 0.0, 3.0, partial(between, 0.1, 0.9)),
    Response("no effect, errors in runs", 0.0, 3.0, partial(runs, 0.1, 0.8)),
    Response("no effect, rare errors", 0.0, 3.0, partial(constant, 0.03)),
    Response("no effect, 12 episodes", 0.0, 3.0, partial(between, 0.1, 0.9), episodes=12),
    Response("half-life 3, episodes that differ", 0.4, 3.0, partial(between, 0.4, 0.9)),
    Response("half-life 3, errors in runs", 0.4, 3.0, partial(runs, 0.45, 0.9)),
    Response("half-life 3, effects that differ", 0.4, 3.0, partial(between, 0.65, 0.9), varies=0.6),
    Response("half-life 3, endings by errors", 0.4, 3.0, partial(constant, 0.5), stops=0.15, rate=0.5, episodes=80),
    Response("half-life 3, 12 episodes", 0.4, 3.0, partial(between, 0.4, 0.9), episodes=12),
    Response("half-life 1, 200 episodes", 0.4, 1.0, partial(between, 0.4, 0.9), episodes=200),
    Response("half-life 6, 200 episodes", 0.3, 6.0, partial(between, 0.3, 0.9), episodes=200),
    Response("half-life 4, rare errors", 0.05, 4.0, partial(constant, 0.06), episodes=200),
    Response("half-life 1000", 0.3, 1000.0, partial(between, 0.3, 0.9)),
)


def tally(process: Response, n_studies: int, seed: int) -> list[dict[str, object]]:
    """Return a row per figure: in how many studies it was given, and in how many it holds the truth."""
    counts: dict[str, list[int]] = {}

    def count(figure: str, *, holds: bool) -> None:
        own = counts.setdefault(figure, [0, 0])
        own[0] += 1
        own[1] += holds

    for study in range(n_studies):
        answers = impulse_response.estimates(process.draw(np.random.default_rng([study, seed])))
        points = [point for point in many(answers["impulse_response"]) if point.at["contrast"] == CONTRAST]
        misses = 0
        for point in points:
            if point.low is None:
                continue
            first, last = (int(str(point.at[end])) for end in ("first_lag", "last_lag"))
            truth = process.truth(first, last)
            count(f"lag {first}" if first == last else f"lags {first}-{last}", holds=_holds(point, truth))
            band = (float(str(point.at["band_low"])), float(str(point.at["band_high"])))
            misses += not band[0] - 1e-9 <= truth <= band[1] + 1e-9
        count("all lags in their bands", holds=misses == 0)
        figure = many(answers["impulse_half_life"])[0]
        is_shown = not (figure.note or "").startswith("not shown")
        count("effect shown", holds=is_shown)
        if is_shown and process.height:
            count("half-life, where shown", holds=_holds(figure, process.half_life))
    rows: list[dict[str, object]] = []
    for name, (given, holds) in counts.items():
        low, high = wilson(holds / given, given)
        share = {"share": holds / given, "low": float(low), "high": float(high)}
        rows.append({"process": process.name, "figure": name, "given": given, "studies": n_studies, **share})
    return rows


def _holds(figure: Estimate, truth: float) -> bool:
    low = -np.inf if figure.low is None else figure.low
    high = np.inf if figure.high is None else figure.high
    return bool(low - 1e-9 <= truth <= high + 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--only", default="", help="processes whose name holds this")
    parser.add_argument("--seed", type=int, default=29, help="processes of one size share the draws of a seed")
    parser.add_argument("--out", type=Path, default=Path("results/impulses"))
    given = parser.parse_args()
    rows: list[dict[str, object]] = []
    for process in PROCESSES:
        if given.only in process.name:
            rows += tally(process, given.studies, given.seed)
            shares = (
                f"{row['figure']} {float(str(row['share'])):.3f}" for row in rows if row["process"] == process.name
            )
            print(f"{process.name}: {', '.join(shares)}", flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    write_csv(given.out / "coverage.csv", rows, CRLF)


if __name__ == "__main__":
    main()
