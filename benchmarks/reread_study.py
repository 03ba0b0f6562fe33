"""SmolLM2's recorded replies of results/study, read again by today's reader: error kinds before and after.

    python benchmarks/reread_study.py

A recorded reply that is read as the same action keeps its verdict, so that chess needs no engine; a newly read chess
move is counted as `legal`. The replies were recorded by environments of version 1, where local decoding stopped after
the first answer line.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from horizon.core.environment import Environment, environment_class, open_environment
from horizon.core.parameters import describe
from horizon.core.records import Reply
from horizon.play.judging import judge_answer, parse_reply

RUNS = Path(__file__).parent.parent / "results" / "study" / "runs"
KINDS = ("correct", "wrong", "legal", "illegal", "unparsable", "no_answer", "truncated")


def open_recorded(row: dict[str, Any]) -> Environment[Any]:
    """Return the environment of a row."""
    known = {parameter.name for parameter in describe(environment_class(row["environment"]))}
    given = {key: value for key, value in json.loads(row["parameters"]).items() if key in known}
    return open_environment(row["environment"], given)


def read_again(task: Environment[Any], row: dict[str, Any]) -> str:
    """Return the kind of a recorded reply as it is read today."""
    state = task.load(row["state"])
    answer = parse_reply(task, state, Reply(row["reply"], row["finish_reason"]))
    if answer.error == "none" and answer.action == row["action"]:
        return kind_of(row["error"])
    if answer.error == "none" and task.oracle_kind == "engine":
        return "legal"
    return kind_of(judge_answer(task, state, answer, None).error)


def kind_of(error: str) -> str:
    """Return an error kind with `correct` for none."""
    return "correct" if error == "none" else error


def main() -> None:
    """Print a table of each run's kinds, before and after."""
    print(f"| run | turns | {' | '.join(KINDS)} |\n| --- | ---: |{' ---: |' * len(KINDS)}")
    for folder in sorted(RUNS.iterdir()):
        rows = list(pl.read_parquet(folder / "turns.parquet").iter_rows(named=True))
        tasks = {row["parameters"]: open_recorded(row) for row in rows}
        before = Counter(kind_of(row["error"]) for row in rows)
        after = Counter(read_again(tasks[row["parameters"]], row) for row in rows)
        print(f"| {folder.name} | {len(rows)} | {' | '.join(f'{before[kind]} → {after[kind]}' for kind in KINDS)} |")


if __name__ == "__main__":
    main()
