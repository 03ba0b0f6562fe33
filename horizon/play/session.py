"""One run from start to finished folder: opens what the scenario names, plays, writes parquet and games.

The edge where models, engines, judge, journal and scenario meet; everything is closed again whatever happens.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from horizon.core.environment import Environment, engine_of, files_of, notes_of, open_environment
from horizon.core.errors import UsageError
from horizon.core.model import Model, ModelOptions, open_model
from horizon.core.parameters import values
from horizon.core.records import Episode, Json, Turn
from horizon.engines.position_text import split_position
from horizon.play.loop import Played, play
from horizon.play.stopping import STOPPED, mark_stopped, play_until_settled
from horizon.runs import manifest, run_folder
from horizon.runs.shards import Shard, shard_in
from horizon.scenarios.compatibility import misfits, opponent_model
from horizon.scenarios.scenario import Scenario

Stop = Literal["never", "settled"]
EXPECTED = "expected"
"""The manifest's key for what was expected of a run when it began: whoever resumes it need not say it again."""

if TYPE_CHECKING:
    from horizon.engines.judge import Judge


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run left: its folder, its counts, and warnings for the person who started it."""

    folder: Path
    played: Played
    warnings: tuple[str, ...]


def run(
    scenario: Scenario,
    folder: Path,
    *,
    resume: bool = False,
    base_urls: tuple[str, ...] = (),
    shard: Shard | None = None,
    stop: Stop | None = None,
    model: Model | None = None,
    watch: Callable[[Played], None] = lambda played: None,
    say: Callable[[str], None] = lambda text: None,
) -> Finished:
    """Play a scenario into a folder, or go on with the one in it.

    `shard` is the part to play of a run split over machines; a resumed run keeps its own. With `stop` settled the run
    ends as soon as what the scenario expects is settled; one that ended so is only gone on with when `stop` says how.
    `model` is the scenario's, opened with `options_of` already; it stays open. `say` gets a line about what is being
    opened; `watch` the counts after every step.

    Raises:
        UsageError: a name, parameter or folder that can't be used.
        EngineFailure, ModelFailure: something needed is missing or every episode was aborted.
    """
    task = open_environment(scenario.environment, dict(scenario.parameters))
    check_sides(scenario, task)
    with ExitStack() as stack:
        opponents = {name: _open(stack, opponent_model(name), ModelOptions()) for name in scenario.opponents}
        judge = open_judge(stack, scenario, task)
        if resume:
            if not (folder / manifest.MANIFEST).exists():
                raise UsageError(f"nothing to resume in {folder}: start it without --resume")
            stored = run_folder.read_manifest(folder)
            stop = _stop_again(folder, stored, stop)
        else:
            # Refuse a folder that can't be used before the model's slow loading.
            run_folder.check_new(folder)
        if model is None:
            say(f"loading {scenario.model}")
            model = _open(stack, scenario.model, options_of(scenario, base_urls))
        check_protocol(scenario, model)
        plan = plan_of(scenario, task)
        part = shard_in(stored) if resume else shard or Shard()
        if resume and shard not in (None, part):
            raise UsageError(f"{folder} is shard {part.number} of {part.of}: leave out --shard to go on with it")
        if stop == "settled" and part.of > 1:
            raise UsageError(
                "a shard can't tell when the whole run is settled: leave out --stop settled or the shards"
            )
        made = _manifest(plan, task, model, opponents, judge)
        if "expect" in scenario.model_fields_set:
            told = {"expect": scenario.expect.model_dump(mode="json", exclude_unset=True), "alpha": scenario.alpha}
            made[EXPECTED] = manifest.plain(told)
        made["shard"] = part.as_json()
        run_id = run_id_of(plan)
        turns: list[Turn] = []
        episodes: list[Episode] = []
        warnings: list[str] = []
        if resume:
            journal, turns, episodes, warnings = run_folder.resume(folder, made)
        else:
            journal = run_folder.create(folder, made)
        with journal:
            playing = partial(play, scenario, run_id, task, model, opponents, judge, journal)
            if stop == "settled":
                played = play_until_settled(scenario, folder, playing, turns, episodes, watch)
            else:
                played = playing(turns=turns, episodes=episodes, is_ours=part.holds, watch=watch)
                if resume:
                    mark_stopped(folder, None)
            del turns, episodes
            # Still under the folder's lock: a second program that resumes now must not write beside us.
            run_folder.finish(folder)
            if task.name in ("chess", "chess_variant"):
                from horizon.play.pgn_export import write_games

                write_games(folder)
    return Finished(folder, played, (*warnings, *notes_of(task)))


def manifest_of(scenario: Scenario, model: Model) -> dict[str, Json]:
    """Return the manifest that a run of this scenario with this opened model would begin with; plays nothing.

    Raises:
        UsageError, EngineFailure: as `run`, of opponents and judge.
    """
    task = open_environment(scenario.environment, dict(scenario.parameters))
    check_sides(scenario, task)
    with ExitStack() as stack:
        opponents = {name: _open(stack, opponent_model(name), ModelOptions()) for name in scenario.opponents}
        return _manifest(plan_of(scenario, task), task, model, opponents, open_judge(stack, scenario, task))


def _manifest(
    plan: Mapping[str, Json], task: Environment[Any], model: Model, opponents: Mapping[str, Model], judge: Any
) -> dict[str, Json]:
    return manifest.make(
        plan,
        files=files_of(task),
        model_identity=dict(model.identity()),
        opponent_identities={name: dict(each.identity()) for name, each in opponents.items()},
        judge_identity=judge.identity() if judge is not None else None,
    )


def plan_of(scenario: Scenario, task: Environment[Any]) -> dict[str, Json]:
    """Return what decides a run's turns: the scenario with every default filled in, and the environment's version."""
    return {
        **scenario.as_json(),
        "environment": f"{task.name}-v{task.version}",
        "parameters": values(task),
        "opponents": list(scenario.opponents),
        "judge_engine": judge_engine(scenario, task),
    }


def scenario_of(manifest_on_disk: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scenario's keys from a manifest, to go on with its run."""
    plan = dict(manifest_on_disk["plan"])
    plan["environment"] = str(plan["environment"]).rpartition("-v")[0]
    return plan


def expected_of(manifest_on_disk: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was expected of a run when it began, as a scenario's keys; empty where nothing was."""
    return dict(manifest_on_disk.get(EXPECTED) or {})


def run_id_of(plan: Mapping[str, Json]) -> str:
    """Return the run's name: a hash of its plan, so that the same plan twice gives the same rows."""
    return hashlib.blake2b(json.dumps(plan, sort_keys=True).encode(), digest_size=6).hexdigest()


def stop_of(text: str | None) -> Stop | None:
    """Return when to stop, as the command line says it.

    Raises:
        UsageError: neither never nor settled.
    """
    if text not in (None, "never", "settled"):
        raise UsageError(f"--stop {text} is unknown: use settled (once the scenario's claims are) or never")
    return text  # type: ignore[return-value]


def options_of(scenario: Scenario, base_urls: tuple[str, ...] = ()) -> ModelOptions:
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


def _open(stack: ExitStack, name: str, options: ModelOptions) -> Model:
    model = open_model(name, options)
    stack.callback(model.close)
    return model


def judge_engine(scenario: Scenario, task: Environment[Any]) -> str:
    """Return the engine that a scenario asks for, `auto` being the one that knows the environment's positions."""
    return engine_of(task) if scenario.judge_engine == "auto" else scenario.judge_engine


def open_judge(stack: ExitStack, scenario: Scenario, task: Environment[Any]) -> Any:
    """Return the engine judge that a scenario asks for, closed with the stack; null where none is needed.

    Raises:
        EngineFailure: the engine is missing.
        UsageError: it doesn't know the environment's positions.
    """
    if scenario.judge_engine == "none" or task.oracle_kind != "engine":
        return None
    from horizon.engines.judge import Judge

    judge = stack.enter_context(Judge(judge_engine(scenario, task), nodes=scenario.judge_nodes))
    _check_judge(judge, task, scenario.seed)
    return judge


def _check_judge(judge: "Judge", task: Environment[Any], seed: int) -> None:
    """Refuse a judge that doesn't know the variant which an environment plays.

    Raises:
        UsageError: it doesn't; the message names the engine that does.
    """
    position = task.engine_position(task.reset(seed))
    variant = split_position(position).variant if position is not None else "chess"
    if variant not in judge.variants:
        needed = engine_of(task)
        fix = f"leave judge_engine out, or name {needed}" if judge.name != needed else f"install a newer {needed}"
        raise UsageError(f"{judge.version} can't play {variant}: {fix}")


def _stop_again(folder: Path, stored: Mapping[str, Any], stop: Stop | None) -> Stop | None:
    """Return when a resumed run stops: one that stopped early and whose tables are gone, where it stopped before."""
    stopped = stored.get(STOPPED)
    if stopped and stop is None and not run_folder.is_finished(folder):
        return "settled"
    if stopped and stop is None:
        raise UsageError(
            f"{folder} is complete: it stopped early, after {stopped['episodes']} of {stopped['of']} episodes, as its "
            "claims were settled; to play the others too add --stop never"
        )
    return stop


def check_protocol(scenario: Scenario, model: Model) -> None:
    """Refuse ways of answering that a backend would silently not follow."""
    wanted = {"answer": scenario.answer, "constrain": scenario.constrain}
    if wanted != {"answer": "generate", "constrain": "none"} and model.identity().get("protocol") != wanted:
        key, value = ("answer", "score") if scenario.answer == "score" else ("constrain", "legal")
        raise UsageError(f"{key}={value} needs a local model (hf:, gguf:, smollm2), and {model.name} is none")


def check_sides(scenario: Scenario, task: Environment[Any]) -> None:
    """Refuse what does not fit the environment or the model.

    Raises:
        UsageError: an opponent too few or too many, right replies asked for where nothing knows them, and the like.
    """
    for _, said in misfits(scenario, task):
        raise UsageError(said)
