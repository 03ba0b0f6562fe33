"""Hypothesis strategies for any environment: states, actions, replies. They need only the contract, and no engine.

A state is drawn as a seed and a list of choices, so that a counterexample shrinks to the smallest seed and the fewest
turns. The import of Hypothesis is deferred.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from horizon.core.environment import Environment, open_environment
from horizon.core.extras import require
from horizon.testing.contract_checks import GARBAGE

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

ReplyKind = Literal["right", "wrong", "illegal", "garbage"]
KINDS: tuple[ReplyKind, ...] = ("right", "wrong", "illegal", "garbage")
_MOST_OPPONENT_MOVES = 1000
"""An opponent that never stops moving violates the contract; the strategy gives up rather than hang."""


@dataclass(frozen=True, slots=True)
class PosedReply:
    """A reply to a state, and its kind: `garbage` also if the state has no reply of the drawn kind."""

    state: Any
    reply: str
    kind: ReplyKind


def seeds() -> "SearchStrategy[int]":
    """Return a strategy for the seeds of instances."""
    strategy: SearchStrategy[int] = _strategies().integers(0, 2**62)
    return strategy


def states(environment: str | Environment[Any], max_turns: int = 20) -> "SearchStrategy[Any]":
    """Return a strategy for states in which the model is to move, up to so many turns into an instance.

    Every move on the way is legal: any legal one, or the oracle's if it is known without an engine.

    Raises:
        UsageError: an unknown environment or parameter, or hypothesis is not installed.
    """
    st = _strategies()
    task = _open(environment)

    def draw_state(draw: "DrawFn") -> Any:
        from hypothesis import reject

        state = _walk(task, draw(seeds()), draw(st.lists(st.integers(0, 999), max_size=max_turns)))
        return state if state is not None else reject()

    strategy: SearchStrategy[Any] = st.composite(draw_state)()
    return strategy


def states_and_actions(environment: str | Environment[Any], max_turns: int = 20) -> "SearchStrategy[tuple[Any, str]]":
    """Return a strategy for a state with one of its legal actions.

    Raises:
        UsageError: an unknown environment or parameter, or hypothesis is not installed.
    """
    st = _strategies()
    task = _open(environment)

    def draw_pair(draw: "DrawFn") -> tuple[Any, str]:
        state = draw(states(task, max_turns))
        return state, draw(st.sampled_from(task.actions(state)))

    strategy: SearchStrategy[tuple[Any, str]] = st.composite(draw_pair)()
    return strategy


def replies(
    environment: str | Environment[Any], max_turns: int = 20, kinds: Sequence[ReplyKind] = KINDS
) -> "SearchStrategy[PosedReply]":
    """Return a strategy for a state with a reply: right, wrong, illegal, or garbage in a hostile range of ways.

    The judge decides what is right and wrong. An illegal reply names an action of another state. If only an engine can
    judge, every legal action counts as right.

    Raises:
        UsageError: an unknown environment or parameter, or hypothesis is not installed.
    """
    st = _strategies()
    task = _open(environment)

    def draw_reply(draw: "DrawFn") -> PosedReply:
        state, kind = draw(states(task, max_turns)), draw(st.sampled_from(kinds))
        named = _replies_naming(task, state, kind, draw(states(task, max_turns)) if kind == "illegal" else state)
        if named:
            return PosedReply(state, draw(st.sampled_from(named)), kind)
        answer = st.text(max_size=80)
        garbage = draw(st.sampled_from(GARBAGE) | answer | answer.map(lambda text: f"Answer: {text}"))
        return PosedReply(state, garbage, "garbage")

    strategy: SearchStrategy[PosedReply] = st.composite(draw_reply)()
    return strategy


def _walk(task: Environment[Any], seed: int, choices: Sequence[int]) -> Any | None:
    """Return the last state on a walk at which the model is to move, or None if there is none."""
    state = _to_model(task, task.reset(seed), 0)
    for choice in choices:
        if state is None:
            break
        after = _to_model(task, task.step(state, _action(task, state, choice)), choice)
        if after is None:
            break
        state = after
    return state


def _to_model(task: Environment[Any], state: Any, choice: int) -> Any | None:
    """Return the state after the opponent's moves, or None if the episode ends before the model's turn."""
    for _ in range(_MOST_OPPONENT_MOVES):
        if task.done(state) is not None:
            return None
        if task.mover(state) == "model":
            return state
        legal = task.actions(state)
        state = task.step(state, legal[choice % len(legal)])
    return None


def _action(task: Environment[Any], state: Any, choice: int) -> str:
    """Return the action of a choice: even ones count through the legal actions, odd ones take the oracle's."""
    best = task.oracle(state) if choice % 2 else None
    legal = task.actions(state)
    return best if best is not None else legal[choice // 2 % len(legal)]


def _replies_naming(task: Environment[Any], state: Any, kind: ReplyKind, elsewhere: Any) -> list[str]:
    """Return the replies of a kind that name an action."""
    if kind == "garbage":
        return []
    legal = task.actions(state)
    if kind == "illegal":
        foreign = [action for action in task.actions(elsewhere) if not task.is_playable(state, action)]
        texts = [task.render(elsewhere, action) for action in foreign]
        # The same text may name a legal action here.
        return [action for action in texts if task.parse(state, action).action not in legal]
    wanted = "none" if kind == "right" else "wrong"
    return [task.render(state, action) for action in legal if task.judge(state, action).error == wanted]


def _open(environment: str | Environment[Any]) -> Environment[Any]:
    return open_environment(environment) if isinstance(environment, str) else environment


def _strategies() -> ModuleType:
    require("hypothesis", extra="testing", purpose="a strategy of horizon.testing")
    from hypothesis import strategies

    return strategies
