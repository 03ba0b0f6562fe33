"""Checks of the contracts of environments and models, for their authors: `check_environment(env)` in a test.

A violated clause is a one-line `ContractError`; nothing here knows a particular environment or model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from horizon.core.environment import Environment
from horizon.core.errors import ContractError, ModelFailure
from horizon.core.model import Model, Request
from horizon.core.records import ERROR_KINDS, Message, Reply, Scores
from horizon.core.seeds import derive, generator

GARBAGE = (
    "",
    " ",
    "Answer:",
    "Answer: ",
    "Answer: \x00\u202e",
    "?" * 5000,
    "<think>" * 50,
    "\n" * 500,
    "Answer: ; ; ;",
)
"""Replies without an answer in any environment, including empty, hostile and long ones."""

ScoresOf = Callable[[str], Scores]


def check_environment(
    task: Environment[Any], *, seeds: Sequence[int] = range(4), turns: int = 30, scores: ScoresOf | None = None
) -> None:
    """Walk through a few instances and check the contract at every state.

    `scores` is needed if judging needs an engine: a function from a position to its scores.

    Raises:
        ContractError: the first violated clause, with the state.
    """
    for seed in seeds:
        state = task.reset(seed)
        _require(state == task.reset(seed), task, "reset", "gives another state for the same seed", seed)
        draw = generator(seed, "check")
        for _ in range(turns):
            if task.done(state) is not None:
                _require(isinstance(task.done(state), str), task, "done", "is neither None nor a text", state)
                break
            _check_text(task, state)
            if task.mover(state) == "model":
                _check_turn(task, state, _scores_at(task, state, scores))
            actions = task.actions(state)
            _require(bool(actions), task, "actions", "is empty although the episode is not done", state)
            best = task.oracle(state, _scores_at(task, state, scores)) if draw.random() < 0.5 else None
            state = task.step(state, draw.choice(actions) if best is None else best)


def _check_text(task: Environment[Any], state: Any) -> None:
    """Check that the state is hashable, survives a round trip through its text, and has texts."""
    _require(hash(state) == hash(task.load(task.dump(state))), task, "dump", "and load change the state", state)
    _require(task.load(task.dump(state)) == state, task, "dump", "and load change the state", state)
    _require("\n" not in task.dump(state), task, "dump", "writes more than one line", state)
    for render in (task.rules, lambda: task.pose(state), lambda: task.observe(state)):
        _require(isinstance(render(), str), task, "pose", "or another text is not a str", state)
    _require(bool(task.rules()) and bool(task.pose(state)), task, "pose", "or rules is empty", state)


def _check_turn(task: Environment[Any], state: Any, scores: Scores | None) -> None:
    """Check round trips of actions, pure judging, playability, the oracle, and that garbage is an error."""
    text = task.dump(state)
    actions = task.actions(state)
    _require(actions == task.actions(state), task, "actions", "differ between two calls", state)
    _require(len(set(actions)) == len(actions), task, "actions", "contain a duplicate", state)
    for action in actions:
        answer = task.parse(state, task.render(state, action))
        _require(answer.action == action, task, "parse", f"reads '{answer.action}' for rendered '{action}'", state)
        _require(answer.error == "none", task, "parse", f"calls the legal action '{action}' {answer.error}", state)
        _require(task.is_playable(state, action), task, "is_playable", f"refuses the legal '{action}'", state)
        verdict = task.judge(state, action, scores)
        _require(verdict == task.judge(state, action, scores), task, "judge", "differs between two calls", state)
        _require(verdict.error in ("none", "wrong"), task, "judge", f"calls '{action}' {verdict.error}", state)
        for loss in (verdict.loss, verdict.random_loss):
            _require(loss is None or 0 <= loss <= 1, task, "judge", f"gives a loss of {loss}, not in 0..1", state)
        _require(
            task.step(state, action) == task.step(state, action), task, "step", "differs between two calls", state
        )
    best = task.oracle(state, scores)
    if best is not None:
        _require(
            best in actions or task.is_playable(state, best), task, "oracle", f"plays the illegal '{best}'", state
        )
        error = task.judge(state, best, scores).error
        _require(error == "none", task, "oracle", f"plays '{best}', which is judged {error}", state)
    _check_garbage(task, state, scores)
    _require(task.dump(state) == text, task, "judge", "or another method changes the state", state)


def _check_garbage(task: Environment[Any], state: Any, scores: Scores | None) -> None:
    for reply in GARBAGE:
        try:
            answer = task.parse(state, reply)
            verdict = task.judge(state, answer.action, scores)
        except Exception as problem:  # noqa: BLE001 - any error is a violation
            raise ContractError(
                f"{task.name}: parse or judge raises {problem!r} at the reply {reply[:40]!r}"
            ) from None
        known = answer.error in ERROR_KINDS and verdict.error in ERROR_KINDS
        _require(known, task, "parse", f"gives the unknown error '{answer.error}'", state)
        _require(answer.error != "none", task, "parse", f"takes {reply[:40]!r} for '{answer.action}'", state)
    verdict = task.judge(state, None, scores)
    _require(verdict.error == "no_answer", task, "judge", f"calls a missing action {verdict.error}", state)


def _scores_at(task: Environment[Any], state: Any, scores: ScoresOf | None) -> Scores | None:
    position = task.engine_position(state)
    return scores(position) if position is not None and scores is not None else None


def _require(holds: bool, task: Environment[Any], what: str, broken: str, state: Any) -> None:
    if not holds:
        raise ContractError(f"environment {task.name}: {what} {broken}, at {str(state)[:200]}")


@dataclass(frozen=True, slots=True)
class _Question:
    """A posed state for models that read no text: two actions, of which the first is correct."""

    environment: str = "check"
    state: str = "check state"
    right: str = "a"
    others: tuple[str, ...] = field(default=("b",))

    def actions(self) -> Sequence[str]:
        return (self.right, *self.others)

    def render(self, action: str) -> str:
        return f"Answer: {action}"

    def is_correct(self, action: str) -> bool:
        return action == self.right

    def optimal_action(self) -> str | None:
        return self.right

    def difficulty(self) -> float | None:
        return 1.0

    def position(self) -> str | None:
        return None


def check_model(model: Model, *, repeats: bool = True) -> None:
    """Send a model a few requests and check the contract; set `repeats` to False if it is not reproducible.

    Raises:
        ContractError: the first violated clause.
    """

    def make_request(number: int, text: str = "Which letter comes first, a or b?") -> Request:
        messages = (Message("system", "Reply with one line: Answer: a"), Message("user", text))
        return Request(messages, derive(1, "check", number), f"check#{number}", 1, 0, _Question(), 8)

    def require(holds: bool, broken: str) -> None:
        if not holds:
            raise ContractError(f"model {model.name}: {broken}")

    require(bool(model.name), "it has no name")
    require(isinstance(dict(model.identity()), dict), "identity is no mapping")
    require(model.reply([]) == [], "an empty batch is not answered by an empty list")
    requests = [make_request(1), make_request(2, "b or a?"), make_request(3)]
    replies = model.reply(requests)
    require(len(replies) == len(requests), f"{len(requests)} requests are answered by {len(replies)} replies")
    for reply in replies:
        require(isinstance(reply, Reply | ModelFailure), f"a reply is a {type(reply).__name__}")
        if isinstance(reply, Reply):
            require(isinstance(reply.text, str), "a reply's text is no text")
            counted = reply.completion_tokens
            require(counted is None or counted <= 8, f"a reply has {counted} tokens where 8 are allowed")
    if repeats:
        texts = [getattr(reply, "text", None) for reply in replies]
        alone = [getattr(model.reply([request])[0], "text", None) for request in requests]
        require(texts == alone, "a request is answered differently alone and in a batch")
    length = model.count_tokens("one two three")
    require(length is None or length > 0, "count_tokens finds none in a text")
    model.close()
    model.close()
