"""One turn: the request that is put to the model, and the row that its reply becomes.

Pure but for the engine's scores, which are waited for where judging needs them. Knows the loop's `Setting`, no file.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Protocol

from horizon.core.environment import Environment
from horizon.core.errors import UsageError
from horizon.core.model import Model, Request
from horizon.core.records import Answer, ErrorKind, Json, Reply, Scores, Turn, Verdict
from horizon.core.seeds import derive
from horizon.play.conditions import Exchange, show
from horizon.play.episode import Posed, Trajectory, exchanges, retry_note, substitute, verdict_of
from horizon.play.padding import neutral_text, neutral_words
from horizon.play.replacement_replies import right_reply, wrong_reply
from horizon.scenarios.scenario import Scenario, split_condition


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
    padding_words: int | None = None


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


def request_for(
    setting: Setting,
    at: Trajectory,
    condition: str,
    scores: "Future[Scores] | None",
    natural_tokens: int | None = None,
    padding_words: int | None = None,
) -> Work:
    """Return the request of the turn that the trajectory stands at, as a condition shows it.

    For `padded`, `natural_tokens` is the length of the natural conversation at this turn; `padding_words`, as a row
    holds it, gives the same text again without the model's tokenizer.

    Raises:
        EngineFailure: a foreign episode's position could not be scored.
    """
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
    name = split_condition(condition)[0]
    padding = ""
    if name == "padded":
        padding = _padding(setting, at, history, asked, full, natural_tokens, padding_words)
    shown = show(
        condition,
        task.rules(),
        history,
        asked,
        full,
        plain=full if at.turn == 1 else task.observe(at.state),
        foreign=foreign_history(setting, at, at.turn - 1) if name == "foreign" else (),
        padding=padding,
    )
    request = Request(shown.messages, seed, key, shown.turn, shown.prior_errors, posed, scenario.max_tokens)
    n_words = len(padding.split()) if name == "padded" else None
    return Work(at, condition, at.turn, at.state, scores, request, padding_words=n_words)


def foreign_history(setting: Setting, at: Trajectory, n_turns: int) -> Sequence[Exchange]:
    """Return as many turns of another episode, all right; what was made for earlier turns is kept and goes on.

    Where that episode ends, the next one goes on. The opponent's moves in it are legal ones by seed.

    Raises:
        EngineFailure: a position could not be scored.
    """
    task = setting.task
    while len(at.foreign) < n_turns:
        number = len(at.foreign)
        seed = derive(at.seed, "foreign", at.episode_id, number)
        if at.foreign_state is None or task.done(at.foreign_state) is not None:
            at.foreign_state = task.reset(seed)
            opens = True
        else:
            opens = number == 0
        while task.mover(at.foreign_state) == "opponent" and task.done(at.foreign_state) is None:
            move = substitute(task, at.foreign_state, None, "legal", derive(seed, task.dump(at.foreign_state)))
            at.foreign_state = task.step(at.foreign_state, move)
        if task.done(at.foreign_state) is not None:
            continue
        state = at.foreign_state
        scores = submit(setting, state)
        best = task.oracle(state, scores.result() if scores is not None else None)
        if best is None:
            raise UsageError(f"foreign histories need an oracle, and {task.name} has none here: let an engine judge")
        posed = task.pose(state)
        at.foreign.append(Exchange(posed if opens else task.observe(state), posed, task.render(state, best), False))
        at.foreign_state = task.step(state, best)
    return at.foreign[:n_turns]


def _padding(
    setting: Setting,
    at: Trajectory,
    history: Sequence[Exchange],
    asked: str,
    full: str,
    natural_tokens: int | None,
    padding_words: int | None,
) -> str:
    """Return neutral text as long as the history in the model's tokens, what the chat template adds included."""
    seed = derive(at.seed, "padding", at.episode_id)
    if padding_words is not None:
        return neutral_words(seed, padding_words)
    model = setting.model

    def count(text: str) -> int:
        found = model.count_tokens(text)
        # Without a tokenizer, four characters a token, scaled by what the server counted below.
        return found if found is not None else -(-len(text) // 4)

    shown = show("natural", setting.task.rules(), history, asked, full).messages
    counted = sum(count(each.content) for each in shown)
    own = count(shown[0].content) + count(full)
    if natural_tokens is None:
        wanted = counted - own
    elif model.count_tokens("") is None:
        wanted = round((counted - own) * counted / max(1, natural_tokens))
    else:
        # The template's tokens for each message, and for the reply that it opens, are the same everywhere.
        per_message = (natural_tokens - counted) / (len(shown) + 1)
        wanted = round(natural_tokens - own - 3 * per_message)
    return neutral_text(seed, wanted, count)


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
    if work.padding_words is not None:
        extra["padding_words"] = work.padding_words
    if reply.reasoning:
        extra["reasoning"] = reply.reasoning
    if natural and at.attempts:
        extra["attempts"] = [{"reply": text, "error": error} for text, error in at.attempts]
    if natural:
        extra |= _alternatives(setting, work, reply, verdict, scores)
    substituted = natural and not playable and scenario.on_error != "stop"
    if substituted:
        seed = derive(scenario.seed, "substitute", at.episode_id, work.turn)
        extra["played"] = substitute(task, work.state, scores, scenario.substitute, seed)
    row = _row(setting, work, reply, answer, verdict, scores, substituted, extra)
    return Outcome(row, verdict.error, extra)


def _alternatives(
    setting: Setting, work: Work, reply: Reply, verdict: Verdict, scores: Scores | None
) -> dict[str, Json]:
    """Return what healed and corrupted histories will show for this turn, as far as they are played at all."""
    names = {split_condition(each)[0] for each in setting.scenario.conditions}
    if not names & {"healed", "corrupted"}:
        return {}
    task, state, at = setting.task, work.state, work.trajectory
    right = right_reply(task, state, reply.text, correct=verdict.error == "none", best=verdict.optimal_action)
    found: dict[str, Json] = {}
    if right is not None and verdict.error != "none":
        found["right_reply"] = right
    if right is not None and "corrupted" in names:
        seed = derive(setting.scenario.seed, "wrong reply", at.episode_id, work.turn)
        wrong = wrong_reply(task, state, right, scores, seed)
        if wrong is not None:
            found["wrong_reply"] = wrong
    return found


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
