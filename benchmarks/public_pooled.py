"""What the models of Chess-LLM-Benchmark have in common: blunders by turn, before and after difficulty is held.

python benchmarks/public_pooled.py [--out results/public] reads the odds_ratios.csv that public_study.py wrote there.
Mean odds ratios by random effects (statsmodels, the models' variance by iteration, Hartung-Knapp intervals), over the
models for which both regressions have an estimate: one protocol, so that they may be averaged; other archives are not.
"""

import argparse
import re
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import polars as pl
from statsmodels.stats.meta_analysis import combine_effects

ARCHIVE = "pgn"
REASONING = re.compile(r"\((?:thinking|low|medium|high|default)\)|^o\d|-r1")
"""Players whose name in the archive has a reasoning effort, or who are reasoning models by name (o1, o3, R1)."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("results/public"))
    options = parser.parse_args()
    odds = read_odds(options.out)
    table = pooled(odds)
    print(table)
    table.write_csv(options.out / "pooled.csv", float_precision=4)
    draw(odds, options.out / "many_models.png")


def read_odds(folder: Path) -> pl.DataFrame:
    """Return the archive's models whose blunders have an odds ratio both before and after difficulty is held."""
    odds = pl.read_csv(folder / "odds_ratios.csv").filter(
        pl.col("archive") == ARCHIVE, pl.col("error") == "blunder", pl.col("estimate").is_not_null()
    )
    both = odds.filter(pl.len().over("model") == 2)
    return both.with_columns(reasoning=pl.Series([bool(REASONING.search(model)) for model in both["model"]]))


def pooled(odds: pl.DataFrame) -> pl.DataFrame:
    """Return the mean odds ratio of each group of models, its interval, and how far the models spread."""
    rows = []
    groups = {"all": pl.lit(True), "reasoning": pl.col("reasoning"), "others": ~pl.col("reasoning")}
    for group, chosen in groups.items():
        for held in ("before", "after"):
            part = odds.filter(chosen, pl.col("difficulty held") == held)
            effect = np.log(part["estimate"].to_numpy())
            error = np.log(part["high"].to_numpy() / part["low"].to_numpy()) / (2 * 1.96)
            with warnings.catch_warnings():  # of the single models' intervals, which are not used
                warnings.simplefilter("ignore")
                combined = combine_effects(effect, error**2, method_re="iterated", use_t=True)
                mean = combined.summary_frame().loc["random effect wls"]
            low, estimate, high = np.exp([mean["ci_low"], mean["eff"], mean["ci_upp"]])
            rows.append(
                {
                    "models": group,
                    "difficulty held": held,
                    "n": part.height,
                    "games": int(part["games"].sum()),
                    "blunders": int(part["errors"].sum()),
                    "estimate": float(estimate),
                    "low": float(low),
                    "high": float(high),
                    "spread of log odds": float(np.sqrt(combined.tau2)),
                    "above 1": int((part["low"] > 1).sum()),
                    "below 1": int((part["high"] < 1).sum()),
                }
            )
    return pl.DataFrame(rows)


def draw(odds: pl.DataFrame, path: Path) -> None:
    """Draw every model's odds ratio, turn alone and with difficulty held, in the order of the former."""
    order = odds.filter(pl.col("difficulty held") == "before").sort("estimate")["model"].to_list()
    figure, panels = plt.subplots(1, 2, figsize=(10, 10), sharey=True, sharex=True)
    for axes, (held, title) in zip(panels, (("before", "turn alone"), ("after", "difficulty held")), strict=True):
        for is_reasoning, color, label in ((False, "tab:blue", "others"), (True, "tab:orange", "reasoning models")):
            part = odds.filter(pl.col("difficulty held") == held, pl.col("reasoning") == is_reasoning)
            at = [order.index(model) for model in part["model"]]
            x, low, high = (part[name].to_numpy() for name in ("estimate", "low", "high"))
            axes.errorbar(x, at, xerr=np.array([x - low, high - x]), fmt="o", color=color, label=label, ms=4, lw=1.2)
        axes.axvline(1, color="black", lw=0.8)
        mean = pooled(odds).filter(pl.col("models") == "all", pl.col("difficulty held") == held).row(0, named=True)
        axes.axvspan(mean["low"], mean["high"], color="tab:gray", alpha=0.3, label="mean, 95 %")
        axes.set(xscale="log", yticks=range(len(order)), yticklabels=order, ylim=(-1, len(order)), title=title)
        axes.set(xlabel="odds ratio of a blunder per doubling of the turn", xlim=(0.1, 20))
        axes.set_xticks([0.25, 0.5, 1, 2, 4, 8], ["0.25", "0.5", "1", "2", "4", "8"], minor=False)
        axes.minorticks_off()
        axes.tick_params(axis="y", labelsize=7)
    panels[1].legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
