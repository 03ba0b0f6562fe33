"""Several models on the study's five tasks, each at the setting that its calibration chose.

    python benchmarks/model_study.py [--gemma FILE.gguf] [--students FOLDER] [--only NAME] [--out results/study/models]

Calibrates every case to 20 % errors on turns without a history, plays it there, and keeps a character per turn in
results/study/models. Runs in results/play/model_study are continued, and cases that can't be played here (no file of
Gemma, no folder of students) keep the rows that are there. `--only tables` plays nothing. One core: some 45 minutes.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import model_study_tables as tables
import polars as pl
from csv_files import read_csv, write_csv
from model_study_tables import CONDITIONS, NOT_ASKED, RANDOM, UNPLAYABLE, Case

from horizon.core.parameters import Value
from horizon.core.weight_cache import keeping_weights
from horizon.play import session
from horizon.play.calibration import keep_calibrating
from horizon.play.calibration_plan import plan_calibration
from horizon.play.opening import open_setting
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

RUNS = Path("results/play/model_study")
TARGET = 0.2
MOST_TURNS = 32
NOT_PLAYED = ("illegal", "unparsable", "no_answer", "truncated", "overflow")
EPISODES = 12
# A student is played four times as long as its lessons were.
TURNS = {"student": (40, 4)}
ANY_TURNS = (12, 2)


@dataclass(frozen=True, slots=True)
class Task:
    """A task of the study: its environment, the parameters to calibrate from easiest to hardest, and further keys."""

    environment: str
    knobs: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)


_CHESS = {"opponents": ("stockfish:level=1",), "judge_nodes": 1000}
TASKS = {
    "hanoi": Task("hanoi:rounds=0", {"disks": (1, 2, 3, 4, 5, 6)}),
    "list_editing": Task("list_editing:restate=state", {"edits": (1, 2, 4), "length": (3, 4, 6, 8)}),
    "running_total": Task("running_total:restate=state,words=4", {"lookups": (1, 2, 4), "largest": (1, 2, 4, 9)}),
    "stack_machine": Task("stack_machine:restate=state", {"lines": (1, 2, 3, 4), "variables": (2, 3)}),
    "chess": Task("chess:show=fen+legal_moves", {}, _CHESS | {"turns": 8}),
}
STUDENT_TASKS = {
    "chess": Task("chess:show=fen,later=last_move,notation=uci", {}, _CHESS),
    "running_total": Task("running_total", {"lookups": (1, 2, 4)}),
    "stack_machine": Task("stack_machine", {"lines": (1, 2, 4)}),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One model on one task."""

    model: str
    name: str
    task: str
    what: Task
    max_tokens: int = 24
    answer: str = "generate"

    @property
    def folder(self) -> Path:
        """Where its run and its calibration are."""
        return RUNS / f"{self.model.replace(' ', '_')}-{self.task}"


def entries(gemma: Path | None, students: Path | None) -> list[Entry]:
    """Return every case that can be played here."""
    all_entries = []
    for name, task in STUDENT_TASKS.items():
        folder = "student" if name == "chess" else f"hf:{students / name}" if students else None
        if folder:
            all_entries.append(Entry("student", folder, name, task, max_tokens=8))
    all_entries += [Entry("SmolLM2", "smollm2:engine=openvino", name, task) for name, task in TASKS.items()]
    all_entries += [
        Entry("SmolLM2 scored", "smollm2:engine=torch", name, TASKS[name], answer="score")
        for name in ("hanoi", "running_total")
    ]
    if gemma:
        for name, task in TASKS.items():
            what = Task(f"{task.environment},ask=completion", task.knobs, task.keys)
            if name == "chess":
                # A game as PGN has no replies to heal or to replace.
                what = Task("chess:ask=completion", {}, {**task.keys, "conditions": ("natural", "fresh")})
            all_entries.append(Entry("Gemma 3 270M", f"gguf:{gemma}", name, what))
    return all_entries


def keys_of(entry: Entry) -> dict[str, Any]:
    """Return the keys of a scenario that do not depend on the calibration."""
    turns, probe_turns = TURNS.get(entry.model, ANY_TURNS)
    return {
        "model": entry.name,
        "environment": entry.what.environment,
        "episodes": EPISODES,
        "turns": turns,
        "probe_turns": probe_turns,
        "conditions": CONDITIONS,
        "max_tokens": entry.max_tokens,
        "answer": entry.answer,
        "seed": 2000,
        **entry.what.keys,
    }


def calibrated(entry: Entry) -> Case:
    """Return the setting at which a case is played, from its calibration, which is made once."""
    file = entry.folder.with_suffix(".json")
    if file.is_file():
        return Case(**json.loads(file.read_text(encoding="utf-8")))
    environment = entry.what.environment
    case = Case(entry.model, entry.task, environment, entry.answer, "no parameter to calibrate", 0.0, 0.0, 0.0, 0, "")
    if entry.what.knobs:
        with open_setting(make(keys_of(entry), "model study"), say=print) as setting:
            plan = plan_calibration(
                setting.scenario, setting.task, TARGET, knobs=entry.what.knobs, most_turns=MOST_TURNS
            )
            kept = entry.folder.with_suffix(".calibration.jsonl")
            outcome = keep_calibrating(plan, setting.model, kept, resume=kept.exists())
        tried = "; ".join(
            f"{' '.join(f'{name}={value}' for name, value in place.parameters.items())}: "
            f"{place.errors} of {place.turns}"
            for place in outcome.tried
        )
        case = Case(
            entry.model,
            entry.task,
            outcome.name,
            entry.answer,
            outcome.verdict,
            round(outcome.rate, 4),
            round(outcome.low, 4),
            round(outcome.high, 4),
            outcome.turns,
            tried,
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(case)), encoding="utf-8")
    return case


def played(keys: dict[str, Any], out: Path) -> pl.DataFrame:
    """Return the turns of a run, which is played or continued if it is not finished."""
    if not (out / "manifest.json").exists() or not run_folder.is_finished(out):
        options = session.RunOptions(resume=(out / "manifest.json").exists())
        session.run(make(keys, "model study"), out, options, say=print)
    return run_folder.read_turns(out)


def coded(turns: pl.DataFrame, model: str, environment: str) -> list[dict[str, str]]:
    """Return the rows of a run: one per episode and condition, a character per turn.

    `repeated` is the number of natural replies that an earlier turn of the episode had word for word.
    """
    lines = []
    for condition in turns["condition"].unique(maintain_order=True).sort().to_list():
        some = turns.filter(pl.col("condition") == condition).sort("episode_id", "turn")
        for episode in sorted(turns["episode_id"].unique()):
            own = some.filter(pl.col("episode_id") == episode)
            codes = {
                turn: UNPLAYABLE if error in NOT_PLAYED else "." if correct else "w"
                for turn, error, correct in own.select("turn", "error", "correct").iter_rows()
            }
            text = "".join(codes.get(turn, NOT_ASKED) for turn in range(1, max(codes, default=0) + 1))
            repeated = str(len(own) - own["reply"].n_unique()) if condition == "natural" else ""
            lines.append(
                {
                    "model": model,
                    "environment": environment,
                    "condition": condition,
                    "turns": text,
                    "repeated": repeated,
                }
            )
    return lines


def keep(out: Path, case: Case, lines: Sequence[Mapping[str, Any]]) -> None:
    """Replace the rows of a case, and those of the random player at its setting, in the files of the study."""
    cases = [row for row in read_csv(out / "cases.csv") if (row["model"], row["task"]) != (case.model, case.task)]
    write_csv(out / "cases.csv", sorted([*cases, asdict(case)], key=lambda row: (row["task"], row["model"])))
    new = {(row["model"], row["environment"]) for row in lines}
    old = [row for row in read_csv(out / "rows.csv") if (row["model"], row["environment"]) not in new]
    write_csv(out / "rows.csv", sorted([*old, *lines], key=lambda row: (row["environment"], row["model"])))


def main() -> None:
    """Calibrate and play every case, keep its rows, and write tables and figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gemma", type=Path, help="the file of Gemma 3 270M (docs/models.md)")
    parser.add_argument("--students", type=Path, help="the folder of the students of running_total and stack_machine")
    parser.add_argument("--only", help="a model or a task, or tables")
    parser.add_argument("--out", type=Path, default=Path("results/study/models"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with keeping_weights():
        for entry in entries(given.gemma, given.students):
            if given.only not in (None, entry.model, entry.task):
                continue
            print(f"{entry.model}: {entry.task}", flush=True)
            case = calibrated(entry)
            keys = keys_of(entry) | {"environment": case.environment}
            lines = coded(played(keys, entry.folder), entry.model, case.environment)
            random = {**keys, "model": "random", "answer": "generate", "conditions": ("natural",)}
            lines += coded(played(random, RUNS / f"random-{entry.folder.name}"), RANDOM, case.environment)
            keep(given.out, case, lines)
    tables.write_all(given.out)


if __name__ == "__main__":
    main()
