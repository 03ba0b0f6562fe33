"""Who sits on each side of a scenario, and who judges: what must fit together before anything is opened.

Reported as key and reason, so that a run can refuse with the first and `horizon check` can print all. Opens nothing.
"""

from collections.abc import Iterator
from typing import Any, Literal

from horizon.core import registry
from horizon.core.environment import Environment, continuation_unit, default_opponent_of, uses_tools
from horizon.core.errors import UsageError
from horizon.core.model import backends_that, capabilities_of, is_interactive
from horizon.core.restating import carries_state
from horizon.engines.engine import engine_names
from horizon.scenarios.conditions import condition_of
from horizon.scenarios.scenario import Scenario
from horizon.scenarios.toml_lines import KeyPath


def opponent_model(name: str) -> str:
    """Return the model behind an opponent's short name: `stockfish:level=1` is `uci:stockfish:level=1`.

    Raises:
        UsageError: neither a model nor an engine is called so, with the nearest of both.
    """
    first, models = name.partition(":")[0], registry.names("models")
    if first in models:
        return name
    if first not in engine_names():
        raise UsageError(f"unknown opponent '{first}': {registry.nearest(first, (*engine_names(), *models))}")
    return f"uci:{name}"


def adapt_to_person(scenario: Scenario) -> Scenario:
    """Return the scenario as a person can play it: one episode at a time and no probes; others as they are."""
    if not is_interactive(scenario.model):
        return scenario
    return scenario.model_copy(update={"live_episodes": 1, "conditions": scenario.conditions[:1]})


def with_opponent(scenario: Scenario, task: Environment[Any]) -> Scenario:
    """Return the scenario with its environment's default opponent where one is needed and none is named."""
    opponent = default_opponent_of(task)
    if scenario.opponents or not task.has_opponent or opponent is None:
        return scenario
    return scenario.model_copy(update={"opponents": (opponent,)})


def adapt(scenario: Scenario, task: Environment[Any]) -> Scenario:
    """Return the scenario as it is played in an environment: by a person, and with its default opponent."""
    return with_opponent(adapt_to_person(scenario), task)


def misfits(scenario: Scenario, task: Environment[Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the key and the reason of everything in a scenario that does not fit its environment or its model."""
    opponents = scenario.opponents
    if task.has_opponent and not opponents:
        yield ("opponents",), f"environment {task.name} needs an opponent: give one, as random or stockfish:level=1"
    if opponents and not task.has_opponent:
        yield ("opponents",), f"environment {task.name} has no opponent: leave out {opponents[0]}"
    if len(set(opponents)) != len(opponents):
        yield ("opponents",), "an opponent is named twice: keep one of each"
    # Without an engine puzzles still know their solutions.
    if scenario.judge_engine == "none" and task.oracle(task.reset(scenario.seed)) is None:
        for condition in scenario.conditions:
            if condition_of(condition).needs_oracle:
                message = f"condition {condition} shows correct replies: {task.name} needs a judge engine for them"
                yield ("conditions",), message
    corrupted = next((text for text in scenario.conditions if "wrong_reply" in condition_of(text).alternatives), None)
    if corrupted is not None and not scenario.feedback and carries_state(task):
        yield (
            ("conditions",),
            f"condition {corrupted} shows unplayable replies, and nothing says what was played: set feedback=true, "
            f"or let {task.name} restate the state in later messages",
        )
    road = next((text for text in scenario.conditions if condition_of(text).needs_roads), None)
    if road is not None and not hasattr(task, "roads"):
        yield ("conditions",), f"condition {road} needs two ways to one state, and {task.name} knows none: use chess"
    unit = continuation_unit(task)
    apart = next((condition for condition in scenario.conditions if condition not in ("natural", "fresh")), None)
    if unit == "word" and apart is not None:
        yield ("conditions",), f"ask=completion shows {task.name} as PGN, without replies: leave out condition {apart}"
    if unit and (scenario.answer, scenario.constrain) != ("generate", "none"):
        yield ("answer",), "ask=completion generates freely: leave out answer and constrain"
    backend = scenario.model.partition(":")[0].strip()
    recalling = next((text for text in scenario.conditions if condition_of(text).needs_recall), None)
    if unit and recalling is not None:
        yield ("conditions",), f"ask=completion has no messages to hide or round: leave out condition {recalling}"
    if uses_tools(task) and recalling is not None:
        yield ("conditions",), f"ask=tools has calls in place of messages to hide or round: leave out {recalling}"
    if recalling is not None and backend in registry.names("models") and not capabilities_of(backend).controls_recall:
        able = ", ".join(backends_that("controls_recall"))
        reason = f"condition {recalling} needs a model whose memory can be changed here ({able})"
        yield ("conditions",), f"{reason}, and {scenario.model} is none"
    needs: list[tuple[str, Literal["ranks_replies", "constrains_replies"]]] = []
    needs += [("answer", "ranks_replies")] if scenario.answer != "generate" else []
    needs += [("constrain", "constrains_replies")] if scenario.constrain != "none" else []
    for key, capability in needs:
        backends = backends_that(capability)
        if backend in registry.names("models") and backend not in backends:
            wanted = f"{key}={getattr(scenario, key)}"
            yield (key,), f"{wanted} needs a local model ({', '.join(backends)}), and {scenario.model} is none"
