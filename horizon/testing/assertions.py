"""Assertions on the bound of an interval for users' tests; imports of the turn loop are deferred."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from horizon.core.environment import Environment, open_environment
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.extras import require
from horizon.core.model import Model, Request
from horizon.play.in_memory import PlayedEpisodes, model_of
from horizon.testing.strategies import states

if TYPE_CHECKING:
    from horizon.analysis.claims import Claim
    from horizon.analysis.gate_sums import Limits
    from horizon.analysis.gates import Outcome
    from horizon.analysis.turn_table import TurnTable
    from horizon.api.run import Run

ALPHA = 0.05


def assert_error_rate_below(
    bound: float,
    played: "PlayedEpisodes | Run | TurnTable | Path | str",
    *,
    condition: str = "natural",
    turns: str = "",
    alpha: float = ALPHA,
    allow_undecided: bool = False,
) -> "Outcome":
    """Assert that the error rate is at most `bound`, by the whole interval; `turns` is `20`, `1-10` or `20-`.

    A worse model passes with probability at most `alpha`. An undecided claim raises, too, with the number of episodes
    that is needed, unless `allow_undecided`.

    Raises:
        AssertionError: the claim failed or is undecided; one line with figure, interval and counts.
        UsageError: an impossible bound, range or condition.
    """
    __tracebackhide__ = True
    claim = _claim(error_rate=[{"at_most": bound, "turns": turns, "condition": condition}])
    return _assert_claim(claim, played, alpha, allow_undecided)


def assert_focus_gap_below(
    bound: float,
    played: "PlayedEpisodes | Run | TurnTable | Path | str",
    *,
    alpha: float = ALPHA,
    allow_undecided: bool = False,
) -> "Outcome":
    """Assert that natural - fresh is at most `bound`; play with `conditions=["natural", "fresh"]`.

    Raises:
        AssertionError: the claim failed or is undecided; one line with figure, interval and counts.
        UsageError: an impossible bound.
    """
    __tracebackhide__ = True
    return _assert_claim(_claim(focus_gap_at_most=bound), played, alpha, allow_undecided)


def assert_h50_above(
    turns: float,
    played: "PlayedEpisodes | Run | TurnTable | Path | str",
    *,
    alpha: float = ALPHA,
    allow_undecided: bool = False,
) -> "Outcome":
    """Assert that half the episodes are still free of error after so many turns.

    Raises:
        AssertionError: the claim failed or is undecided; one line with figure, interval and counts.
        UsageError: an impossible number of turns.
    """
    __tracebackhide__ = True
    return _assert_claim(_claim(h50_at_least=turns), played, alpha, allow_undecided)


def assert_skill_above(
    bound: float,
    played: "PlayedEpisodes | Run | TurnTable | Path | str",
    *,
    alpha: float = ALPHA,
    allow_undecided: bool = False,
) -> "Outcome":
    """Assert that the skill (1 is perfect, 0 is random play) is at least `bound`.

    Raises:
        AssertionError: the claim failed or is undecided; one line with figure, interval and counts.
        UsageError: an impossible bound.
    """
    __tracebackhide__ = True
    return _assert_claim(_claim(skill_at_least=bound), played, alpha, allow_undecided)


def check_bot(
    bot: Model | Callable[[str], str],
    environment: str | Environment[Any],
    *,
    max_turns: int = 20,
    examples: int = 100,
    must_be_right: bool = False,
) -> None:
    """Pose states of an environment to a bot, each in full and without history: every reply must be a legal action.

    The reported state is the smallest failing one, the same on every run. With `must_be_right` the judge must accept
    every action, too.

    Raises:
        AssertionError: a reply that is no legal action, or a wrong one, with the state and its observation.
        ModelFailure: the bot gave no reply at all.
        UsageError: an unknown environment, one that only an engine can judge, or hypothesis is not installed.
    """
    __tracebackhide__ = True
    require("hypothesis", extra="testing", purpose="check_bot")
    task = open_environment(environment) if isinstance(environment, str) else environment
    if must_be_right and task.oracle_kind == "engine":
        raise UsageError(
            f"{task.name} is judged by an engine, which check_bot does not start: leave out must_be_right"
        )
    model: Model = model_of(bot) if callable(bot) else bot
    drawn = states(task, max_turns)
    from hypothesis import given, settings

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(drawn)
    def every_state(state: Any) -> None:
        __tracebackhide__ = True
        _check_reply(model, task, state, must_be_right)

    every_state()


def _check_reply(model: Model, task: Environment[Any], state: Any, must_be_right: bool) -> None:
    __tracebackhide__ = True
    from horizon.play.judging import PosedState, parse_reply
    from horizon.scenarios.conditions import show
    from horizon.scenarios.views import View

    text = task.pose(state)
    shown = show("fresh", View(task.rules(), (), text, text, text))
    request = Request(shown.messages, 0, task.dump(state), 1, 0, PosedState(task, state, None))
    reply = model.reply([request])[0]
    if isinstance(reply, ModelFailure):
        raise reply
    answer = parse_reply(task, state, reply)
    error = task.judge(state, answer.action).error if answer.error == "none" and must_be_right else answer.error
    if error != "none":
        raise AssertionError(
            f"{model.name} replied {reply.text!r:.200}, which is {error.replace('_', ' ')}, to {task.name} state "
            f"'{task.dump(state)}', shown as:\n{text}"
        )


def _claim(**expected: Any) -> "Claim":
    """Return the one claim of an `[expect]` table."""
    from horizon.scenarios.scenario import make

    return next(make({"expect": expected}, "assertion").expect.claims())


def _assert_claim(
    claim: "Claim", played: "PlayedEpisodes | Run | TurnTable | Path | str", alpha: float, allow_undecided: bool
) -> "Outcome":
    __tracebackhide__ = True
    from horizon.analysis.gates import decide

    table, limits = _table(played)
    outcome = decide([claim], table, alpha, limits)[0]
    if outcome.verdict == "failed":
        raise AssertionError(outcome.text)
    if outcome.verdict == "undecided" and not allow_undecided:
        raise AssertionError(f"{outcome.text}; to accept this, pass allow_undecided=True")
    return outcome


def _table(played: "PlayedEpisodes | Run | TurnTable | Path | str") -> "tuple[TurnTable, Limits | None]":
    """Return the turns and, if known, the limits of an instance."""
    from horizon.api.run import Run, load
    from horizon.play.stopping import limits_of

    if isinstance(played, PlayedEpisodes):
        return played.table, limits_of(played.scenario)
    if isinstance(played, Path | str):
        played = load(played)
    return (played.analyze().table, played.limits) if isinstance(played, Run) else (played, None)
