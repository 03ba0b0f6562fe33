"""Hypothesis strategies for any environment: states, actions, replies. They need the contract alone, and no engine.

A state is drawn as a seed and a list of choices, so that a counterexample shrinks to the smallest seed and the fewest
turns. Hypothesis is imported when a strategy is asked for.
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

Kind = Literal["right", "wrong", "illegal", "garbage"]
KINDS: tuple[Kind, ...] = ("right", "wrong", "illegal", "garbage")
_MOST_OPPONENT_MOVES = 1000
"""An opponent that moves on without end breaks the contract; the strategy gives up on it rather than hang."""


@dataclass(frozen=True, slots=True)
class PosedReply:
    """A reply to a state, and what it is: `garbage` too where the state has no reply of the kind that was drawn."""

    state: Any
    reply: str
    kind: Kind


def seeds() -> "SearchStrategy[int]":
    """Return a strategy for the seeds of instances."""
    found: SearchStrategy[int] = _strategies().integers(0, 2**62)
    return found


def states(environment: str | Environment[Any], max_turns: int = 20) -> "SearchStrategy[Any]":
    """Return a strategy for states in which the model is to move, up to so many turns into an instance.

    Every move on the way is legal: the first one, another one, or the oracle's where it is known without an engine.

    Raises:
        UsageError: an unknown environment or parameter, or hypothesis is not installed.
    """
    st = _strategies()
    task = _opened(environment)

    def walked(draw: "DrawFn") -> Any:
        from hypothesis import reject

        found = _walk(task, draw(seeds()), draw(st.lists(st.integers(0, 999), max_size=max_turns)))
        return found if found is not None else reject()

    found: SearchStrategy[Any] = st.composite(walked)()
    return found


def states_and_actions(environment: str | Environment[Any], max_turns: int = 20) -> "SearchStrategy[tuple[Any, str]]":
    """Return a strategy for a state with one of its legal actions.

    Raises:
        UsageError: an unknown environment or parameter, or hypothesis is not installed.
    """
    st = _strategies()
    task = _opened(environment)

    def pair(draw: "DrawFn") -> tuple[Any, str]:
        state = draw(states(task, max_turns))
        return state, draw(st.sampled_from(task.actions(state)))

    found: SearchStrategy[tuple[Any, str]] = st.composite(pair)()
    return found


def replies(
    environment: str | Environment[Any], max_turns: int = 20, kinds: Sequence[Kind] = KINDS
) -> "SearchStrategy[PosedReply]":
    """Return a strategy for a state with a reply: right, wrong, illegal, or garbage in a hostile range of ways.

    What is right and wrong is the judge's word. An illegal reply names an action of another state. Where only
    an engine can judge, every legal action counts as right.

    Raises:
        UsageError: an unknown environment or parameter, or hypothesis is not installed.
    """
    st = _strategies()
    task = _opened(environment)

    def posed(draw: "DrawFn") -> PosedReply:
        state, kind = draw(states(task, max_turns)), draw(st.sampled_from(kinds))
        named = _named(task, state, kind, draw(states(task, max_turns)) if kind == "illegal" else state)
        if named:
            return PosedReply(state, draw(st.sampled_from(named)), kind)
        answer = st.text(max_size=80)
        garbage = draw(st.sampled_from(GARBAGE) | answer | answer.map(lambda text: f"Answer: {text}"))
        return PosedReply(state, garbage, "garbage")

    found: SearchStrategy[PosedReply] = st.composite(posed)()
    return found


def _walk(task: Environment[Any], seed: int, choices: Sequence[int]) -> Any | None:
    """Return the last state on a walk at which the model is to move, or null where there is none."""
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
    """Return the state after the opponent's moves, or null where the episode is over before the model's."""
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


def _named(task: Environment[Any], state: Any, kind: Kind, elsewhere: Any) -> list[str]:
    """Return the replies of a kind that name an action."""
    if kind == "garbage":
        return []
    legal = task.actions(state)
    if kind == "illegal":
        foreign = [each for each in task.actions(elsewhere) if not task.is_playable(state, each)]
        said = [task.render(elsewhere, each) for each in foreign]
        # The same words may mean a legal action here.
        return [each for each in said if task.parse(state, each).action not in legal]
    wanted = "none" if kind == "right" else "wrong"
    return [task.render(state, each) for each in legal if task.judge(state, each).error == wanted]


def _opened(environment: str | Environment[Any]) -> Environment[Any]:
    return open_environment(environment) if isinstance(environment, str) else environment


def _strategies() -> ModuleType:
    require("hypothesis", extra="testing", purpose="a strategy of horizon.testing")
    from hypothesis import strategies

    return strategies
