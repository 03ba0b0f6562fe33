"""One natural episode while it is played: where it stands, and how it is taken up again from its rows on disk.

Mutable on purpose, and only the runner holds one. Knows environments by their contract, no model and no file.
"""

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from horizon.core.environment import Environment
from horizon.core.records import Answer, ErrorKind, Json, Scores, Turn, Verdict
from horizon.core.seeds import derive, generator
from horizon.play.conditions import Exchange
from horizon.play.replacement_replies import spoken


@dataclass(slots=True, eq=False)
class Trajectory:
    """A live episode. `turn` is the number of the turn to come; `errors` counts the turns in error so far."""

    episode_id: str
    index: int
    opponent: str | None
    seed: int
    state: Any
    turn: int = 1
    errors: int = 0
    note: str = ""
    history: list[Exchange] = field(default_factory=list)
    attempts: list[tuple[str, ErrorKind]] = field(default_factory=list)
    failures: int = 0
    foreign: list[Exchange] = field(default_factory=list)
    foreign_state: Any = None


@dataclass(frozen=True, slots=True)
class Posed:
    """The state behind a request, for models that read no text; keeps `horizon.core.model.Posed`."""

    task: Environment[Any]
    posed_state: Any
    scores: "Future[Scores] | None"

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.task.name

    @property
    def state(self) -> str:
        """The state as text."""
        return self.task.dump(self.posed_state)

    def actions(self) -> Sequence[str]:
        """All legal actions."""
        return self.task.actions(self.posed_state)

    def render(self, action: str) -> str:
        """The reply that means this action."""
        return self.task.render(self.posed_state, action)

    def is_correct(self, action: str) -> bool:
        """Whether the judge calls this action correct; waits for the engine where there is one."""
        return self.task.judge(self.posed_state, action, self.waited()).error == "none"

    def optimal_action(self) -> str | None:
        """The oracle's action; waits for the engine where there is one."""
        return self.task.oracle(self.posed_state, self.waited())

    def difficulty(self) -> float | None:
        """The state's difficulty."""
        return self.task.difficulty(self.posed_state)

    def position(self) -> str | None:
        """The position that an engine would be asked about, where there is one."""
        return self.task.engine_position(self.posed_state)

    def waited(self) -> Scores | None:
        """The engine's scores, or null where none are asked for."""
        return self.scores.result() if self.scores is not None else None


def verdict_of(
    task: Environment[Any], state: Any, answer: Answer, finish_reason: str, scores: Scores | None
) -> Verdict:
    """Judge what was read out of a reply. A reply without an answer that the token limit cut is `truncated`."""
    if answer.error == "none":
        return task.judge(state, answer.action, scores)
    # Of an illegal plan the judge says how far it was right; of an illegal move nothing more than of none.
    verdict = task.judge(state, answer.action if answer.error == "illegal" else None, scores)
    cut = finish_reason != "stop" and answer.error in ("no_answer", "unparsable")
    error: ErrorKind = "truncated" if cut else answer.error
    return Verdict(error, None, verdict.random_loss, verdict.optimal_action, verdict.extra)


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
    # Where a solution goes on whatever is answered, what is played is the solution's own move.
    leads_on = best is not None and best != drawn and task.step(state, drawn) == task.step(state, best)
    return best if leads_on and best is not None else drawn


def played_note(task: Environment[Any], state: Any, action: str) -> str:
    """Return the sentence that tells the model what was played in place of its reply."""
    said = task.render(state, action).partition(":")[2].strip() or action
    return f"Your last reply could not be played. Played for you: {said}\n"


def retry_note(task: Environment[Any], state: Any, error: ErrorKind) -> str:
    """Return what a model is told before a further attempt at the same turn."""
    said = {
        "no_answer": "held no answer",
        "unparsable": "could not be read",
        "illegal": "named an action that is not legal here",
        "truncated": "was cut off before an answer",
    }.get(error, "was wrong")
    return f"Your last reply {said}. Try again.\n{task.observe(state)}"


def exchanges(
    task: Environment[Any], trajectory: Trajectory, state: Any, attempts: Sequence[tuple[str, ErrorKind]], erred: bool
) -> list[Exchange]:
    """Return the exchanges of one turn: its failed attempts, then the one that counts."""
    posed = task.pose(state)
    plain = task.observe(state) if trajectory.turn > 1 else posed
    asked = trajectory.note + plain
    found: list[Exchange] = []
    for place, (reply, error) in enumerate(attempts):
        last = place == len(attempts) - 1
        found.append(Exchange(asked, posed, reply, erred and last, not last, plain))
        asked = posed = retry_note(task, state, error)
    return found


def failed_attempts(extra: dict[str, Json]) -> list[tuple[str, ErrorKind]]:
    """Return the reply and error of each attempt before the last, from a row's `extra`."""
    attempts: Any = extra.get("attempts", [])
    return [(each["reply"], each["error"]) for each in attempts]


def advance(
    task: Environment[Any],
    trajectory: Trajectory,
    row: Turn,
    extra: dict[str, Json],
    *,
    keep_text: bool,
    feedback: bool,
) -> None:
    """Take the trajectory past a natural turn that stands in this row: history, errors, note and state.

    The same whether the turn was just played or read back from the journal.
    """
    state = trajectory.state
    if keep_text:
        told = [*failed_attempts(extra), (row.reply, row.error)]
        *before, last = exchanges(task, trajectory, state, told, not row.correct)
        trajectory.history += [*before, _with_alternatives(task, trajectory, row, extra, last)]
    trajectory.errors += not row.correct
    trajectory.note = ""
    played = _played(row, extra)
    if played is not None:
        if row.substituted and feedback:
            trajectory.note = played_note(task, state, played)
        trajectory.state = task.step(state, played)
    trajectory.turn += 1
    trajectory.attempts = []
    trajectory.failures = 0


def _with_alternatives(
    task: Environment[Any], trajectory: Trajectory, row: Turn, extra: dict[str, Json], exchange: Exchange
) -> Exchange:
    """Return the exchange with what healed, corrupted and recap histories show in its place, as its row holds it."""
    played = _played(row, extra)
    right, wrong = extra.get("right_reply"), extra.get("wrong_reply")
    return replace(
        exchange,
        right=row.reply if row.correct else right if isinstance(right, str) else None,
        wrong=wrong if isinstance(wrong, str) else None,
        draw=derive(trajectory.seed, "corrupted", trajectory.episode_id, row.turn) / 2**63,
        played=spoken(task, trajectory.state, played) if played is not None else None,
    )


def _played(row: Turn, extra: dict[str, Json]) -> str | None:
    """Return the action that was played at a turn; under the policy `stop` an unplayable one stands there alone."""
    played = extra.get("played") if row.substituted else row.action if row.error in ("none", "wrong") else None
    return played if isinstance(played, str) else None


def take_up(
    task: Environment[Any], trajectory: Trajectory, rows: Sequence[Turn], *, keep_text: bool, feedback: bool
) -> None:
    """Bring a new trajectory to where its natural rows on disk end; the next mover may be the opponent."""
    for row in sorted(rows, key=lambda each: each.turn):
        trajectory.state = task.load(row.state)
        advance(task, trajectory, row, json.loads(row.extra), keep_text=keep_text, feedback=feedback)
