"""Claims about served models: what fails on the way is never a model's error, and no key leaves the environment."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from stub_server import serving

from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.instances import episode_seed
from horizon.core.model import Model, ModelOptions, Request, open_model
from horizon.core.records import Message, Reply
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

KEY = "sk-secret-of-mine"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def request(conversation: str = "e1", seed: int = 7) -> Request:
    messages = (Message("system", "rules"), Message("user", "which door?"))
    return Request(messages, seed, conversation, 1, 0, None, 20)  # type: ignore[arg-type]


def opened(*urls: str, timeout_s: float = 5.0, retries: int = 2) -> Model:
    return open_model("openai:stub", ModelOptions(base_urls=urls, timeout_s=timeout_s, retries=retries))


def test_a_reply_comes_with_its_usage_and_reasoning_apart_from_the_answer() -> None:
    with serving(lambda number, _: "thinking") as stub:
        reply = opened(stub.url).reply([request()])[0]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning) == ("Answer: b", "let me see")
    assert (reply.context_tokens, reply.completion_tokens, reply.extra["cached_tokens"]) == (50, 5, 32)


def test_the_request_says_what_was_asked_for() -> None:
    with serving() as stub:
        opened(stub.url).reply([request(seed=11)])
    asked = stub.requests[0]
    assert asked["messages"] == [{"role": "system", "content": "rules"}, {"role": "user", "content": "which door?"}]
    assert (asked["max_tokens"], asked["temperature"], asked["seed"], asked["model"]) == (20, 0.0, 11, "stub")
    assert stub.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize("word", ["429", "500", "503", "reset"])
def test_what_passes_is_tried_again(word: str) -> None:
    with serving(lambda number, _: word if number < 2 else "ok") as stub:
        reply = opened(stub.url).reply([request()])[0]
    assert isinstance(reply, Reply)
    assert len(stub.requests) == 3


@pytest.mark.parametrize("word", ["429", "500", "401", "empty", "torn", "hollow", "no choice", "hang", "reset"])
def test_what_stays_broken_is_a_failure_of_its_own_request_without_the_key(word: str) -> None:
    def behave(number: int, asked: dict[str, Any]) -> str:
        return word if asked["seed"] == 1 else "ok"

    with serving(behave) as stub:
        model = opened(stub.url, timeout_s=0.3, retries=0)
        broken, fine = model.reply([request("e1", 1), request("e2", 2)])
    assert isinstance(broken, ModelFailure)
    assert isinstance(fine, Reply)
    assert stub.url in str(broken)
    assert KEY not in str(broken)
    assert "\n" not in str(broken)


def test_a_conversation_too_long_for_the_server_is_overflow() -> None:
    with serving(lambda number, _: "overflow") as stub:
        reply = opened(stub.url).reply([request()])[0]
    assert isinstance(reply, Reply)
    assert reply.finish_reason == "overflow"


def test_an_episode_and_its_probes_stay_with_one_server_and_episodes_spread() -> None:
    with serving() as one, serving() as other:
        model = opened(one.url, other.url)
        for episode in range(12):
            before = len(one.requests)
            model.reply([request(f"e{episode}"), request(f"e{episode}/fresh/3"), request(f"e{episode}/healed/4")])
            assert len(one.requests) - before in (0, 3)
    assert one.requests and other.requests


def test_an_impossible_server_and_a_missing_key_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="localhost:8000"):
        opened("localhost:8000")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        open_model("openai:stub", ModelOptions())
    with pytest.raises(UsageError, match="name"):
        open_model("openai:", ModelOptions())


def test_every_planned_turn_is_judged_or_its_episode_counted_as_aborted(tmp_path: Path) -> None:
    """A server that fails by every way there is, and for one episode without end."""
    ways = ["429", "500", "empty", "torn", "hollow", "reset", "hang"]

    def behave(number: int, asked: dict[str, Any]) -> str:
        first = asked["messages"][1]["content"]
        if first == doomed:
            return "500"
        asked_for = json.dumps(asked["messages"])
        tried[asked_for] = tried.get(asked_for, 0) + 1
        return ways[number % len(ways)] if tried[asked_for] == 1 else "ok"

    tried: dict[str, int] = {}
    task = open_environment("hanoi:disks=6,rounds=0")
    doomed = task.pose(task.reset(episode_seed(0, "hanoi", 3)))
    given = {
        "environment": "hanoi",
        "parameters": {"disks": 6, "rounds": 0},
        "model": "openai:stub",
        "episodes": 5,
        "turns": 6,
        "server_retries": 1,
        "timeout_s": 0.5,
    }
    folder = tmp_path / "run"
    with serving(behave, lambda asked: "Answer: A C") as stub:
        played = session.run(make(given, "test"), folder, session.RunOptions(base_urls=(stub.url,))).played
    turns = run_folder.read_turns(folder)
    episodes = pl.read_parquet(folder / "episodes.parquet")
    aborted = set(episodes.filter(pl.col("outcome") == "aborted")["episode_id"])
    assert aborted == {"hanoi#00003"}
    assert played.episodes_aborted == 1
    whole = turns.filter(~pl.col("episode_id").is_in(list(aborted)))
    assert whole.group_by("episode_id", "condition").len()["len"].to_list() == [6] * 8
    assert whole["error"].null_count() == 0
    for file in folder.iterdir():
        assert KEY.encode() not in file.read_bytes(), f"the key is in {file.name}"
    assert json.loads((folder / "manifest.json").read_text())["model"]["reproducible"] is False
