"""Gymnasium environments: `gymnasium.make("horizon/Hanoi-v1", disks=4)`, a text in, a text out, the verdict as reward.

Registered by importing this module; Gymnasium 1.0 and later read no entry points. Turns are those of `horizon play`:
the observation is the message that a model would get, an unplayable reply is replaced by seed, an opponent replies.
"""

import string
from contextlib import ExitStack
from typing import Any

import gymnasium
from gymnasium.spaces import Text

from horizon.core.environment import environment_class
from horizon.core.errors import HorizonError
from horizon.core.parameters import Value
from horizon.core.records import Reply, Turn
from horizon.core.registry import names
from horizon.core.seeds import derive
from horizon.play.interactive import InteractiveEpisode
from horizon.play.opening import OpenParts, open_setting
from horizon.play.outside_model import OutsideModel
from horizon.play.setting import Setting
from horizon.scenarios.scenario import make

NAMESPACE = "horizon"
BRIDGE_VERSION = 1
MOST_CHARACTERS = 100_000


class AnyText(Text):
    """Every text up to a length, in any script; samples are printable ASCII."""

    def __init__(self, max_length: int = MOST_CHARACTERS) -> None:
        super().__init__(max_length, min_length=0, charset=string.printable)

    def contains(self, x: Any) -> bool:
        """Return whether `x` is a text that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Return a short text of printable characters."""
        n_characters = int(self.np_random.integers(0, 20))
        return "".join(self.np_random.choice(list(string.printable), n_characters))


class HorizonEnv(gymnasium.Env[str, str]):
    """One episode at a time of any environment of Horizon.

    Parameters
    ----------
    environment
        The environment's name, such as `hanoi`; `gymnasium.make` fills it in from the id.
    turns
        The most turns; after them the episode is truncated.
    opponent
        The opponent of a two-sided environment.
    judge
        The engine that scores positions; `none` judges chess moves by the rules alone, and starts no process.
    render_mode
        `ansi`: the state as a text.
    **parameters
        The environment's parameters, such as `disks=4`.

    Notes
    -----
    `reset(seed=n)` plays the instance that rows name by `seed` = n. The reward is 1 for a correct reply, else 0.
    `info` has the whole conversation as `messages`, after a step also `error`, `loss`, `action` and `outcome`.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(
        self,
        environment: str,
        turns: int = 40,
        opponent: str = "random",
        judge: str = "none",
        render_mode: str | None = None,
        **parameters: Value,
    ) -> None:
        self.observation_space = AnyText()
        self.action_space = AnyText()
        self.render_mode = render_mode
        keys = {
            "environment": environment,
            "parameters": parameters,
            "model": "gymnasium",
            "conditions": ("natural",),
            "turns": turns,
            "episodes": 1,
            "judge_engine": judge,
            "substitute": "legal" if judge == "none" else "sound",
        }
        if environment_class(environment).has_opponent:
            keys["opponents"] = (opponent,)
        self._stack = ExitStack()
        opened = open_setting(make(keys, "gymnasium.make"), OpenParts(model=OutsideModel("gymnasium")))
        self._setting: Setting = self._stack.enter_context(opened)
        self._episode: InteractiveEpisode | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start the instance of a seed, or one drawn from the seed before; return its first message."""
        super().reset(seed=seed)
        instance = seed if seed is not None else int(self.np_random.integers(2**31))
        # Instances that are over before the first reply are passed over.
        self._episode = InteractiveEpisode(self._setting, 0, instance)
        for attempt in range(1, 50):
            if self._episode.messages:
                break
            self._episode = InteractiveEpisode(self._setting, 0, derive(instance, "gymnasium", attempt) % 2**31)
        return self._observation(), self._info(None)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Judge a reply; return the next message, the reward, whether the episode is over or truncated, and `info`."""
        episode = self._running()
        row = episode.take(Reply(str(action)))
        is_over = episode.outcome is not None
        is_truncated = episode.outcome == "turn_limit"
        reward = float(row is not None and row.correct)
        return self._observation(), reward, is_over and not is_truncated, is_truncated, self._info(row)

    def render(self) -> str | None:
        """Return the present state as a person would read it."""
        return self._setting.task.pose(self._running().live.state) if self.render_mode == "ansi" else None

    def close(self) -> None:
        """End the processes of opponent and judge."""
        self._stack.close()

    def legal_replies(self) -> tuple[str, ...]:
        """Return a reply for every legal action, for agents that choose among them."""
        task, state = self._setting.task, self._running().live.state
        return tuple(task.render(state, action) for action in task.actions(state))

    def best_reply(self) -> str | None:
        """Return the oracle's reply; None where only an engine knows it."""
        task, state = self._setting.task, self._running().live.state
        action = task.oracle(state)
        return task.render(state, action) if action is not None else None

    def _running(self) -> InteractiveEpisode:
        if self._episode is None:
            raise gymnasium.error.ResetNeeded("call reset before step or render")
        return self._episode

    def _observation(self) -> str:
        messages = self._running().messages
        return messages[-1].content[:MOST_CHARACTERS] if messages else ""

    def _info(self, row: Turn | None) -> dict[str, Any]:
        episode = self._running()
        info: dict[str, Any] = {
            "messages": [{"role": message.role, "content": message.content} for message in episode.messages],
            "state": self._setting.task.dump(episode.live.state),
            "turn": episode.live.turn,
            "version": self._setting.task.version,
        }
        if row is not None:
            info |= {"error": row.error, "loss": row.loss, "action": row.action, "outcome": episode.outcome}
        return info


def env_id(name: str) -> str:
    """Return the id of an environment: `horizon/BlocksWorld-v1` of `blocks_world`.

    The number is this bridge's: Gymnasium refuses an older one as soon as a newer is there, and environments count
    theirs up with every change of a prompt. `info` has the environment's own as `version`.
    """
    environment_class(name)
    return f"{NAMESPACE}/{name.title().replace('_', '')}-v{BRIDGE_VERSION}"


def register_envs() -> None:
    """Register every environment once; a broken plug-in is left out, and `horizon list environments` has its error."""
    for name in names("environments"):
        try:
            id_ = env_id(name)
        except HorizonError:
            continue
        if id_ not in gymnasium.registry:
            gymnasium.register(
                id_, entry_point=f"{__name__}:HorizonEnv", kwargs={"environment": name}, disable_env_checker=True
            )


register_envs()
