"""Interventions on students and small models: every cause manipulated by itself. The rows of results/causes.

    python benchmarks/causes.py STUDENTS [--gemma FILE.gguf] [--out results/causes] [--only CELL]

STUDENTS holds the folders of stack_machine, running_total and board_tracking that `horizon distil` made; without a
file of Gemma 3 270M (docs/models.md tells how to get it) its cells keep the rows that are there. Each cell of
`causes_cells.py` is played, its errors are mapped (`horizon attribute`) and its turns scored (`horizon drift`). Runs
in results/play/causes are continued; rows of other cells are kept. `--only tables` plays nothing and makes tables and
figure anew from the committed rows. One thread; `about.csv` has the CPU time of every cell in seconds.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import causes_tables
import polars as pl
from causes_cells import CELLS, DEEP, DEEP_KEYS, SWAPPED, Cell
from causes_rows import NEW, NOT_ASKED, RIGHT, SEEN, SEEN_ROWS, TRANSPLANT_OF, UNPLAYABLE, WRONG
from csv_files import read_csv, write_csv

from horizon.analysis.returning_states import turns_that_return
from horizon.cli.attribute import attribute_errors
from horizon.cli.drift import score_run
from horizon.core.environment import open_environment
from horizon.play import session
from horizon.play.attribution import AttributionOptions, map_errors, sample_errors
from horizon.play.drift import DriftOptions
from horizon.runs import run_folder
from horizon.runs.attribution_file import AttributionFile, read_attribution
from horizon.runs.drift_file import read_drift
from horizon.runs.run_data import read_run
from horizon.scenarios.scenario import make

PLAYED = Path("results/play/causes")
NOT_PLAYED = ("illegal", "unparsable", "no_answer", "truncated")


def play(folder: Path, keys: dict[str, Any]) -> Path:
    """Return the finished run folder of a scenario; continues what is there."""
    if not (folder / "manifest.json").exists() or not run_folder.is_finished(folder):
        options = session.RunOptions(resume=(folder / "manifest.json").exists())
        session.run(make(keys, "causes"), folder, options, say=print)
    return folder


def played(cell: Cell, model: str) -> Path:
    """Return the finished run of a cell; the donor of its transplants is played before it."""
    conditions = list(cell.conditions)
    if cell.donor in {one.name for one in CELLS}:
        conditions.append(f"transplant:{PLAYED / cell.donor}")
    elif cell.donor:
        own = {name: value for name, value in cell.keys().items() if name not in ("dtype", "answer")}
        keys = {**own, "model": cell.donor, "conditions": ("natural",)}
        conditions.append(f"transplant:{play(PLAYED / f'{cell.name}-donor', keys)}")
    return play(PLAYED / cell.name, {**cell.keys(), "model": model, "conditions": tuple(conditions)})


def plain(condition: str) -> str:
    """Return a condition without the folder that a transplant names."""
    return "transplant" if condition.startswith("transplant:") else condition


def coded(cell: Cell, turns: pl.DataFrame) -> list[dict[str, str]]:
    """Return the rows of a run: one per episode and condition, a character per turn."""
    lines = []
    episodes = sorted(turns.select("episode_id", "seed").unique().iter_rows())
    for condition in turns["condition"].unique(maintain_order=True):
        games: dict[str, dict[int, str]] = {}
        some = turns.filter(pl.col("condition") == condition)
        for episode, turn, error, correct in some.select("episode_id", "turn", "error", "correct").iter_rows():
            code = UNPLAYABLE if error in NOT_PLAYED else RIGHT if correct else WRONG
            games.setdefault(episode, {})[turn] = code
        name = plain(condition)
        for episode, seed in episodes:
            game = games.get(episode, {})
            codes = "".join(game.get(turn, NOT_ASKED) for turn in range(1, max(game, default=0) + 1))
            lines.append({"cell": cell.name, "condition": name, "seed": str(seed), "turns": codes})
    return lines


def seen(cell: Cell, turns: pl.DataFrame) -> list[dict[str, str]]:
    """Return the rows that say which states had been posed before in their episode."""
    codes: dict[str, str] = {}
    for (episode, _), mark in turns_that_return(open_environment(cell.environment), turns).items():
        codes[episode] = codes.get(episode, "") + (SEEN if mark else NEW)
    seeds = dict(turns.select("episode_id", "seed").unique().iter_rows())
    return [
        {"cell": cell.name, "condition": SEEN_ROWS, "seed": str(seeds[episode]), "turns": text}
        for episode, text in codes.items()
    ]


def lengths(cell: Cell, turns: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the mean length of the conversations of each condition, in the model's tokens, at the probed turns."""
    probed = turns.filter(pl.col("condition") == "fresh").select("episode_id", "turn").unique()
    own = turns.join(probed, on=["episode_id", "turn"]).filter(pl.col("turn") >= cell.first_turn)
    means = own.group_by("condition").agg(pl.col("context_tokens").mean()).sort("condition")
    return [
        {"cell": cell.name, "condition": plain(condition), "tokens": round(mean)}
        for condition, mean in means.iter_rows()
        if mean is not None
    ]


def harms(cell: str, folder: Path) -> list[dict[str, Any]]:
    """Return a row for each mapped error: what every edited earlier turn does to the right reply."""
    lines = []
    for edit in ("heal", "hide"):
        attribution = read_attribution(folder, edit)
        for error in attribution.maps if attribution else ():
            effects = " ".join(f"{one.turn}{'w' if one.erred else 'r'}{one.effect:+.4f}" for one in error.effects)
            lines.append(
                {
                    "cell": cell, "edit": edit, "episode": error.episode_id, "turn": error.turn,
                    "log_likelihood": round(error.log_likelihood, 4), "read_tokens": error.read_tokens,
                    "rescored_tokens": error.rescored_tokens, "effects": effects,
                }
            )  # fmt: skip
    return lines


def drifts(cell: Cell, folder: Path) -> list[dict[str, Any]]:
    """Return a row for each scored turn."""
    drift = read_drift(folder)
    return [
        {
            "cell": cell.name, "seed": row.seed, "turn": row.turn, "natural": round(row.natural, 4),
            "fresh": round(row.fresh, 4), "n_tokens": row.n_tokens, "erred_before": int(row.erred_before),
            "correct": int(row.is_correct),
        }
        for row in (drift.turns if drift else ())
    ]  # fmt: skip


def replace_rows(path: Path, cell: str, lines: list[dict[str, Any]]) -> None:
    """Put the rows of one cell in place of its earlier ones."""
    known: list[dict[str, Any]] = [row for row in read_csv(path) if row["cell"] != cell]
    places = {one.name: place for place, one in enumerate(CELLS)}
    rows = sorted([*known, *lines], key=lambda row: places.get(str(row["cell"]), len(places)))
    if rows:
        write_csv(path, rows)


def measure(cell: Cell, model: str, out: Path) -> None:
    """Play one cell, map its errors and score its turns, and write its rows."""
    folder = PLAYED / cell.name
    clock = folder / "cpu_seconds.json"
    spent_s = json.loads(clock.read_text()) if clock.exists() else {}
    for name, step in (
        ("play", lambda: played(cell, model)),
        ("drift", lambda: cell.scored and score_run(folder, DriftOptions(cell.scored, model=model))),
        ("heal", lambda: cell.healed and attribute_errors(folder, AttributionOptions("heal", cell.healed, 0, model))),
        ("hide", lambda: cell.hidden and attribute_errors(folder, AttributionOptions("hide", cell.hidden, 0, model))),
    ):
        started = time.process_time()
        step()
        spent_s[name] = round(spent_s.get(name, 0.0) + time.process_time() - started, 1)
        clock.write_text(json.dumps(spent_s))
    turns = run_folder.read_turns(folder)
    replace_rows(out / "rows.csv", cell.name, coded(cell, turns) + seen(cell, turns))
    replace_rows(out / "lengths.csv", cell.name, lengths(cell, turns))
    replace_rows(out / "harm.csv", cell.name, harms(cell.name, folder))
    replace_rows(out / "drift.csv", cell.name, drifts(cell, folder))
    replace_rows(out / "about.csv", cell.name, [{"cell": cell.name, **cell.about(), **spent_s}])


def measure_swapped(cell: Cell, other: Cell, out: Path) -> None:
    """Play a cell's model on the transcripts of another one's, and write rows of that condition."""
    name = TRANSPLANT_OF + other.name.partition("-")[0]
    keys = {**cell.keys(), "model": cell.model, "conditions": ("natural", f"transplant:{PLAYED / other.name}")}
    turns = run_folder.read_turns(play(PLAYED / f"{cell.name}-of-{other.name}", keys))
    own = coded(cell, turns.filter(pl.col("condition") != "natural"))
    rows: list[dict[str, Any]] = [
        row for row in read_csv(out / "rows.csv") if row["cell"] == cell.name and row["condition"] != name
    ]
    replace_rows(out / "rows.csv", cell.name, [*rows, *({**row, "condition": name} for row in own)])


def measure_deep(out: Path) -> None:
    """Play SmolLM2 for 40 turns, and map its error at the last of them: what a deep map costs on a real model."""
    folder = play(PLAYED / DEEP, {**DEEP_KEYS, "conditions": ("natural",)})
    run, options = read_run(folder), AttributionOptions("hide", 10**6)
    places = sample_errors(run, options)
    deepest = next(place for place in places if place[1] == DEEP_KEYS["turns"])
    file = AttributionFile(folder, "hide", DEEP_KEYS["model"])
    done = {(error.episode_id, error.turn) for error in file.maps}
    for error in map_errors(run, options, done={*places} - {deepest} | done):
        file.append(error)
    file.close()
    replace_rows(out / "harm.csv", DEEP, harms(DEEP, folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("students", type=Path)
    parser.add_argument("--gemma", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/causes"))
    parser.add_argument("--only", help="the name of one cell, swapped (SmolLM2 on Gemma's transcripts), or tables")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for cell in CELLS:
        if given.only in (None, cell.name) and (given.gemma or "GEMMA" not in cell.model):
            model = cell.model.replace("STUDENTS", str(given.students)).replace("GEMMA", str(given.gemma))
            measure(cell, model, given.out)
    if given.gemma and given.only in (None, "swapped"):
        first, second = (next(cell for cell in CELLS if cell.name == name) for name in SWAPPED)
        measure_swapped(first, second, given.out)
    if given.only in (None, DEEP):
        measure_deep(given.out)
    causes_tables.write(given.out)


if __name__ == "__main__":
    main()
