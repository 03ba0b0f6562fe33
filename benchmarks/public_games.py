"""Counts, causes and the curve of first illegal moves in public games of language models, by Horizon's own reader.

python benchmarks/public_games.py --data FOLDER [--out results/public]: FOLDER holds the archives of the four projects
(acherm/gptchess, chess_gpt_eval, llm_chess, Chess-LLM-Benchmark); no game of theirs is written to --out.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from horizon.analysis.survival_curve import curve
from horizon.archives.import_run import ImportOptions, import_games
from horizon.runs import run_folder

LEAST_EPISODES = 20
LEAST_AT_RISK = 5
NAMES = {"deepseek-reasoner": "DeepSeek-R1"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        begun = time.perf_counter()
        imported = import_games(ImportOptions((options.data,)), run)
        took = time.perf_counter() - begun
        left_out = len(imported.problems)
        print(f"{imported.n_episodes} episodes, {imported.n_turns} turns, {left_out} left out, {took:.0f} s")
        turns, episodes = run_folder.read_turns(run), run_folder.read_episodes(run)
    for line in (*counts(turns, episodes), *causes(turns)):
        print(line)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        draw(turns, options.out / "first_illegal_move.png")


def counts(turns: pl.DataFrame, episodes: pl.DataFrame) -> list[str]:
    """Return a Markdown table of episodes and kinds of reply, a row for each archive and (of gptchess) model."""
    source = pl.col("episode_id").str.split("/").list.first().alias("archive")
    group = pl.when(pl.col("archive") == "gptchess").then(pl.col("model")).otherwise(pl.lit("all")).alias("who")
    kinds = turns.with_columns(source).with_columns(group).group_by("archive", "who", "error").len()
    ends = episodes.with_columns(source).with_columns(group)
    names = ("none", "illegal", "unparsable", "no_answer", "truncated")
    lines = [f"| archive | model | episodes | {' | '.join(names)} | forfeited | aborted |", "|---" * 10 + "|"]
    for (archive, who), part in sorted(ends.partition_by("archive", "who", as_dict=True).items(), key=str):
        own = kinds.filter((pl.col("archive") == archive) & (pl.col("who") == who))
        by_kind = dict(own.select("error", "len").iter_rows())
        outcomes = Counter(part["outcome"].to_list())
        cells = [archive, who, part.height, *(by_kind.get(name, 0) for name in names)]
        lines.append("| " + " | ".join(map(str, [*cells, outcomes["forfeited"], outcomes["aborted"]])) + " |")
    given = sum((json.loads(text)["given_plies"] + 1) // 2 for text in ends.filter(archive="gptchess")["extra"])
    lines.append(f"moves of gptchess models that the prompt gave, no turns of theirs: {given}")
    r1 = turns.filter(pl.col("model") == "deepseek-reasoner")
    for low, high in ((1, 5), (6, 10), (11, 15)):
        part = r1.filter(pl.col("turn").is_between(low, high))
        lines.append(f"DeepSeek-R1 turns {low}-{high}: {(part['error'] == 'illegal').sum()} illegal of {part.height}")
    return lines


def causes(turns: pl.DataFrame) -> list[str]:
    """Return a Markdown table of why replies were illegal, and how many were legal earlier in the same game."""
    failed = turns.filter(pl.col("extra").str.contains('"illegal_cause"')).select("model", "extra")
    tables: dict[str, Counter[str]] = {}
    for model, text in failed.iter_rows():
        extra = json.loads(text)
        tables.setdefault(model, Counter())[extra["illegal_cause"]] += 1
        tables[model]["(legal earlier in the game)"] += extra["stale_plies"] is not None
    names = sorted({name for table in tables.values() for name in table})
    lines = [f"| model | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    return [*lines, *(f"| {m} | {' | '.join(str(t[name]) for name in names)} |" for m, t in sorted(tables.items()))]


def draw(turns: pl.DataFrame, path: Path) -> None:
    """Draw the share of games still free of an illegal move by turn, of each gptchess model's commonest protocol."""
    figure, axes = plt.subplots(figsize=(8, 4.8))
    games = turns.filter(pl.col("episode_id").str.starts_with("gptchess/"))
    protocol = pl.col("parameters").str.replace(r'"opponent": "[^"]*"', "").alias("protocol")
    for (model,), part in sorted(games.with_columns(protocol).partition_by("model", as_dict=True).items()):
        commonest = part.group_by("protocol").agg(pl.col("episode_id").n_unique()).sort("episode_id", "protocol")
        part = part.filter(pl.col("protocol") == commonest["protocol"][-1])
        ends = part.group_by("episode_id").agg(pl.col("turn").max(), (pl.col("error") == "illegal").any())
        if ends.height < LEAST_EPISODES:
            continue
        found = curve(ends["turn"].to_numpy(), ends["error"].to_numpy().astype(float))
        n_shown = int((found.at_risk >= LEAST_AT_RISK).sum())
        x = np.arange(n_shown + 1)
        share, low, high = (np.concatenate([[1.0], each[:n_shown]]) for each in (found.share, found.low, found.high))
        (line,) = axes.step(x, share, where="post", label=f"{NAMES.get(str(model), model)} ({ends.height} games)")
        axes.fill_between(x, low, high, step="post", alpha=0.15, color=line.get_color())
        below = np.flatnonzero(share <= 0.5)
        print(
            f"{model}: {ends.height} games, median turn of the first illegal move {x[below[0]] if len(below) else '-'}"
        )
    axes.set(xlabel="turn of the model", ylabel="games still free of an illegal move", ylim=(0, 1.02), xlim=(0, 60))
    axes.set_title("Whole game as text, one attempt: first illegal move (95 % intervals)")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
