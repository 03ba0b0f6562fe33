"""Replies that can't be read, under the two wordings of each environment's prompt.

    python benchmarks/prompts.py [--gemma FILE.gguf] [--episodes 30] [--environments hanoi chess:show=fen]

Writes results/prompts. Two turns of each episode, the same instances under both wordings: SmolLM2 in messages, and
Gemma 3 270M, where its file is given (docs/models.md), by text that it continues, which chess has not in rules but in
PGN. Counts replies without an answer, with one that can't be read, or cut off, and all errors. Runs in
results/play/prompts are continued. Rows of what is not played are kept, as are those of the first draft of v2, which
no version has. One core: one to two minutes per model and environment.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from csv_files import read_csv, write_csv

from horizon.analysis.stats.intervals import Floats, mean_of_signs, share
from horizon.core.weight_cache import keeping_weights
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

BOOKKEEPING = ("running_total", "permutation", "stack_machine", "board_tracking", "list_editing")
GRIDS = ("checker_jumping", "sliding_tiles", "grid_walk")
PLANNING = ("hanoi", "blocks_world", "river_crossing", *GRIDS, "pddl", "endgame")
CHESS = ("chess", "chess:show=fen", "chess_variant", "puzzle")
ENVIRONMENTS = (*BOOKKEEPING, *PLANNING, *CHESS)
PROMPTS = ("v1", "v2")
DRAFT = "draft"
"""The first v2 of planning and chess, at commit d0e4b58: its questions did not repeat the answer format."""
UNREAD = ("no_answer", "unparsable", "truncated")
OUT = Path("results/prompts")
TURNS = 2
SMOLLM2, GEMMA = "SmolLM2", "Gemma 3 270M"


def played(name: str, model: str, environment: str, prompt: str, episodes: int) -> list[tuple[int, int, int]]:
    """Return for each episode, in order, how many turns it had, without a readable answer, and in error."""
    folder = f"{name}-{environment}-{prompt}".replace(" ", "_").replace(":", "-")
    out = Path("results/play/prompts") / folder
    settings = [f"prompt={prompt}", *(["ask=completion"] if name == GEMMA else [])]
    if not (out / "manifest.json").exists() or not run_folder.is_finished(out):
        scenario = make(
            {
                "model": model,
                "environment": f"{environment}{',' if ':' in environment else ':'}{','.join(settings)}",
                "episodes": episodes,
                "turns": TURNS,
                "conditions": ("natural",),
                "max_tokens": 24,
                "seed": 500,
            },
            "prompts",
        )
        session.run(scenario, out, session.RunOptions(resume=(out / "manifest.json").exists()), say=print)
    return counts(out)


def counts(run: Path) -> list[tuple[int, int, int]]:
    """Return for each episode of a run, in order, its turns, those without a readable answer, and those in error."""
    turns = run_folder.read_turns(run).filter(pl.col("condition") == "natural")
    sums = turns.group_by("episode_id").agg(
        pl.len(), pl.col("error").is_in(UNREAD).sum().alias("unread"), (~pl.col("correct")).sum().alias("errors")
    )
    return [(n, unread, errors) for _, n, unread, errors in sums.sort("episode_id").iter_rows()]


def table(rows: list[dict[str, str]], after: str = PROMPTS[1]) -> str:
    """Return the shares under v1 and another wording, and their paired difference in points, per environment.

    An episode that one of them solved in fewer turns is compared by its shares of turns.
    """
    lines = [
        f"| model | environment | unread, v1 | unread, {after} | change | errors, v1 | errors, {after} | change |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    worded = [row for row in rows if row["prompt"] == after]
    for model, environment in dict.fromkeys((row["model"], row["environment"]) for row in worded):
        cells = []
        for kind in ("unread", "errors"):
            (one, turns), (other, other_turns) = (
                column(rows, (model, environment, prompt), kind) for prompt in (PROMPTS[0], after)
            )
            change = mean_of_signs(other * turns / other_turns - one, turns)
            parts = [share(one, turns), share(other, other_turns), change]
            cells += [f"{100 * part.estimate:.0f} [{100 * part.low:.0f}, {100 * part.high:.0f}]" for part in parts]
        lines.append(f"| {model} | {environment} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def column(rows: list[dict[str, str]], play: tuple[str, str, str], kind: str) -> tuple[Floats, Floats]:
    """Return a count per episode of a model, an environment and a wording, and the episodes' turns."""
    chosen = [row for row in rows if (row["model"], row["environment"], row["prompt"]) == play]
    return np.array([float(row[kind]) for row in chosen]), np.array([float(row["turns"]) for row in chosen])


def main() -> None:
    """Play every environment under both wordings, and write the rows and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gemma", type=Path, help="the file of Gemma 3 270M")
    parser.add_argument("--episodes", type=int, default=30)
    parser.add_argument("--only", choices=(SMOLLM2, GEMMA), help="the model to play")
    parser.add_argument("--environments", nargs="+", choices=ENVIRONMENTS, default=ENVIRONMENTS, help="what to play")
    given = parser.parse_args()
    models = {SMOLLM2: "smollm2"} | ({GEMMA: f"gguf:{given.gemma}"} if given.gemma else {})
    models = {name: model for name, model in models.items() if given.only in (None, name)}
    plays = [
        (name, environment)
        for name in models
        for environment in given.environments
        if name == SMOLLM2 or environment not in CHESS
    ]
    rows = [
        row
        for row in read_csv(OUT / "rows.csv")
        if row["prompt"] == DRAFT or (row["model"], row["environment"]) not in plays
    ]
    with keeping_weights():
        rows += [
            {
                "model": name,
                "environment": environment,
                "prompt": prompt,
                "episode": str(number),
                "turns": str(n),
                "unread": str(unread),
                "errors": str(errors),
            }
            for name, environment in plays
            for prompt in PROMPTS
            for number, (n, unread, errors) in enumerate(
                played(name, models[name], environment, prompt, given.episodes)
            )
        ]
    OUT.mkdir(parents=True, exist_ok=True)
    rows.sort(key=lambda row: ((SMOLLM2, GEMMA).index(row["model"]), ENVIRONMENTS.index(row["environment"])))
    write_csv(OUT / "rows.csv", rows)
    (OUT / "table.md").write_text(f"{table(rows)}\n{table(rows, DRAFT)}", encoding="utf-8")


if __name__ == "__main__":
    main()
