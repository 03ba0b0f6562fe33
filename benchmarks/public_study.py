"""What graded public games say of turns and difficulty: horizons, hazards and regressions, for each model's protocol.

python benchmarks/public_study.py --runs RUN... [--out results/public]: each RUN is an archive that `horizon import`
read and `horizon grade --nodes 1000` graded. Two kinds of error are kept apart: a reply that is no legal move, and a
legal move that loses 0.10 or more of win probability. No game is written to --out.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from horizon.analysis.estimators import competing_events, hazard_by_kind, loss, parametric_horizon, survival
from horizon.analysis.estimators import turns_against_difficulty as regression
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate
from horizon.runs import run_folder

LEAST_EPISODES = 15
LEAST_ERRORS = 5
LEAST_EPISODES_OF_A_BIN = 8
FAILURE, BLUNDER = "no legal move", "blunder"
TITLES = {"pgn": "Chess-LLM-Benchmark"}
MANY_MODELS, HIGHLIGHTED = "pgn", "deepseek-r1-distill-qwen-32b"
"""The archive with more models than a legend holds (public_pooled.py draws its odds), and the one that is named."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One model's most-played protocol in one archive, all opponents together."""

    archive: str
    model: str
    turns: pl.DataFrame
    episodes: pl.DataFrame

    @property
    def name(self) -> str:
        return f"{self.model} ({self.archive})"

    def table(self, kind: str) -> TurnTable:
        """Return the turns with one kind of error: illegal and unreadable replies, or blunders among legal moves."""
        if kind == FAILURE:
            error = pl.when(pl.col("error") == "wrong").then(pl.lit("none")).otherwise("error")
            return load_table(self.turns.with_columns(error=error), self.episodes)
        return load_table(self.turns.filter(pl.col("error").is_in(["none", "wrong"])), self.episodes)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    chosen = [sample for run in options.runs for sample in samples(run)]
    rows: dict[str, list[dict[str, object]]] = {"horizons": [], "hazards": [], "odds_ratios": [], "loss_by_turn": []}
    for sample in chosen:
        print(f"{sample.name}: {sample.episodes.height} games, {sample.turns.height} turns", flush=True)
        for name, found in study(sample):
            rows[name].append(found)
    tables = {name: pl.DataFrame(found, infer_schema_length=None) for name, found in rows.items()}
    for name in ("horizons", "odds_ratios"):
        print("\n".join(markdown(tables[name])), flush=True)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_csv(options.out / f"{name}.csv", float_precision=4)
        draw_odds(tables["odds_ratios"], options.out / "turns_against_difficulty.png")
        draw_loss(tables["loss_by_turn"], options.out / "loss_by_turn.png")


def samples(run: Path) -> Iterator[Sample]:
    """Yield each model's most-played protocol with enough games; opponents are no difference of protocol."""
    turns, episodes = run_folder.read_turns(run), run_folder.read_episodes(run)
    episodes = episodes.filter(pl.col("outcome") != "aborted")
    protocol = pl.col("parameters").str.replace(r'"opponent": "[^"]*"', "").alias("protocol")
    for (model,), part in sorted(episodes.with_columns(protocol).partition_by("model", as_dict=True).items()):
        counts = part.group_by("protocol").len().sort("len", "protocol")
        own = part.filter(pl.col("protocol") == counts["protocol"][-1])
        if own.height >= LEAST_EPISODES:
            archive = str(own["episode_id"][0]).partition("/")[0]
            kept = turns.join(own.select("run_id", "episode_id"), on=["run_id", "episode_id"], how="semi")
            yield Sample(archive, str(model), kept, own.drop("protocol"))


def study(sample: Sample) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield rows of the four tables."""
    who: dict[str, object] = {"archive": sample.archive, "model": sample.model}
    condition = str(sample.turns["condition"][0])
    for kind in (FAILURE, BLUNDER):
        table = sample.table(kind)
        errors = sum(int(each.is_error.sum()) for each in table.samples.values())
        here = {**who, "condition": condition, "error": kind, "games": table.n_episodes, "errors": errors}
        if errors < LEAST_ERRORS:
            continue
        lives, events = survival.estimates(table), competing_events.estimates(table)
        fitted = parametric_horizon.estimates(table)["parametric_horizon"]
        logistic = {point.at.get("level"): point for point in as_list(fitted) if "logistic" in str(point.at["family"])}
        figures = {"H50": lives["h50"], "H80": lives["h80"], "H50 net": lives["h50_net"], "H80 net": lives["h80_net"]}
        figures |= {"logistic 50 %": logistic.get(0.5), "logistic 80 %": logistic.get(0.8)}
        if kind == FAILURE:
            figures |= {"H50 illegal": events["h50_illegal"], "H80 illegal": events["h80_illegal"]}
        for name, point in figures.items():
            if isinstance(point, Estimate):
                yield "horizons", {**here, "figure": name, **interval(point), "note": point.note}
        for point in as_list(hazard_by_kind.estimates(table)["hazard_by_kind"]):
            at = {name: point.at[name] for name in ("event", "first_turn", "last_turn") if name in point.at}
            bands = {"band_low": point.at["band_low"], "band_high": point.at["band_high"]}
            yield "hazards", {**here, **at, **interval(point), **bands, "turns": point.n_turns}
        for point in as_list(regression.estimates(table)["turns_against_difficulty"]):
            if "held" in point.at:
                at = {"difficulty held": point.at["held"], "covariates": point.at.get("covariates")}
                yield "odds_ratios", {**here, **at, **interval(point), "note": point.note}
    for point in loss.by_turn(sample.table(BLUNDER), condition):
        if point.n_episodes < LEAST_EPISODES_OF_A_BIN:
            continue
        at = {name: point.at[name] for name in ("turn", "first_turn", "last_turn") if name in point.at}
        yield "loss_by_turn", {**who, "condition": condition, **at, **interval(point), "games": point.n_episodes}


def as_list(value: Estimate | list[Estimate]) -> list[Estimate]:
    return value if isinstance(value, list) else [value]


def interval(point: Estimate) -> dict[str, object]:
    return {"estimate": point.estimate, "low": point.low, "high": point.high}


def markdown(table: pl.DataFrame) -> Iterator[str]:
    """Yield a Markdown table of all but the long columns."""
    kept = table.select(pl.exclude("note", "covariates", "archive"))
    yield "| " + " | ".join(kept.columns) + " |"
    yield "|---" * kept.width + "|"
    for row in kept.iter_rows():
        yield "| " + " | ".join(f"{each:.3g}" if isinstance(each, float) else str(each) for each in row) + " |"


def draw_odds(table: pl.DataFrame, path: Path) -> None:
    """Draw the turn's odds ratio before and after difficulty is held, for both kinds of error."""
    table = table.filter((pl.col("archive") != MANY_MODELS) | (pl.col("model") == HIGHLIGHTED))
    figure, panels = plt.subplots(1, 2, figsize=(11, 5), sharey=False)
    for axes, kind in zip(panels, (FAILURE, BLUNDER), strict=True):
        part = table.filter((pl.col("error") == kind) & pl.col("estimate").is_not_null())
        names = list(dict.fromkeys(part.select(pl.format("{} ({})", "model", "archive")).to_series()))
        for place, (held, shift, color) in enumerate((("before", -0.15, "tab:gray"), ("after", 0.15, "tab:blue"))):
            own = part.filter(pl.col("difficulty held") == held)
            at = [names.index(f"{row['model']} ({row['archive']})") + shift for row in own.iter_rows(named=True)]
            x = own["estimate"].to_numpy()
            low, high = own["low"].to_numpy().astype(float), own["high"].to_numpy().astype(float)
            label = "turn alone" if place == 0 else "difficulty held"
            axes.errorbar(x, at, xerr=np.array([x - low, high - x]), fmt="o", color=color, label=label, ms=4)
        axes.axvline(1, color="black", lw=0.8)
        axes.set(
            xscale="log", yticks=range(len(names)), yticklabels=names, title=f"{kind}: odds ratio per doubled turn"
        )
        axes.tick_params(axis="y", labelsize=7)
        axes.set_xticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"], minor=False)
        axes.minorticks_off()
        axes.set_xlim(0.1, 40)
    panels[1].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def draw_loss(table: pl.DataFrame, path: Path) -> None:
    """Draw the mean loss of legal moves by turn, a panel for each archive."""
    archives = sorted(set(table["archive"]))
    figure, panels = plt.subplots(1, len(archives), figsize=(4.6 * len(archives), 4.2), sharey=True, squeeze=False)
    for axes, archive in zip(panels[0], archives, strict=True):
        for (model,), part in table.filter(pl.col("archive") == archive).group_by("model", maintain_order=True):
            middle = (part["first_turn"] + part["last_turn"]).to_numpy() / 2
            if archive == MANY_MODELS and model != HIGHLIGHTED:
                label = None if axes.lines else f"{table.filter(archive=archive)['model'].n_unique() - 1} other models"
                axes.plot(middle, part["estimate"], color="tab:gray", alpha=0.35, lw=0.8, label=label)
                continue
            (line,) = axes.plot(middle, part["estimate"], marker="o", ms=3, label=str(model))
            bounds = (part[side].cast(pl.Float64).to_numpy() for side in ("low", "high"))
            axes.fill_between(middle, *bounds, alpha=0.12, color=line.get_color())
        axes.set(
            title=TITLES.get(archive, archive),
            xlabel="turn of the model",
            ylim=(0, 0.3),
            xscale="log",
            xlim=(0.9, 130),
        )
        axes.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"], minor=False)
        axes.minorticks_off()
        axes.legend(fontsize=6)
    panels[0][0].set_ylabel("mean loss of win probability per legal move")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
