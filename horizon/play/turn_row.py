"""The row of a turn: a reply parsed, judged and recorded, with the replies that other conditions will show for it.

Judging waits for the engine's scores. Does not advance the episode. Knows no file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horizon.core.records import Answer, ErrorKind, Json, Reply, Scores, Turn, Verdict
from horizon.core.seeds import derive
from horizon.core.tool_calls import MALFORMED_CALL, read_call
from horizon.play.episode import Attempt
from horizon.play.judging import judge_answer, parse_reply, substitute, wait_for
from horizon.play.padding import neutral_text, token_counter
from horizon.play.replacement_replies import ReplacedTurn, right_reply, wrong_reply
from horizon.play.setting import Setting
from horizon.play.turn import PendingTurn
from horizon.runs.usage import SHARED
from horizon.scenarios.conditions import condition_of
from horizon.scenarios.thinking import thinking_in


@dataclass(frozen=True, slots=True)
class JudgedReply:
    """A judged reply: its row, and the row's `extra` as data. Without a row a further attempt is due."""

    row: Turn | None
    error: ErrorKind
    extra: dict[str, Json]


def judge_reply(setting: Setting, pending: PendingTurn, reply: Reply) -> JudgedReply:
    """Parse and judge a reply, and return its row.

    Raises:
        EngineFailure: the position could not be scored.
    """
    live, task, scenario = pending.live, setting.task, setting.scenario
    state, attempts = pending.state, live.attempts if pending.is_natural else []
    answer = parse_reply(task, state, reply)
    scores = wait_for(pending.scores)
    verdict = judge_answer(task, state, answer, scores)
    is_playable = (
        answer.action is not None and verdict.error in ("none", "wrong") and task.is_playable(state, answer.action)
    )
    if pending.is_natural and not is_playable and len(attempts) < scenario.retries:
        return JudgedReply(None, verdict.error, {})
    extra: dict[str, Json] = {
        "difficulty": task.difficulty(state),
        **verdict.extra,
        **reply.extra,
        **pending.shown_extra,
    }
    if answer.error == MALFORMED_CALL:
        extra["call_fault"] = read_call(reply.text).fault
    if reply.reasoning:
        extra["reasoning"] = reply.reasoning
    if attempts:
        extra["attempts"] = [attempt.as_json() for attempt in attempts]
    if pending.is_shared:
        extra[SHARED] = True
    is_substituted = pending.is_natural and not is_playable and scenario.on_error != "stop"
    played = answer.action if is_playable else None
    if is_substituted:
        seed = derive(scenario.seed, "substitute", live.episode_id, pending.turn)
        extra["played"] = played = substitute(task, state, scores, scenario.substitute, seed)
    judgement = _Judgement(answer, verdict, scores, is_substituted, attempts)
    if pending.is_natural:
        extra |= _alternatives(setting, pending, reply, judgement, played)
    return JudgedReply(_row(setting, pending, reply, judgement, extra), verdict.error, extra)


def _alternatives(
    setting: Setting, pending: PendingTurn, reply: Reply, judgement: "_Judgement", played: str | None
) -> dict[str, Json]:
    """Return the replies that histories of other conditions will show for this turn, as far as these are played."""
    kinds = {kind for text in setting.scenario.conditions for kind in condition_of(text).alternatives}
    alternatives: dict[str, Json] = {}
    if "neutral_thinking" in kinds or setting.scenario.thinking == "replace":
        alternatives |= _thinking_words(setting, pending, reply)
    if not kinds & {"right_reply", "wrong_reply"}:
        return alternatives
    verdict, is_correct = judgement.verdict, judgement.verdict.error == "none"
    turn = ReplacedTurn(
        setting.task,
        pending.state,
        judgement.scores,
        reply.text,
        is_correct,
        verdict.optimal_action,
        played,
        judgement.is_substituted,
        setting.carries,
    )
    right = right_reply(turn)
    if right is not None and not is_correct:
        alternatives["right_reply"] = right
    shown = reply.text if right is None and setting.carries else right
    if shown is not None and "wrong_reply" in kinds:
        seed = derive(setting.scenario.seed, "wrong reply", pending.live.episode_id, pending.turn)
        wrong = wrong_reply(turn, shown, seed)
        if wrong is not None:
            alternatives["wrong_reply"], note = wrong
            alternatives |= {"wrong_note": note} if note else {}
    return alternatives


def _thinking_words(setting: Setting, pending: PendingTurn, reply: Reply) -> dict[str, Json]:
    """Return how many neutral words have as many tokens as a reply's thinking; nothing where it has none."""
    thinking = thinking_in(reply.text, reply.reasoning or "")
    if not thinking:
        return {}
    count = token_counter(setting.model)
    seed = derive(pending.live.seed, "thinking", pending.live.episode_id, pending.turn)
    return {"thinking_words": len(neutral_text(seed, count(thinking), count).split())}


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What came of a reply beside its text: answer, verdict, scores, and the attempts before it."""

    answer: Answer
    verdict: Verdict
    scores: Scores | None
    is_substituted: bool
    attempts: Sequence[Attempt]


def _row(
    setting: Setting, pending: PendingTurn, reply: Reply, judgement: _Judgement, extra: Mapping[str, Json]
) -> Turn:
    live, verdict, scores = pending.live, judgement.verdict, judgement.scores
    return Turn(
        run_id=setting.run_id,
        episode_id=live.episode_id,
        environment=setting.task.name,
        parameters=setting.parameters[live.opponent],
        seed=live.seed,
        model=setting.model.name,
        condition=pending.condition,
        turn=pending.turn,
        state=setting.task.dump(pending.state),
        prompt_tokens=reply.prompt_tokens,
        context_tokens=reply.context_tokens,
        completion_tokens=reply.completion_tokens,
        reply=reply.text,
        action=judgement.answer.action,
        error=verdict.error,
        correct=verdict.error == "none",
        loss=verdict.loss,
        random_loss=verdict.random_loss,
        optimal_action=verdict.optimal_action,
        attempts=1 + len(judgement.attempts),
        substituted=judgement.is_substituted,
        prior_errors=pending.request.prior_errors,
        latency_ms=reply.latency_ms,
        engine_ms=scores.engine_ms if scores is not None else None,
        finish_reason=reply.finish_reason,
        extra=json.dumps(extra, ensure_ascii=False),
    )
