"""One turn: the request that is put to the model, and the row that its reply becomes.

Pure but for the engine's scores, which are waited for where judging needs them. Knows the loop's `Setting`, no file.
"""

import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Protocol

from horizon.conditions import show
from horizon.environment import Environment
from horizon.model import Model, Request
from horizon.records import Answer, ErrorKind, Json, Reply, Scores, Turn, Verdict
from horizon.scenarios import Scenario
from horizon.seeds import derive
from horizon.trajectory import Posed, Trajectory, exchanges, retry_note, substitute, verdict_of


class Judging(Protocol):
    """What playing needs of a judge: scores of a position, some time later."""

    def submit(self, position: str) -> "Future[Scores]":
        """Return the scores to come of every legal action of a position."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same through a setting. `parameters` holds the row's JSON text for each opponent."""

    run_id: str
    scenario: Scenario
    task: Environment[Any]
    model: Model
    judge: Judging | None
    parameters: Mapping[str | None, str]


@dataclass(slots=True)
class Work:
    """One request under way: a natural turn, or a probe of one. `failures` counts those of the infrastructure."""

    trajectory: Trajectory
    condition: str
    turn: int
    state: Any
    scores: "Future[Scores] | None"
    request: Request
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A judged reply: its row, and the row's `extra` as data; a null row asks for a further attempt."""

    row: Turn | None
    error: ErrorKind
    extra: dict[str, Json]


def submit(setting: Setting, state: Any) -> "Future[Scores] | None":
    """Ask the judge for a state's scores; null where there is no judge or the environment needs none."""
    if setting.judge is None:
        return None
    position = setting.task.engine_position(state)
    return setting.judge.submit(position) if position is not None else None


def request_for(setting: Setting, at: Trajectory, condition: str, scores: "Future[Scores] | None") -> Work:
    """Return the request of the turn that the trajectory stands at, as a condition shows it."""
    task, scenario, model = setting.task, setting.scenario, setting.model
    natural = condition == "natural"
    attempts = at.attempts if natural else []
    posed = Posed(task, at.state, scores)
    seed = derive(scenario.seed, "reply", at.episode_id, condition, at.turn, len(attempts))
    key = at.episode_id if natural else f"{at.episode_id}/{condition}/{at.turn}"
    if not model.reads_text and condition in ("natural", "fresh"):
        # No conversation is built for a model that reads none.
        turn, errors = (at.turn, at.errors) if natural else (1, 0)
        request = Request((), seed, key, turn, errors, posed, scenario.max_tokens)
        return Work(at, condition, at.turn, at.state, scores, request)
    full = task.pose(at.state)
    asked = full if at.turn == 1 else at.note + task.observe(at.state)
    history = at.history
    if attempts:
        opened = exchanges(task, at, at.state, attempts, False)
        history = [*history, *(replace(each, is_attempt=True) for each in opened)]
        asked = full = retry_note(task, at.state, attempts[-1][1])
    shown = show(condition, task.rules(), history, asked, full)
    request = Request(shown.messages, seed, key, shown.turn, shown.prior_errors, posed, scenario.max_tokens)
    return Work(at, condition, at.turn, at.state, scores, request)


def judge_reply(setting: Setting, work: Work, reply: Reply) -> Outcome:
    """Read and judge a reply. Pure: the trajectory is left as it is.

    Raises:
        EngineFailure: the position could not be scored.
    """
    at, task, scenario = work.trajectory, setting.task, setting.scenario
    natural = work.condition == "natural"
    answer = task.parse(work.state, reply.text) if reply.finish_reason != "overflow" else Answer(None, "no_answer")
    scores = work.scores.result() if work.scores is not None else None
    verdict = verdict_of(task, work.state, answer, reply.finish_reason, scores)
    playable = (
        answer.action is not None
        and verdict.error in ("none", "wrong")
        and task.is_playable(work.state, answer.action)
    )
    if natural and not playable and len(at.attempts) < scenario.retries:
        return Outcome(None, verdict.error, {})
    extra: dict[str, Json] = {"difficulty": task.difficulty(work.state), **verdict.extra, **reply.extra}
    if reply.reasoning:
        extra["reasoning"] = reply.reasoning
    if natural and at.attempts:
        extra["attempts"] = [{"reply": text, "error": error} for text, error in at.attempts]
    substituted = natural and not playable and scenario.on_error != "stop"
    if substituted:
        seed = derive(scenario.seed, "substitute", at.episode_id, work.turn)
        extra["played"] = substitute(task, work.state, scores, scenario.substitute, seed)
    row = _row(setting, work, reply, answer, verdict, scores, substituted, extra)
    return Outcome(row, verdict.error, extra)


def _row(
    setting: Setting,
    work: Work,
    reply: Reply,
    answer: Answer,
    verdict: Verdict,
    scores: Scores | None,
    substituted: bool,
    extra: dict[str, Json],
) -> Turn:
    at = work.trajectory
    return Turn(
        run_id=setting.run_id,
        episode_id=at.episode_id,
        environment=setting.task.name,
        parameters=setting.parameters[at.opponent],
        seed=at.seed,
        model=setting.model.name,
        condition=work.condition,
        turn=work.turn,
        state=setting.task.dump(work.state),
        prompt_tokens=reply.prompt_tokens,
        context_tokens=reply.context_tokens,
        completion_tokens=reply.completion_tokens,
        reply=reply.text,
        action=answer.action,
        error=verdict.error,
        correct=verdict.error == "none",
        loss=verdict.loss,
        random_loss=verdict.random_loss,
        optimal_action=verdict.optimal_action,
        attempts=1 + (len(at.attempts) if work.condition == "natural" else 0),
        substituted=substituted,
        prior_errors=work.request.prior_errors,
        latency_ms=reply.latency_ms,
        engine_ms=scores.engine_ms if scores is not None else None,
        finish_reason=reply.finish_reason,
        extra=json.dumps(extra, ensure_ascii=False),
    )
