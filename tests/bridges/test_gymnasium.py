"""The Gymnasium bridge, with Gymnasium's own checker and against what `horizon play` plays."""

import subprocess
import sys
import warnings
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

import horizon
from horizon.bridges.gymnasium import AnyText, env_id
from horizon.core.registry import names


@pytest.mark.parametrize("name", names("environments"))
def test_gymnasiums_checker_accepts_every_environment(name: str) -> None:
    env = gymnasium.make(env_id(name), turns=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=False)
    env.close()


def replies(env: Any, seed: int, wrong: set[int]) -> tuple[list[float], list[str], list[dict[str, Any]]]:
    """Play an episode by the oracle but for some turns, and return rewards, observations and infos."""
    observation, info = env.reset(seed=seed)
    rewards, observations, infos, is_over = [], [observation], [info], False
    while not is_over:
        reply = "no idea" if len(rewards) + 1 in wrong else env.unwrapped.best_reply()
        observation, reward, terminated, truncated, info = env.step(reply)
        rewards.append(reward)
        observations.append(observation)
        infos.append(info)
        is_over = terminated or truncated
    return rewards, observations, infos


def test_the_oracle_solves_three_disks_in_seven_rewards_of_one() -> None:
    env = gymnasium.make("horizon/Hanoi-v1", disks=3, start="tower")
    rewards, _, infos = replies(env, 5, set())
    assert rewards == [1.0] * 7
    assert infos[-1]["outcome"] == "solved"


def test_a_wrong_reply_is_not_rewarded_and_the_turn_limit_truncates() -> None:
    env = gymnasium.make("horizon/RunningTotal-v1", turns=4)
    rewards, _, infos = replies(env, 5, {2})
    assert rewards == [1.0, 0.0, 1.0, 1.0]
    assert [info["error"] for info in infos[1:]] == ["none", "no_answer", "none", "none"]
    assert infos[-1]["outcome"] == "turn_limit"


def test_observations_and_verdicts_are_those_of_horizon_play() -> None:
    scripted = iter(["no idea", "Move: A>B", "Answer: C B", "A C", "Move: B>C"])
    sent: list[str] = []

    def chat(messages: list[dict[str, str]]) -> str:
        sent.append(messages[-1]["content"])
        return next(scripted)

    run = horizon.play("hanoi:disks=3", model=chat, conditions=["natural"], episodes=1, turns=5, substitute="legal")
    env = gymnasium.make("horizon/Hanoi-v1", disks=3, turns=5)
    observation, _ = env.reset(seed=run.turns["seed"][0])
    seen, errors = [observation], []
    for reply in run.turns["reply"]:
        observation, _, _, _, info = env.step(reply)
        seen.append(observation)
        errors.append(info["error"])
    assert seen[:-1] == sent
    assert errors == run.turns["error"].to_list()


def test_an_opponent_moves_between_two_turns_of_chess() -> None:
    env = gymnasium.make(env_id("chess"), turns=2, opening="start")
    _, before = env.reset(seed=1)
    _, _, _, _, after = env.step(env.unwrapped.legal_replies()[0])
    assert (before["turn"], after["turn"]) == (1, 2)
    assert [message["role"] for message in after["messages"]] == ["system", "user", "assistant", "user"]
    env.close()


def test_the_space_holds_any_script_and_is_seeded() -> None:
    space = AnyText()
    assert "♔ ξ 棋\n" in space and 7 not in space
    space.seed(3)
    first = [space.sample() for _ in range(3)]
    space.seed(3)
    assert [space.sample() for _ in range(3)] == first


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        ("import gymnasium", "horizon.bridges.gymnasium:horizon/Hanoi-v1"),
        ("import gymnasium, horizon.bridges.gymnasium", "horizon/Hanoi-v1"),
    ],
)
def test_an_interpreter_that_has_imported_no_more_makes_an_environment(imports: str, name: str) -> None:
    script = f"{imports}; print(gymnasium.make({name!r}, disks=3).reset(seed=7)[1]['turn'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
