"""Coverage of pooled focus gaps on small cells: 8 episodes of 10 turns, error rates near 0 and 1, 3 to 20 cells.

    python benchmarks/pooling.py [--studies 400] [--seed 0] [--out results/coverage]

Truths are the processes' own: each cell's gap is a parameter, episodes differ in hardness (logit sd 1). Writes
pooling.csv: the coverage of 95 % intervals of a cell alone, of a cell pooled and of the mean of all cells, and widths.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from csv_files import CRLF, write_csv

from horizon.analysis.pooling import Cell, pool
from horizon.analysis.stats.intervals import Floats, mean_of_signs
from horizon.analysis.stats.shares import wilson
from horizon.core.estimator import Estimate

EPISODES, TURNS = 8, 10
RATES = {"near 0": (0.01, 0.08), "near 1": (0.85, 0.98), "any": (0.05, 0.95)}
"""Error rates without a history, drawn evenly from these ranges."""
SPREADS = (0.0, 0.05, 0.15)
"""Standard deviations of the true gaps between cells, around 0.05."""


def logit(share: Floats) -> Floats:
    return np.log(share / (1 - share))


def draw_cell(generator: np.random.Generator, rate: float, gap: float) -> tuple[Estimate, float]:
    """Return a cell's focus gap with its interval, and the true gap: the mean over all hardnesses of episodes."""
    with_history = float(np.clip(rate + gap, 0.005, 0.995))
    logits = logit(np.array([with_history, rate]))
    hardness = np.linspace(-4, 4, 801)
    density = np.exp(-(hardness**2) / 2)
    means = [float(density @ (1 / (1 + np.exp(-(centre + hardness)))) / density.sum()) for centre in logits]
    chance = 1 / (1 + np.exp(-(logits[:, None] + generator.standard_normal(EPISODES))))
    errors = generator.random((2, TURNS, EPISODES)) < chance[:, None, :]
    differences = errors[0].sum(axis=0).astype(float) - errors[1].sum(axis=0)
    interval = mean_of_signs(differences, np.full(EPISODES, float(TURNS)))
    return interval.as_estimate(EPISODES, EPISODES * TURNS, "paired difference"), means[0] - means[1]


def run(n_cells: int, rates: str, spread: float, n_studies: int, seed: int) -> list[dict[str, object]]:
    """Return the coverage of the three kinds of intervals in studies of one kind."""
    held: dict[str, list[bool]] = {"cell alone": [], "cell pooled": [], "mean of cells": []}
    widths: dict[str, list[float]] = {name: [] for name in held}

    def note(name: str, figure: Estimate, truth: float) -> None:
        low, high = figure.low or 0.0, figure.high or 0.0
        held[name].append(low <= truth <= high)
        widths[name].append(high - low)

    for study in range(n_studies):
        generator = np.random.default_rng((seed, n_cells, list(RATES).index(rates), int(100 * spread), study))
        gaps = generator.normal(0.05, spread, n_cells) if spread else np.full(n_cells, 0.05)
        drawn = [
            draw_cell(generator, rate, gap)
            for rate, gap in zip(generator.uniform(*RATES[rates], n_cells), gaps, strict=True)
        ]
        # Tasks by models, as near a square as it goes.
        n_models = max(size for size in range(1, int(n_cells**0.5) + 1) if n_cells % size == 0)
        cells = [Cell(f"m{i % n_models}", f"t{i // n_models}", figure) for i, (figure, _) in enumerate(drawn)]
        whole, *pooled = pool(cells)["pooled_focus_gap"]
        for (figure, truth), shrunk in zip(drawn, pooled, strict=True):
            note("cell alone", figure, truth)
            note("cell pooled", shrunk, truth)
        note("mean of cells", whole, float(np.mean([truth for _, truth in drawn])))
    answers: list[dict[str, object]] = []
    for name, flags in held.items():
        coverage = float(np.mean(flags))
        low, high = wilson(coverage, n_studies)
        answers.append(
            {
                "cells": n_cells,
                "rates": rates,
                "spread": spread,
                "figure": name,
                "studies": n_studies,
                "coverage": round(coverage, 4),
                "low": round(float(low), 4),
                "high": round(float(high), 4),
                "mean_width": round(float(np.mean(widths[name])), 4),
            }
        )
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("results/coverage"))
    given = parser.parse_args()
    rows = []
    for n_cells, rates, spread in product((3, 8, 20), RATES, SPREADS):
        answers = run(n_cells, rates, spread, given.studies, given.seed)
        rows += answers
        shares = ", ".join(
            f"{row['figure']} {100 * float(str(row['coverage'])):.1f} ({row['mean_width']})" for row in answers
        )
        print(f"{n_cells} cells, rates {rates}, spread {spread}: {shares}", flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    write_csv(given.out / "pooling.csv", rows, CRLF)


if __name__ == "__main__":
    main()
