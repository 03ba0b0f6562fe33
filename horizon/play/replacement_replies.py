"""The replies that healed and corrupted histories show in place of a turn's own, drawn when the turn is judged.

Where the state follows from earlier replies, only replies that leave it as it is are shown: what was played, or an
unplayable reply with the note on what was played. Pure; knows environments by their contract.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from horizon.core.environment import Environment, reply_naming, uses_tools
from horizon.core.records import Scores
from horizon.core.seeds import generator
from horizon.core.tool_calls import read_call

_CONTINUATIONS = 8
"""How many continuations of a state are tried for an action that is not legal yet."""
_PLIES = 4
_MOST_TEXTS = 12


@dataclass(frozen=True, slots=True)
class ReplacedTurn:
    """A turn to replace: its state and scores, the model's reply and whether it was correct, and what was played.

    `played` is None where nothing was, under `on_error=stop`. With `carries` the state follows from the replies that
    the history shows, so that no other playable action than `played` may be shown.
    """

    task: Environment[Any]
    state: Any
    scores: Scores | None
    reply: str
    is_correct: bool
    best: str | None
    played: str | None
    is_substituted: bool
    carries: bool

    def fits(self, action: str) -> bool:
        """Return whether a reply with this action does not contradict the states that follow."""
        return not self.carries or self.played is None or action == self.played


def action_text(task: Environment[Any], state: Any, action: str) -> str:
    """Return an action as a reply names it, without the `Answer:` in front."""
    reply = task.render(state, action)
    if uses_tools(task):
        return read_call(reply).action or action
    return reply.partition("Answer: ")[2].strip() or reply


def substitution_note(task: Environment[Any], state: Any, action: str) -> str:
    """Return the sentence that names to the model the action played in place of its reply."""
    reply = task.render(state, action)
    # Behind the mark of an answer line; of other forms the action itself.
    name = read_call(reply).action if reply.startswith("<") else reply.partition(":")[2].strip()
    return f"Your last reply could not be played. Played for you: {name or action}\n"


def right_reply(turn: ReplacedTurn) -> str | None:
    """Return the model's own reply where it was correct, else the reply that means the best action, if one is known.

    Where that action would contradict what follows, the reply that names what was played in place of an unplayable
    one; None for a wrong action that was played.
    """
    if turn.is_correct:
        return turn.reply
    if turn.best is not None and turn.fits(turn.best):
        return turn.task.render(turn.state, turn.best)
    if turn.carries and turn.is_substituted and turn.played is not None:
        return turn.task.render(turn.state, turn.played)
    return None


def wrong_reply(turn: ReplacedTurn, right: str, seed: int) -> tuple[str, str] | None:
    """Return a reply that looks like `right` and is judged an error, and the note that must follow it.

    It names a legal wrong action, of the nearest length; where every legal action is correct, one of another instance.
    Where replies carry the state, it names an action that can't be played here, and the note what was played. None
    where there is no such action.
    """
    task, state = turn.task, turn.state
    best = turn.played if turn.carries else task.oracle(state, turn.scores)
    own = action_text(task, state, best) if best is not None else ""
    note = ""
    if turn.carries:
        if turn.played is None:
            return None
        texts = _texts_not_yet_legal(task, state, seed)
        note = substitution_note(task, state, turn.played)
    else:
        candidates = [
            action for action in task.actions(state) if task.judge(state, action, turn.scores).error != "none"
        ]
        texts = [action_text(task, state, candidate) for candidate in candidates]
    if not texts and not turn.carries:
        elsewhere = task.reset(seed)
        texts = [
            text
            for text in (action_text(task, elsewhere, action) for action in task.actions(elsewhere))
            if task.parse(state, reply_naming(task, text)).error != "none"
        ]
    if not texts:
        return None
    nearest = min(abs(len(text) - len(own)) for text in texts)
    chosen = generator(seed, "wrong reply").choice([text for text in texts if abs(len(text) - len(own)) == nearest])
    # In the model's own words where they hold the action, so that only the action differs.
    worded = right.replace(own, chosen) if own and own in right else reply_naming(task, chosen)
    is_mixed = bool(note) and task.parse(state, worded).error != "illegal"
    return (reply_naming(task, chosen) if is_mixed else worded), note


def _texts_not_yet_legal(task: Environment[Any], state: Any, seed: int) -> Sequence[str]:
    """Return actions that are legal some plies on, or in another instance, and can't be played here."""
    draw = generator(seed, "not yet legal")
    for attempt in range(_CONTINUATIONS + 1):
        elsewhere = task.reset(seed) if attempt == _CONTINUATIONS else state
        for ply in range(_PLIES):
            is_over = task.done(elsewhere) is not None
            if is_over or (ply > 1 and task.mover(elsewhere) == "model"):
                break
            elsewhere = task.step(elsewhere, draw.choice(task.actions(elsewhere)))
        if task.done(elsewhere) is not None or task.mover(elsewhere) != "model":
            continue
        actions = task.actions(elsewhere)
        drawn = draw.sample(actions, min(_MOST_TEXTS, len(actions)))
        texts = [action_text(task, elsewhere, action) for action in drawn]
        unplayable = [text for text in texts if task.parse(state, reply_naming(task, text)).error == "illegal"]
        if unplayable:
            return unplayable
    return []
