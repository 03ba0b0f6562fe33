"""The one opening sequence: environment, opponents, judge and model of a scenario, opened and closed together.

Used by runs, gates, tests in memory and replays. Refuses what does not fit before anything slow is loaded.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from horizon.core.environment import Environment, continuation_unit, engine_of, open_environment, uses_tools
from horizon.core.errors import UsageError
from horizon.core.model import Model, ModelOptions, backends_that, fastest_name, open_model
from horizon.core.records import Json
from horizon.engines.position_text import split_position
from horizon.play.donor import open_donors
from horizon.play.plan import judge_engine
from horizon.play.setting import ScoreSource, Setting
from horizon.scenarios.compatibility import adapt_to_person, misfits, opponent_model, with_opponent
from horizon.scenarios.conditions import condition_of
from horizon.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from horizon.engines.judge import Judge

OpenModel = Callable[[str, ModelOptions], Model]


@dataclass(frozen=True, slots=True)
class OpenParts:
    """What is already open, and stays open; everything that is None is opened from the scenario.

    `open_model` opens models by name and keeps them. `base_urls` are the servers of `openai:` models. Where
    `is_judged` is false no judge is opened. With `chooses_engine`, for new runs, a model whose name leaves
    its engine open is opened by the fastest that is installed, and the setting's scenario names it.
    """

    environment: Environment[Any] | None = None
    model: Model | None = None
    opponents: Mapping[str, Model] | None = None
    judge: ScoreSource | None = None
    is_judged: bool = True
    chooses_engine: bool = False
    open_model: OpenModel | None = None
    base_urls: tuple[str, ...] = ()


@contextmanager
def open_setting(
    scenario: Scenario, parts: OpenParts | None = None, say: Callable[[str], None] = lambda text: None
) -> Iterator[Setting]:
    """Open everything that a scenario needs, the model last, and close it again in the end.

    `say` gets a line before the model is loaded. Where a person replies, the setting's scenario has no probes.

    Raises:
        UsageError: an unknown name or parameter, or sides that the environment can't have.
        EngineFailure: an engine is missing.
        ModelFailure: a model could not be loaded or reached.
    """
    parts = parts or OpenParts()
    if scenario.calibrate is not None:
        raise UsageError(
            "calibrate is for runs that are played: use horizon calibrate, and give the setting that it finds"
        )
    played = adapt_to_person(scenario)
    left_out = scenario.conditions[len(played.conditions) :]
    if left_out and "conditions" in scenario.model_fields_set:
        say(f"a person gets no probes: {', '.join(left_out)} not played")
    scenario = played
    task = parts.environment or open_environment(scenario.environment, dict(scenario.parameters))
    scenario = with_opponent(scenario, task)
    check_fit(scenario, task)
    donors = open_donors(scenario, task)
    with ExitStack() as stack:

        def open_closing(name: str, options: ModelOptions) -> Model:
            model = open_model(name, options)
            stack.callback(model.close)
            return model

        opening = parts.open_model or open_closing
        opponents = parts.opponents
        if opponents is None:
            opponents = {name: opening(opponent_model(name), ModelOptions()) for name in scenario.opponents}
        judge, judge_identity = parts.judge, None
        if judge is None and parts.is_judged:
            judge, judge_identity = _judge(stack, scenario, task)
        model = parts.model
        if model is None:
            options = model_options(scenario, parts.base_urls)
            options = replace(options, continues=continuation_unit(task), calls_tools=uses_tools(task))
            if parts.chooses_engine:
                scenario = _with_fastest_engine(scenario, options, say)
            say(f"loading {scenario.model}")
            model = opening(scenario.model, options)
            _check_completion(options, model)
            _check_tools(options, model)
            for note in getattr(model, "notes", ()):
                say(note)
        _check_protocol(scenario, model)
        _check_recall(scenario, model)
        _check_thinking(scenario, model)
        yield Setting(scenario, task, model, opponents, judge, judge_identity, donors=donors)


def _with_fastest_engine(scenario: Scenario, options: ModelOptions, say: Callable[[str], None]) -> Scenario:
    """Return the scenario with the engine named that plays its model, where its name leaves that open."""
    changes_recall = any(condition_of(text).needs_recall for text in scenario.conditions)
    name = fastest_name(scenario.model, options, changes_recall=changes_recall)
    if name == scenario.model:
        return scenario
    say(f"{scenario.model} is played as {name}, the fastest engine installed that does what is asked")
    return scenario.model_copy(update={"model": name})


def model_options(scenario: Scenario, base_urls: tuple[str, ...] = ()) -> ModelOptions:
    """Return how a scenario wants its model opened; scenarios with equal options and names can share one."""
    return ModelOptions(
        temperature=scenario.temperature,
        top_p=scenario.top_p,
        context_tokens=scenario.context_tokens,
        dtype=scenario.dtype,
        batch_size=scenario.batch_size,
        cache_gb=scenario.cache_gb,
        answer=scenario.answer,
        constrain=scenario.constrain,
        timeout_s=scenario.timeout_s,
        retries=scenario.server_retries,
        base_urls=base_urls,
    )


def check_fit(scenario: Scenario, task: Environment[Any]) -> None:
    """Refuse what does not fit the environment or the model.

    Raises:
        UsageError: an opponent too few or too many, reference answers that nothing knows, and the like.
    """
    for _, reason in misfits(scenario, task):
        raise UsageError(reason)


def _judge(
    stack: ExitStack, scenario: Scenario, task: Environment[Any]
) -> tuple["Judge | None", Mapping[str, Json] | None]:
    """Return the judge engine that a scenario asks for and its identity; None where none is needed."""
    if scenario.judge_engine == "none" or task.oracle_kind != "engine":
        return None, None
    from horizon.engines.judge import Judge

    judge = stack.enter_context(Judge(judge_engine(scenario, task), nodes=scenario.judge_nodes))
    position = task.engine_position(task.reset(scenario.seed))
    variant = split_position(position).variant if position is not None else "chess"
    if variant not in judge.variants:
        needed = engine_of(task)
        fix = f"leave judge_engine out, or name {needed}" if judge.name != needed else f"install a newer {needed}"
        raise UsageError(f"{judge.version} can't play {variant}: {fix}")
    return judge, judge.identity()


def _check_protocol(scenario: Scenario, model: Model) -> None:
    """Refuse ways of answering that a backend would silently not follow."""
    protocol: dict[str, Json] = {"answer": scenario.answer, "constrain": scenario.constrain}
    kept = model.identity().get("protocol")
    follows = isinstance(kept, Mapping) and {**kept, **protocol} == kept
    if protocol != {"answer": "generate", "constrain": "none"} and not follows:
        key, value = ("answer", "score") if scenario.answer == "score" else ("constrain", "legal")
        raise UsageError(f"{key}={value} needs a local model (hf:, gguf:, smollm2), and {model.name} is none")


def _check_recall(scenario: Scenario, model: Model) -> None:
    """Refuse conditions that a model would silently answer as natural ones."""
    text = next((text for text in scenario.conditions if condition_of(text).needs_recall), None)
    if text is not None and not getattr(model, "controls_recall", False):
        able = ", ".join(backends_that("controls_recall"))
        raise UsageError(
            f"condition {text} needs a model whose memory can be changed here ({able}), and {model.name} is none"
        )


def _check_thinking(scenario: Scenario, model: Model) -> None:
    """Refuse to show earlier thinking to a model whose chat template leaves it out."""
    shown = [text for text in scenario.conditions if text.startswith("think:") and text != "think:drop"]
    setting = f"thinking={scenario.thinking}" if scenario.thinking != "drop" else ""
    what = f"condition {shown[0]}" if shown else setting
    if what and getattr(model, "drops_thinking", False):
        raise UsageError(
            f"{what} shows earlier thinking, and the chat template of {model.name} leaves it out: use drop alone"
        )


def _check_completion(options: ModelOptions, model: Model) -> None:
    """Refuse a model that would answer text to be continued as if it were a message."""
    protocol = model.identity().get("protocol")
    can_continue = isinstance(protocol, Mapping) and protocol.get("ask") == "completion"
    if options.continues and model.reads_text and not can_continue:
        raise UsageError(
            f"ask=completion needs a model that continues text (hf:, gguf:, smollm2, openai:), and {model.name} does "
            "not: leave ask out"
        )


def _check_tools(options: ModelOptions, model: Model) -> None:
    """Refuse a model that is given no tools, and so could only fail."""
    protocol = model.identity().get("protocol")
    is_able = isinstance(protocol, Mapping) and protocol.get("ask") == "tools"
    if options.calls_tools and model.reads_text and not is_able:
        raise UsageError(
            "ask=tools needs a model that is given tools (openai:, llamacpp:, ollama:, lmstudio:, vllm:, hf:, gguf:), "
            f"and {model.name} is none: leave ask out"
        )
