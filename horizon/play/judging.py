"""What is judged and played at a state: the verdict on an answer, the state as models see it, the substitute action.

Pure but for the engine's scores, which are waited for where a model or a verdict needs them. Knows no episode.
"""

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from horizon.core.answers import stands_when_cut
from horizon.core.contracts import check_returned
from horizon.core.environment import Environment, uses_tools
from horizon.core.records import Answer, Reply, Scores, Turn, Verdict
from horizon.core.seeds import generator
from horizon.core.tool_calls import MALFORMED_CALL

SENT_ERROR = "sent_error"
"""The key of a graded row's `extra` for the verdict before the first grading, where that was another one."""
AS_SENT = "as_sent"
"""The key of a graded copy's entry in its manifest that its rows keep `SENT_ERROR`; older copies have none."""


@dataclass(frozen=True, slots=True)
class PosedState:
    """The state behind a request, for models that read no text; implements `horizon.core.model.Posed`."""

    task: Environment[Any]
    posed_state: Any
    scores: "Future[Scores] | None"

    @property
    def environment(self) -> str:
        """The name of the environment played."""
        return self.task.name

    @property
    def state(self) -> str:
        """The state as text, as `Environment.dump` writes it."""
        return self.task.dump(self.posed_state)

    def actions(self) -> Sequence[str]:
        """Return all legal actions in canonical form."""
        return self.task.actions(self.posed_state)

    def render(self, action: str) -> str:
        """Return the reply that means this action."""
        return self.task.render(self.posed_state, action)

    def is_correct(self, action: str) -> bool:
        """Return whether the judge calls this action correct; waits for the engine where there is one."""
        return self.task.judge(self.posed_state, action, wait_for(self.scores)).error == "none"

    def optimal_action(self) -> str | None:
        """Return the oracle's action; waits for the engine where there is one."""
        return self.task.oracle(self.posed_state, wait_for(self.scores))

    def difficulty(self) -> float | None:
        """Return the state's difficulty, where it has one."""
        return self.task.difficulty(self.posed_state)

    def position(self) -> str | None:
        """Return the position to ask an engine about, where there is one."""
        return self.task.engine_position(self.posed_state)


def wait_for(scores: "Future[Scores] | None") -> Scores | None:
    """Return the engine's scores once they are there, None where none were asked for.

    Raises:
        EngineFailure: the position could not be scored.
    """
    return scores.result() if scores is not None else None


def judged_as_sent(row: Turn) -> Turn:
    """Return a row of a graded copy with the verdict by which later histories were changed when they were sent."""
    error = json.loads(row.extra).get(SENT_ERROR, row.error)
    return replace(row, error=error, correct=error == "none")


def parse_reply(task: Environment[Any], state: Any, reply: Reply) -> Answer:
    """Return the answer of a reply.

    One that a limit cut off is `truncated`, unless a complete answer line was there: "Let me think about Nf3 and"
    names a move, but is no answer. What the server marks as refused is `refusal`.
    """

    def parse(text: str) -> Answer:
        return check_returned(task.parse(state, text), Answer, f"environment {task.name}: parse")

    if reply.finish_reason in ("overflow", "refusal"):
        return Answer(None, "truncated" if reply.finish_reason == "overflow" else "refusal")
    if uses_tools(task):
        answer = parse(reply.text)
        is_cut = reply.finish_reason == "length" and answer.error == MALFORMED_CALL
        return Answer(None, "truncated") if is_cut else answer
    if reply.finish_reason == "length" and not stands_when_cut(
        reply.text, parse, lambda: (task.pose(state), task.observe(state))
    ):
        return Answer(None, "truncated")
    return parse(reply.text)


def judge_answer(task: Environment[Any], state: Any, answer: Answer, scores: Scores | None) -> Verdict:
    """Judge what was parsed from a reply."""
    judge = f"environment {task.name}: judge"
    if answer.error == "none":
        return check_returned(task.judge(state, answer.action, scores), Verdict, judge)
    # For an illegal plan the judge reports how far it was correct; for an illegal move no more than for none.
    verdict = check_returned(
        task.judge(state, answer.action if answer.error == "illegal" else None, scores), Verdict, judge
    )
    return Verdict(answer.error, None, verdict.random_loss, verdict.optimal_action, verdict.extra)


def substitute(task: Environment[Any], state: Any, scores: Scores | None, policy: str, seed: int) -> str:
    """Return the action that is played for an unplayable one.

    `oracle` is the best one known, `legal` any legal one by seed, `sound` any by seed that the judge calls correct.
    """
    best = task.oracle(state, scores)
    if policy == "oracle" and best is not None:
        return best
    legal = task.actions(state)
    if policy == "sound":
        sound = [action for action in legal if task.judge(state, action, scores).error == "none"]
        legal = tuple(sound) or legal
    drawn = generator(seed, "substitute").choice(legal)
    # Where a solution continues whatever is answered, the solution's own move is played.
    leads_on = best is not None and best != drawn and task.step(state, drawn) == task.step(state, best)
    return best if leads_on and best is not None else drawn
