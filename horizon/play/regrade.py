"""Judging a run again: every row keeps what was played, its verdict is made anew from fresh scores.

For runs played without a judge, or to see how much a verdict depends on the nodes. The original stays as it is.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from horizon.core.environment import Environment, engine_of, open_environment
from horizon.core.errors import UsageError
from horizon.core.records import Answer, Json, Scores, Turn
from horizon.core.row_faults import naming
from horizon.engines.judge import Judge
from horizon.play.judging import judge_answer
from horizon.play.plan import scenario_of
from horizon.runs import run_folder
from horizon.runs.building import building

_AHEAD = 256
"""Positions asked for ahead of the row being written: enough to keep every engine busy, few enough to hold."""


def grade(folder: Path, out: Path, nodes: int, watch: Callable[[int], None] = lambda done: None) -> Path:
    """Write a copy of a run with every turn judged at these nodes; return its folder.

    Raises:
        UsageError: the run's environment needs no engine, or `out` is taken.
        StoreError: the run can't be read.
    """
    manifest = run_folder.read_manifest(folder)
    plan = scenario_of(manifest)
    task = open_environment(plan["environment"], plan["parameters"])
    if task.oracle_kind != "engine":
        raise UsageError(f"{folder} needs no grading: {task.name} judges exactly")
    engine = str(plan["judge_engine"])
    with Judge(engine_of(task) if engine == "none" else engine, nodes=nodes) as judge:
        graded: dict[str, Json] = {**manifest, "graded": {"from": str(folder), "judge": judge.identity()}}
        with building(out, graded) as journal:
            for done, (row, scores) in enumerate(_score(task, judge, folder), 1):
                with naming(row):
                    journal.append(judge_again(task, row, scores))
                watch(done)
            for episode in run_folder.iterate_episodes(folder):
                journal.append(episode)
    return out


def judge_again(task: Environment[Any], row: Turn, scores: Scores | None) -> Turn:
    """Return the row with its verdict made from these scores; errors of form and legality stay what they were."""
    state = task.load(row.state)
    answer = Answer(row.action, "none" if row.error in ("none", "wrong") else row.error)
    verdict = judge_answer(task, state, answer, scores)
    return replace(
        row,
        error=verdict.error,
        correct=verdict.error == "none",
        loss=verdict.loss,
        random_loss=verdict.random_loss,
        optimal_action=verdict.optimal_action,
        engine_ms=scores.engine_ms if scores is not None else None,
        extra=json.dumps({**json.loads(row.extra), **verdict.extra}, ensure_ascii=False),
    )


def _score(task: Environment[Any], judge: Judge, folder: Path) -> Iterator[tuple[Turn, Scores | None]]:
    waiting: deque[tuple[Turn, Future[Scores] | None]] = deque()
    for row in run_folder.iterate_turns(folder):
        with naming(row):
            position = task.engine_position(task.load(row.state))
        waiting.append((row, judge.submit(position) if position is not None else None))
        if len(waiting) >= _AHEAD:
            first, scores = waiting.popleft()
            yield first, scores.result() if scores is not None else None
    for row_left, scores in waiting:
        yield row_left, scores.result() if scores is not None else None
