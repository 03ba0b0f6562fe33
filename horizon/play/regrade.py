"""Judging a run again: every row keeps what was played and gets a new verdict from new scores.

For runs played without a judge, such as imported ones, or to see how much verdicts depend on the nodes. The original
is not changed. After an interruption the same call continues after the last row.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from horizon.core.environment import Environment, engine_of, open_environment
from horizon.core.errors import UsageError
from horizon.core.records import Answer, Json, Scores, Turn
from horizon.core.row_faults import naming
from horizon.core.seeds import generator
from horizon.engines.judge import Judge
from horizon.play.judging import AS_SENT, SENT_ERROR, judge_answer
from horizon.play.plan import scenario_of
from horizon.runs import run_folder
from horizon.runs.building import continuing
from horizon.runs.journal_reader import Key
from horizon.runs.row_format import key
from horizon.runs.tables import WRITTEN

_AHEAD = 256
"""Positions asked for ahead of the row being written: enough to keep every engine busy, few enough to hold."""
_BY_LOSS = ("none", "wrong")
"""Verdicts that the scores decide."""


class _Waiting(NamedTuple):
    """A row with its state, and the scores that it waits for; neither where it needs none."""

    row: Turn
    state: Any
    scores: "Future[Scores] | None"
    checked: "Future[Scores] | None"


@dataclass(frozen=True, slots=True)
class SecondJudgement:
    """A second, more expensive judgement of a random share of the turns, above 0 and at most 1, at more nodes."""

    nodes: int
    share: float = 0.1

    def __post_init__(self) -> None:
        if self.nodes < 1:
            raise UsageError(f"check-nodes={self.nodes} is out of range: at least 1 search node, such as 200000")
        if not 0 < self.share <= 1:
            raise UsageError(f"check-share={self.share} is out of range: above 0 and at most 1 (0.1 is a tenth)")

    def draws(self, row: Turn) -> bool:
        """Return whether a turn is among the few: a draw by its run, episode, turn and condition alone."""
        draw = generator(0, "check", row.run_id, row.episode_id, row.turn, row.condition)
        return row.error in _BY_LOSS and draw.random() < self.share


def grade(
    folder: Path,
    out: Path,
    nodes: int,
    watch: Callable[[int], None] = lambda done: None,
    check: SecondJudgement | None = None,
) -> Path:
    """Write a copy of a run with every turn judged at these nodes; return its folder.

    An engine on every core searches while rows are written; `watch` gets the number of rows that are done. What a
    killed call has graded is kept beside `out`, and is not graded again by the same call. With `check` a share of
    the turns is judged twice: `checked_is_error` and `checked_loss` in `extra` are the more expensive judge's verdict.

    Raises:
        UsageError: the run's environment needs no engine, or `out` is taken.
        StoreError: the run can't be read.
    """
    manifest = run_folder.read_manifest(folder)
    plan = scenario_of(manifest)
    task = open_environment(plan["environment"], plan["parameters"])
    if task.oracle_kind != "engine":
        raise UsageError(f"{folder} needs no grading: {task.name} judges exactly")
    engine = engine_of(task) if plan["judge_engine"] == "none" else str(plan["judge_engine"])
    with Judge(engine, nodes=nodes) as judge, _open_second(engine, check) as second:
        # The tables' checksums are kept, so that another run of that name is never continued with this one's rows.
        graded: dict[str, Json] = {"from": str(folder), "judge": judge.identity(), "of": manifest.get(WRITTEN)}
        earlier = manifest.get("graded")
        graded[AS_SENT] = not isinstance(earlier, dict) or bool(earlier.get(AS_SENT))
        if second is not None:
            graded["check"] = {"judge": second.judge.identity(), "share": second.check.share}
        with continuing(out, {**manifest, "graded": graded}) as part:
            changes: Counter[str] = Counter()
            for done, waiting in enumerate(_score(task, judge, second, folder, part.written), 1):
                row = waiting.row
                error = part.written.get(key(row))
                if error is None:
                    with naming(row):
                        judged = _judge(task, waiting, changes[row.episode_id])
                    part.journal.append(judged)
                    error = judged.error
                if row.condition == "natural":
                    changes[row.episode_id] += (error != "none") - (row.error != "none")
                watch(done)
            for episode in run_folder.iterate_episodes(folder):
                if key(episode) not in part.written:
                    part.journal.append(episode)
    return out


def _judge(task: Environment[Any], waiting: _Waiting, more_errors: int) -> Turn:
    """Return the row with its verdict made from its scores; `more_errors` of its episode than before precede it.

    Errors of form and legality stay what they were, and so does what `extra` holds of them without an engine.
    """
    row, state, future, checked = waiting
    if row.environment != task.name:
        return row
    scores = future.result() if future is not None else None
    answer = Answer(row.action, "none" if row.error in _BY_LOSS else row.error)
    verdict = judge_answer(task, state, answer, scores)
    before, extra = json.loads(row.extra), dict(verdict.extra)
    if checked is not None:
        again = judge_answer(task, state, answer, checked.result())
        extra |= {"checked_is_error": int(again.error != "none"), "checked_loss": again.loss}
    sent = before.get(SENT_ERROR, row.error)
    if sent != verdict.error or SENT_ERROR in before:
        extra |= {SENT_ERROR: sent}
    if row.error not in _BY_LOSS:
        by_rules = judge_answer(task, state, answer, None).extra
        extra |= {name: before[name] for name in by_rules if name in before}
    return replace(
        row,
        error=verdict.error,
        correct=verdict.error == "none",
        loss=verdict.loss,
        random_loss=verdict.random_loss,
        optimal_action=verdict.optimal_action,
        prior_errors=row.prior_errors + (more_errors if row.condition == "natural" else 0),
        engine_ms=scores.engine_ms if scores is not None else None,
        extra=json.dumps({**before, **extra}, ensure_ascii=False),
    )


@dataclass(frozen=True, slots=True)
class _SecondJudge:
    """The open judge of a second judgement."""

    judge: Judge
    check: SecondJudgement

    def submit(self, row: Turn, position: str) -> "Future[Scores] | None":
        """Start the search of a turn's position if the turn is among the few."""
        return self.judge.submit(position) if self.check.draws(row) else None


@contextmanager
def _open_second(engine: str, check: SecondJudgement | None) -> Iterator[_SecondJudge | None]:
    if check is None:
        yield None
        return
    with Judge(engine, nodes=check.nodes) as judge:
        yield _SecondJudge(judge, check)


def _score(
    task: Environment[Any], judge: Judge, second: _SecondJudge | None, folder: Path, written: Mapping[Key, str]
) -> Iterator[_Waiting]:
    """Yield every row with its scores under way; those that are written already without."""
    waiting: deque[_Waiting] = deque()
    for row in run_folder.iterate_turns(folder):
        state = scores = checked = None
        if row.environment == task.name and key(row) not in written:
            with naming(row):
                state = task.load(row.state)
                position = task.engine_position(state)
            if position is not None:
                scores = judge.submit(position)
                checked = second.submit(row, position) if second is not None else None
        waiting.append(_Waiting(row, state, scores, checked))
        if len(waiting) >= _AHEAD:
            yield waiting.popleft()
    yield from waiting
