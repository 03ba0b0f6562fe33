"""Replies that can't be read, under the earlier rules of bookkeeping environments and the present ones.

    python benchmarks/prompts.py [--model smollm2] [--episodes 30]

Writes results/prompts. Two turns of each episode, the same instances under both wordings. Counts replies without an
answer, with one that can't be read, or cut off, and all errors. Runs in results/play/prompts are continued. One core:
some 8 minutes.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from csv_files import write_csv

from horizon.analysis.stats.intervals import mean_of_signs, share
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

ENVIRONMENTS = ("running_total", "permutation", "stack_machine", "board_tracking", "list_editing")
PROMPTS = ("v1", "v2")
UNREAD = ("no_answer", "unparsable", "truncated")
OUT = Path("results/prompts")
TURNS = 2
COLUMNS = ("environment", "prompt", "episode", "unread", "errors")


def played(model: str, environment: str, prompt: str, episodes: int) -> list[tuple[int, int]]:
    """Return for each episode, in order, how many turns had no readable answer and how many were in error."""
    out = Path("results/play/prompts") / f"{model.replace(':', '-')}-{environment}-{prompt}"
    if not (out / "manifest.json").exists() or not run_folder.is_finished(out):
        scenario = make(
            {
                "model": model,
                "environment": f"{environment}:prompt={prompt}",
                "episodes": episodes,
                "turns": TURNS,
                "conditions": ("natural",),
                "max_tokens": 24,
                "seed": 500,
            },
            "prompts",
        )
        session.run(scenario, out, session.RunOptions(resume=(out / "manifest.json").exists()), say=print)
    turns = run_folder.read_turns(out).filter(pl.col("condition") == "natural")
    sums = turns.group_by("episode_id").agg(
        pl.col("error").is_in(UNREAD).sum().alias("unread"), (~pl.col("correct")).sum().alias("errors")
    )
    return [(unread, errors) for _, unread, errors in sums.sort("episode_id").iter_rows()]


def table(rows: list[dict[str, str]]) -> str:
    """Return the shares before and after, and their paired difference in points, per environment."""
    lines = [
        "| environment | unread, v1 | unread, v2 | change | errors, v1 | errors, v2 | change |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for environment in dict.fromkeys(row["environment"] for row in rows):
        cells = []
        for kind in ("unread", "errors"):
            before, after = (
                np.array(
                    [float(row[kind]) for row in rows if row["environment"] == environment and row["prompt"] == prompt]
                )
                for prompt in PROMPTS
            )
            turns = np.full(len(before), float(TURNS))
            parts = [share(before, turns), share(after, turns), mean_of_signs(after - before, turns)]
            cells += [f"{100 * part.estimate:.0f} [{100 * part.low:.0f}, {100 * part.high:.0f}]" for part in parts]
        lines.append(f"| {environment} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Play every environment under both wordings, and write the rows and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--episodes", type=int, default=30)
    given = parser.parse_args()
    rows = [
        {
            "environment": environment,
            "prompt": prompt,
            "episode": str(number),
            "unread": str(one),
            "errors": str(other),
        }
        for environment in ENVIRONMENTS
        for prompt in PROMPTS
        for number, (one, other) in enumerate(played(given.model, environment, prompt, given.episodes))
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    write_csv(OUT / "rows.csv", rows)
    (OUT / "table.md").write_text(table(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
