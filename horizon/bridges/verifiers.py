"""Environments for RL with verifiers: the oracle's verdict is the reward of every turn.

`verifiers.load_environment("horizon.bridges.verifiers", environment="hanoi", disks=4)`, or `load_environment` below.
Rollouts ask any client of verifiers. The turns are those of `horizon play`: equal replies get equal verdicts.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from typing import Any

import verifiers as vf
from datasets import Dataset

from horizon.core.environment import continuation_unit, open_environment
from horizon.core.errors import HorizonError, UsageError
from horizon.core.instances import distinct_seeds
from horizon.core.parameters import Value
from horizon.core.records import Message, Reply
from horizon.play.interactive import InteractiveEpisode
from horizon.play.opening import OpenParts, open_setting
from horizon.play.outside_model import OutsideModel
from horizon.play.setting import Setting
from horizon.scenarios.scenario import make

EPISODE = "horizon_episode"
"""The key of the running episode in a rollout's state; it is gone when the rollout is over."""
ROWS = "horizon"
"""The key of the judged turns in a rollout's state, as JSON; name it in `state_columns` to save them."""
_MODEL = "verifiers"


class HorizonRollouts(vf.MultiTurnEnv):
    """A dialogue of any environment of Horizon; made by `load_environment`.

    `trajectory[i]["reward"]` is 1 for a correct reply, else 0, and `extras` has the row's `turn`, `error`, `loss` and
    `action`. The rollout's reward is the share of correct turns; `n_errors`, `first_error` and `is_finished` are
    metrics of weight 0.
    """

    def __init__(self, setting: Setting, stack: ExitStack, seeds: tuple[Sequence[int], Sequence[int]]) -> None:
        self._setting = setting
        self._stack = stack
        # Opponent and judge are shared by rollouts that run at the same time.
        self._lock = threading.Lock()
        train = list(self._instances(0, seeds[0]))
        held_out = list(self._instances(len(seeds[0]), seeds[1]))
        super().__init__(
            dataset=Dataset.from_list(train),
            eval_dataset=Dataset.from_list(held_out) if held_out else None,
            rubric=vf.Rubric(funcs=[correct_share, n_errors, first_error, is_finished], weights=[1.0, 0.0, 0.0, 0.0]),
        )

    async def setup_state(self, state: Any) -> Any:
        """Start the episode of the example's seed."""
        info = state["info"]
        state[EPISODE] = await asyncio.to_thread(self._start, info["index"], info["seed"])
        state[ROWS] = []
        return state

    async def add_trajectory_step(self, state: Any, trajectory_step: Any) -> None:
        """Keep a reply; where it has no reasoning, an empty one: llama.cpp's server refuses None in later requests."""
        for message in trajectory_step["completion"]:
            message.reasoning_content = message.reasoning_content or ""
        await super().add_trajectory_step(state, trajectory_step)

    async def env_response(self, messages: Any, state: Any, **_: Any) -> Any:
        """Judge the last reply, give its step the reward, and return what the environment replies."""
        episode, step = state[EPISODE], state["trajectory"][-1]
        row = await asyncio.to_thread(self._take, episode, _reply_of(step))
        step["reward"] = float(row is not None and row.correct)
        if row is not None:
            step["extras"] |= {"turn": row.turn, "error": row.error, "loss": row.loss, "action": row.action}
            state[ROWS].append(asdict(row))
        if not episode.messages:
            state["horizon_outcome"] = episode.outcome
            # No message follows the last reply.
            state["final_env_response"] = []
            return []
        return [_chat_message(message) for message in episode.messages[len(messages) :]]

    @vf.cleanup
    async def forget_episode(self, state: Any) -> None:
        """Take the running episode out of the state, which is saved and sent."""
        state.pop(EPISODE, None)

    @vf.teardown
    async def close_setting(self) -> None:
        """End the processes of opponent and judge."""
        self._stack.close()

    def _instances(self, first: int, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Yield the row of each instance that asks for a reply at all; `first` is the number of the first one."""
        for index, seed in enumerate(seeds, first):
            messages = self._start(index, seed).messages
            info = {"index": index, "seed": seed, "environment": self._setting.task.name}
            if messages:
                yield {"prompt": [asdict(message) for message in messages], "answer": "", "info": info}

    def _start(self, index: int, seed: int) -> InteractiveEpisode:
        with self._lock:
            return InteractiveEpisode(self._setting, index, seed)

    def _take(self, episode: InteractiveEpisode, reply: Reply) -> Any:
        try:
            with self._lock:
                return episode.take(reply)
        except HorizonError as problem:
            # The rollout ends with an error, and gets no verdict.
            raise vf.Error(str(problem)) from problem


def load_environment(
    environment: str = "hanoi",
    episodes: int = 64,
    eval_episodes: int = 16,
    turns: int = 20,
    seed: int = 0,
    opponent: str = "random",
    judge: str = "none",
    on_error: str = "substitute",
    **parameters: Value,
) -> HorizonRollouts:
    """Return the environment, as `verifiers.load_environment` does with this module's name.

    Parameters
    ----------
    environment
        The environment's name, such as `hanoi`.
    episodes, eval_episodes
        How many instances to train on, and how many others to evaluate on. A small task has few different ones.
    turns
        The most turns of an episode.
    seed
        Chooses the instances, as in a scenario.
    opponent
        The opponent of a two-sided environment.
    judge
        The engine that scores positions; `none` judges chess moves by the rules alone, and starts no process.
    on_error
        What follows an unplayable reply: `substitute`, `retry:n` or `stop`.
    **parameters
        The environment's parameters, such as `disks=4`.

    Raises
    ------
    UsageError
        An unknown name, parameter or value, or `ask=completion`.
    """
    keys: dict[str, Any] = {
        "environment": environment,
        "parameters": parameters,
        "model": _MODEL,
        "conditions": ("natural",),
        "turns": turns,
        "episodes": episodes,
        "seed": seed,
        "on_error": on_error,
        "judge_engine": judge,
    }
    task = open_environment(environment, dict(parameters))
    if task.has_opponent:
        keys["opponents"] = (opponent,)
    if task.oracle_kind == "engine" and judge == "none":
        keys["substitute"] = "legal"
    if continuation_unit(task):
        raise UsageError("ask=completion continues one text, and verifiers asks for messages: leave ask out")
    drawn = list(islice(distinct_seeds(task, seed), episodes + eval_episodes))
    stack = ExitStack()
    setting = stack.enter_context(open_setting(make(keys, "load_environment"), OpenParts(model=OutsideModel(_MODEL))))
    return HorizonRollouts(setting, stack, (drawn[:episodes], drawn[episodes:]))


def correct_share(state: Any, **_: Any) -> float:
    """Return the share of correct turns; 0 where no turn was judged."""
    rows = state[ROWS]
    return sum(row["correct"] for row in rows) / len(rows) if rows else 0.0


def n_errors(state: Any, **_: Any) -> float:
    """Return how many turns are in error."""
    return float(sum(not row["correct"] for row in state[ROWS]))


def first_error(state: Any, **_: Any) -> float:
    """Return the turn of the first error; one more than the turns where there is none."""
    rows = state[ROWS]
    return float(next((row["turn"] for row in rows if not row["correct"]), len(rows) + 1))


def is_finished(state: Any, **_: Any) -> float:
    """Return 1 if the environment itself ended the episode (`solved`, `won`, ...), else 0."""
    return float(state.get("horizon_outcome") not in (None, "turn_limit", "error"))


def _reply_of(step: Any) -> Reply:
    message, usage = step["response"].message, step["response"].usage
    return Reply(
        _text(message.content),
        finish_reason="length" if step["is_truncated"] else "stop",
        context_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        reasoning=message.reasoning_content or None,
    )


def _text(content: Any) -> str:
    """Return a message's text; of a list of parts those that are text."""
    if isinstance(content, str) or content is None:
        return content or ""
    return "\n".join(str(getattr(part, "text", "")) for part in content)


def _chat_message(message: Message) -> Any:
    kinds = {"system": vf.SystemMessage, "user": vf.UserMessage, "assistant": vf.AssistantMessage}
    return kinds[message.role](content=message.content)
