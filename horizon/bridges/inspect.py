"""Inspect AI: each environment a task, `inspect eval horizon/hanoi --model PROVIDER/NAME -T disks=4 -T turns=20`.

The turn loop is a solver, the oracle's verdict a scorer. The log keeps every row in the score's metadata, so that
`horizon import LOG.eval` gives the run that `horizon play` would have made. Found by the entry point `inspect_ai`.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import anyio
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, GenerateConfig
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, mean, metric, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from horizon.core.environment import open_environment
from horizon.core.environment_name import EnvironmentName
from horizon.core.instances import distinct_seeds
from horizon.core.parameters import Value
from horizon.core.records import Message
from horizon.core.registry import names
from horizon.exporters.inspect import RECORD, chat_message, score_of
from horizon.models.inspect import reply_of
from horizon.play.interactive import InteractiveEpisode
from horizon.play.opening import OpenParts, open_setting
from horizon.play.outside_model import OutsideModel
from horizon.play.plan import plan_of
from horizon.scenarios.scenario import make


def task_of(environment: str) -> Callable[..., Task]:
    """Return the function behind the task of an environment; `-T` sets its arguments and the parameters."""

    def make_task(episodes: int = 8, turns: int = 20, seed: int = 0, max_tokens: int = 256, **settings: Value) -> Task:
        """Play episodes of the environment; `settings` are its parameters, and any key of a scenario."""
        scenario_keys: dict[str, Any] = {name: settings.pop(name) for name in _SCENARIO_KEYS if name in settings}
        if "opponent" in settings:
            scenario_keys["opponents"] = (str(settings.pop("opponent")),)
        keys = {
            "environment": environment,
            "parameters": settings,
            "conditions": ["natural"],
            "episodes": episodes,
            "turns": turns,
            "seed": seed,
            "max_tokens": max_tokens,
            **scenario_keys,
        }
        played = open_environment(environment, settings)
        samples = []
        for index, instance in enumerate(islice(distinct_seeds(played, seed), episodes)):
            state = played.reset(instance)
            shown = played.pose(state) if played.mover(state) == "model" else f"{environment}: the opponent begins"
            place = {"index": index, "seed": instance, "instance": str(instance)}
            samples.append(Sample(input=shown, id=f"{environment}#{index:05d}", metadata=place))
        return Task(
            dataset=MemoryDataset(samples, name=str(EnvironmentName(environment, str(played.version)))),
            solver=play_turns(keys),
            scorer=verdicts(),
            config=GenerateConfig(max_tokens=max_tokens, temperature=0.0),
            version=played.version,
        )

    make_task.__name__ = environment
    return make_task


_SCENARIO_KEYS = ("on_error", "substitute", "feedback", "judge_engine", "judge_nodes")


@solver
def play_turns(keys: dict[str, Any]) -> Solver:
    """Return the turn loop: a message of the environment, a reply, its verdict, until the episode is over.

    Cost: opponent and judge engine are started for every sample.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        name = str(state.model)
        scenario = make({**keys, "model": name}, "inspect eval")
        with open_setting(scenario, OpenParts(model=OutsideModel(name))) as setting:
            place = state.metadata
            episode = await anyio.to_thread.run_sync(InteractiveEpisode, setting, place["index"], place["seed"])
            failure: str | None = "stopped by Inspect before its end"
            try:
                while episode.messages:
                    state.messages = continue_messages(state.messages, episode.messages)
                    state = await generate(state)
                    await anyio.to_thread.run_sync(episode.take, reply_of(state.output))
                failure = None
            finally:
                record = {
                    "plan": plan_of(setting.scenario, setting.task),
                    "turns": [asdict(row) for row in episode.rows],
                    "episode": asdict(episode.episode(failure)),
                }
                state.store.set(RECORD, record)
        return state

    return solve


def continue_messages(shown: Sequence[ChatMessage], messages: Sequence[Message]) -> list[ChatMessage]:
    """Return the conversation as Inspect's messages; those it has already stay the same objects."""
    same = 0
    while same < min(len(shown), len(messages)) and (shown[same].role, shown[same].text) == (
        messages[same].role,
        messages[same].content,
    ):
        same += 1
    return [*shown[:same], *(chat_message(message) for message in messages[same:])]


@metric
def turn_error_rate() -> Metric:
    """Return the share of all turns that were in error, every turn with the same weight."""

    def rate(scores: list[SampleScore]) -> float:
        turns = [turn for score in scores for turn in (score.score.metadata or {}).get(RECORD, {}).get("turns", ())]
        return sum(not turn["correct"] for turn in turns) / len(turns) if turns else float("nan")

    return rate


@scorer(metrics=[mean(), stderr(cluster="instance"), turn_error_rate()])
def verdicts() -> Scorer:
    """Return the scorer: the share of correct turns of an episode; its metadata has the error of every turn.

    The standard error is clustered by instance, since epochs of one instance are not independent.
    """

    async def judge(state: TaskState, target: Target) -> Score:
        record = state.store.get(RECORD)
        if not record or not record["turns"]:
            return Score(value=float("nan"), explanation="no turn was played")
        score: Score = score_of(record["plan"], record["turns"], record["episode"])
        return score

    return judge


TASKS = {name: task(name=name)(task_of(name)) for name in names("environments")}
