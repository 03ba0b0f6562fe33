"""Does the state follow from earlier replies, so that a history may show only what was played?

An environment declares it by its member `replies_carry_state`, or is asked by its rules at a few states of its first
instances. Knows no environment by name and no condition.
"""

from typing import Any

from horizon.core.environment import Environment
from horizon.core.seeds import generator

_INSTANCES = 3
_TURNS = 3
_MOST_ACTIONS = 6
"""How much is tried where an environment declares nothing; each action costs a step and the texts after it."""


def carries_state(task: Environment[Any]) -> bool:
    """Return whether the state follows from the model's earlier replies, and no later message restates it.

    A history with other replies than were played would then contradict the state that is judged. Where the
    environment has no `replies_carry_state`, it is so where actions lead to states of different texts, and `observe`
    of one of these does not contain the text of `pose`.
    """
    declared = getattr(task, "replies_carry_state", None)
    if declared is not None:
        return bool(declared)
    return any(_is_carried(task, seed) for seed in range(_INSTANCES))


def _is_carried(task: Environment[Any], seed: int) -> bool:
    state, draw = _models_turn(task, task.reset(seed)), generator(seed, "carries state")
    for _ in range(_TURNS):
        if state is None:
            return False
        actions = task.actions(state)
        drawn = draw.sample(actions, min(_MOST_ACTIONS, len(actions)))
        following = [after for action in drawn if (after := _models_turn(task, task.step(state, action))) is not None]
        texts = {(task.pose(after), task.observe(after)) for after in following}
        if len(texts) > 1 and any(posed not in observed for posed, observed in texts):
            return True
        state = draw.choice(following) if following else None
    return False


def _models_turn(task: Environment[Any], state: Any) -> Any | None:
    """Return the next state in which the model is to move, its opponent playing its first legal action; or None."""
    while task.done(state) is None:
        if task.mover(state) == "model":
            return state
        state = task.step(state, task.actions(state)[0])
    return None
