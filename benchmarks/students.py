"""Students that horizon distil made, played from their history and afresh: results/students.

    python benchmarks/students.py FOLDER [--out results/students] [--episodes 40]

FOLDER holds one student per folder, each with its card. Chess is played against Stockfish level 1 for 40 turns, other
tasks for 60; probes at every fourth turn. Runs in results/play/students are continued. Two cores: some 6 minutes per
student of chess, of which most is the judge.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from horizon.analysis.analyze import analyze_runs
from horizon.analysis.stats.bootstrap import draw_counts
from horizon.analysis.stats.intervals import share
from horizon.core.estimator import Estimate
from horizon.play import session
from horizon.report.palette import style_of
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

CONDITIONS = ("natural", "fresh", "healed", "corrupted:0.5", "foreign")
BINS = ((1, 5), (6, 10), (11, 20), (21, 30), (31, 40), (41, 60))
UNPLAYABLE = ("illegal", "unparsable", "no_answer", "truncated")


def scenario_of(folder: Path, card: dict[str, Any], episodes: int) -> dict[str, Any]:
    """Return the scenario that a student is played in."""
    environment = card["recipe"]["environment"]
    is_chess = environment == "chess"
    given: dict[str, Any] = {
        "model": f"hf:{folder}",
        "environment": "chess:show=fen,later=last_move,notation=uci" if is_chess else environment,
        "episodes": episodes,
        "turns": 40 if is_chess else 60,
        "conditions": CONDITIONS,
        "probe_every": 4,
        "max_tokens": 8,
        "seed": 1000,
    }
    return given | ({"opponents": ("stockfish:level=1",), "judge_nodes": 5000} if is_chess else {})


def played(folder: Path, card: dict[str, Any], episodes: int) -> Path:
    """Return the finished run folder of a student."""
    out = Path("results/play/students") / folder.name
    if not (out / "manifest.json").exists() or not run_folder.is_finished(out):
        options = session.RunOptions(resume=(out / "manifest.json").exists())
        session.run(make(scenario_of(folder, card, episodes), "students"), out, options, say=print)
    return out


def rates(turns: pl.DataFrame, condition: str, errors: tuple[str, ...] | None, low: int, high: int) -> Any:
    """Return the interval of the share of turns in error (`errors` None: any); None where there are no such turns."""
    some = turns.filter((pl.col("condition") == condition) & pl.col("turn").is_between(low, high))
    if some.is_empty():
        return None
    is_error = ~pl.col("correct") if errors is None else pl.col("error").is_in(errors)
    sums = some.group_by("episode_id").agg(is_error.sum().alias("errors"), pl.len().alias("turns"))
    return share(sums["errors"].cast(pl.Float64).to_numpy(), sums["turns"].cast(pl.Float64).to_numpy())


def text(interval: Any) -> str:
    """Return an interval in percent."""
    if interval is None:
        return ""
    return f"{100 * interval.estimate:.0f} [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def table(name: str, turns: pl.DataFrame, *, is_chess: bool) -> str:
    """Return a student's rates by turn: unplayable replies, and all errors, under each condition."""
    bins = [(low, high) for low, high in BINS if low <= turns["turn"].max()]
    lines = ["| condition | errors | " + " | ".join(f"{low} to {high}" for low, high in bins) + " |"]
    lines.append("| --- | --- |" + " ---: |" * len(bins))
    for condition in CONDITIONS:
        kinds: list[tuple[str, tuple[str, ...] | None]] = [("all", None)]
        if is_chess:
            kinds.insert(0, ("illegal or unreadable", UNPLAYABLE))
        for label, errors in kinds:
            cells = [text(rates(turns, condition, errors, low, high)) for low, high in bins]
            lines.append(f"| {condition} | {label} | " + " | ".join(cells) + " |")
    return f"### {name}\n\n" + "\n".join(lines) + "\n"


def trend(runs: dict[str, pl.DataFrame], sizes: dict[str, float]) -> str:
    """Return the slope of the rate of unplayable natural replies per doubling of the parameters, with its interval."""
    slopes = []
    doublings = np.log2(np.array([sizes[name] for name in runs]))
    rates_drawn = []
    for place, turns in enumerate(runs.values()):
        natural = turns.filter(pl.col("condition") == "natural")
        sums = natural.group_by("episode_id").agg(
            pl.col("error").is_in(UNPLAYABLE).sum().alias("e"), pl.len().alias("n")
        )
        values = np.column_stack([sums["e"].to_numpy(), sums["n"].to_numpy()]).astype(float)
        drawn = np.concatenate([counts @ values for counts in draw_counts(len(values), seed=place)])
        rates_drawn.append(drawn[:, 0] / drawn[:, 1])
    for rates_once in np.array(rates_drawn).T:
        slopes.append(np.polyfit(doublings, rates_once, 1)[0])
    low, middle, high = np.quantile(slopes, (0.025, 0.5, 0.975))
    return f"{100 * middle:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}] per doubling of the parameters"


def h50(folder: Path) -> str:
    """Return the number of turns after which half of the episodes have erred, as the analysis prints it."""
    (group,) = analyze_runs([folder]).groups
    estimate = group.estimates["h50"]
    if not isinstance(estimate, Estimate) or estimate.estimate is None:
        return "beyond the last turn"
    low, high = ("open" if end is None else f"{end:.0f}" for end in (estimate.low, estimate.high))
    return f"{estimate.estimate:.0f} [{low}, {high}]"


def draw(runs: dict[str, pl.DataFrame], path: Path, *, is_chess: bool) -> None:
    """Draw the rates of some students from the history and afresh by turn."""
    figure = Figure(figsize=(9, 4.2), layout="constrained", dpi=130)
    axes = figure.subplots()
    for place, (name, turns) in enumerate(runs.items()):
        bins = [(low, high) for low, high in BINS if low <= turns["turn"].max()]
        for condition, style in (("natural", "-"), ("fresh", ":")):
            points = [
                (low, high, rates(turns, condition, UNPLAYABLE if is_chess else None, low, high)) for low, high in bins
            ]
            known = [((low + high) / 2, rate) for low, high, rate in points if rate is not None]
            axes.errorbar(
                [at for at, _ in known],
                [rate.estimate for _, rate in known],
                yerr=np.abs(
                    [[rate.estimate - rate.low for _, rate in known], [rate.high - rate.estimate for _, rate in known]]
                ),
                linestyle=style,
                marker=style_of("", place).marker,
                color=style_of("", place).colour,
                capsize=2,
                label=f"{name}, {'its own history' if condition == 'natural' else 'the same states afresh'}",
            )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("turn")
    axes.set_ylabel("illegal or unreadable, 95 % interval" if is_chess else "turns in error, 95 % interval")
    axes.grid(axis="y", color="#E3E3E3")
    axes.legend(frameon=False, ncols=2, fontsize="small")
    figure.savefig(path, metadata={"Software": "horizon"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("students", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/students"))
    parser.add_argument("--episodes", type=int, default=40)
    given = parser.parse_args()
    cards = {path.parent: json.loads(path.read_text()) for path in sorted(given.students.glob("*/card.json"))}
    given.out.mkdir(parents=True, exist_ok=True)
    parts = [
        "## Students",
        "| student | parameters | targets | steps | loss | H50, all errors |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    chess, others, tables = {}, {}, []
    for folder, card in cards.items():
        run = played(folder, card, given.episodes)
        turns = run_folder.read_turns(run)
        is_chess = card["recipe"]["environment"] == "chess"
        (chess if is_chess else others)[folder.name] = turns
        recipe = card["recipe"]
        taught = recipe["targets"] if is_chess else "exact"
        parts.append(
            f"| {folder.name} | {card['parameters']:,} | {taught} | {recipe['steps']} | {card['loss']} | {h50(run)} |"
        )
        tables.append(table(folder.name, turns, is_chess=is_chess))
    soft = {name: turns for name, turns in chess.items() if not name.endswith("-hard")}
    if len(soft) > 1:
        sizes = {folder.name: float(card["parameters"]) for folder, card in cards.items()}
        parts += ["", f"Unplayable replies from the history: {trend(soft, sizes)}."]
    for name, runs, is_chess in (("chess", chess, True), ("bookkeeping", others, False)):
        if runs:
            draw(runs, given.out / f"{name}.png", is_chess=is_chess)
            parts += ["", f"![{name}]({name}.png)"]
    (given.out / "tables.md").write_text("\n".join([*parts, "", *tables]))
    print((given.out / "tables.md").read_text())


if __name__ == "__main__":
    main()
