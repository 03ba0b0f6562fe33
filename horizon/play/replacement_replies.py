"""The right and the plausible wrong reply of a turn, for histories that are healed or corrupted.

Pure; knows environments by their contract.
"""

from typing import Any

from horizon.core.environment import Environment, reply_naming, uses_tools
from horizon.core.records import Scores
from horizon.core.seeds import generator
from horizon.core.tool_calls import read_call


def action_text(task: Environment[Any], state: Any, action: str) -> str:
    """Return an action as a reply names it, without the `Answer:` in front."""
    reply = task.render(state, action)
    if uses_tools(task):
        return read_call(reply).action or action
    return reply.partition("Answer: ")[2].strip() or reply


def right_reply(task: Environment[Any], state: Any, reply: str, *, correct: bool, best: str | None) -> str | None:
    """Return the model's own reply where it was right, else the reply that means the best action, if one is known."""
    if correct:
        return reply
    return task.render(state, best) if best is not None else None


def wrong_reply(task: Environment[Any], state: Any, right: str, scores: Scores | None, seed: int) -> str | None:
    """Return a reply that looks like `right` and is judged an error: a legal wrong action, of the nearest length.

    Where every legal action is correct, an action of the first position is named if it is wrong here; else None.
    """
    best = task.oracle(state, scores)
    own = action_text(task, state, best) if best is not None else ""
    legal = task.actions(state)
    candidates = [action for action in legal if task.judge(state, action, scores).error != "none"]
    texts = [action_text(task, state, candidate) for candidate in candidates]
    if not texts:
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
    # In the model's own words where they hold the right action, so that only the action differs.
    return right.replace(own, chosen) if own and own in right else reply_naming(task, chosen)
