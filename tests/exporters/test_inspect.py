"""A run as a log of Inspect: Inspect's own reader and viewer open it, and importing it gives the verdicts back.

Inspect needs an environment of its own (`make test-inspect`), so these tests are skipped where it is absent.
"""

import json
import math
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("inspect_ai")

from inspect_ai.log import EvalLog, read_eval_log

import horizon
from horizon.archives.import_run import ImportOptions, import_games
from horizon.core.errors import ModelFailure, UsageError

SAME = ("seed", "condition", "turn", "state", "reply", "action", "error", "correct", "loss", "optimal_action", "extra")
CONDITIONS = ("natural", "fresh", "healed")


def failing_after(n_replies: int) -> Callable[[list[dict[str, str]]], str]:
    """Return a model whose server fails for good after so many replies."""
    left = iter(range(n_replies))

    def failing(messages: list[dict[str, str]]) -> str:
        if next(left, None) is None:
            raise ModelFailure("the server is down")
        return "Move: A>B"

    return failing


@pytest.fixture(scope="module")
def run() -> horizon.Run:
    model = "synthetic:hazard=0.4"
    return horizon.play(
        "hanoi:disks=3", model=model, conditions=CONDITIONS, episodes=4, turns=5, seed=1, on_error="retry:1"
    )


@pytest.fixture(scope="module")
def file(run: horizon.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (file,) = run.export("inspect", tmp_path_factory.mktemp("logs") / "out")
    return file


@pytest.fixture(scope="module")
def log(file: Path) -> EvalLog:
    return read_eval_log(str(file))


def test_inspect_reads_one_sample_per_episode_with_model_and_conditions(log: EvalLog, run: horizon.Run) -> None:
    samples = log.samples or []
    assert log.status == "success" and log.eval.model == "synthetic:hazard=0.4"
    assert [sample.id for sample in samples] == run.episodes["episode_id"].to_list()
    for sample in samples:
        assert sample.metadata["conditions"] == list(CONDITIONS) == list(sample.scores or {})
        assert sample.metadata["seed"] == run.episodes.filter(episode_id=sample.id)["seed"].item()


def test_a_sample_s_messages_are_the_natural_conversation_with_the_verdict_of_every_reply(
    log: EvalLog, run: horizon.Run
) -> None:
    for sample in log.samples or []:
        rows = run.turns.filter(episode_id=sample.id, condition="natural").sort("turn")
        shown = run.show(str(sample.id), rows["turn"][-1])
        assert [(message.role, message.text) for message in sample.messages[:-1]] == [
            (message.role, message.content) for message in shown.messages
        ]
        verdicts = [message.metadata for message in sample.messages if message.role == "assistant"]
        final = [verdict for verdict in verdicts if "action" in (verdict or {})]
        assert [verdict["error"] for verdict in final] == rows["error"].to_list()
        assert len(verdicts) == rows["attempts"].sum()


def test_the_metrics_are_the_run_s_own_rates(log: EvalLog, run: horizon.Run) -> None:
    assert log.results is not None
    assert [score.name for score in log.results.scores] == list(CONDITIONS)
    for score in log.results.scores:
        rows = run.turns.filter(condition=score.name)
        assert score.metrics["turn_error_rate"].value == pytest.approx(1 - rows["correct"].mean())
        shares = rows.group_by("episode_id").agg(pl.col("correct").mean())["correct"]
        assert score.metrics["mean"].value == pytest.approx(shares.mean())
        assert math.isfinite(score.metrics["stderr"].value)


def test_importing_the_log_gives_the_rows_and_estimates_of_the_run(
    file: Path, run: horizon.Run, tmp_path: Path
) -> None:
    assert import_games(ImportOptions((file,)), tmp_path / "run").problems == []
    imported = horizon.load(tmp_path / "run")
    order = ["seed", "condition", "turn"]
    assert imported.turns.sort(order).select(SAME).equals(run.turns.sort(order).select(SAME))
    columns = ["seed", "outcome", "turns", "failure"]
    assert imported.episodes.sort("seed").select(columns).equals(run.episodes.sort("seed").select(columns))
    ours, theirs = imported.analyze(), run.analyze()
    assert ours.error_rate.estimate == theirs.error_rate.estimate
    assert ours.contrasts["natural-healed"].estimate == theirs.contrasts["natural-healed"].estimate


def test_an_aborted_episode_is_a_sample_with_its_error_and_its_turns(tmp_path: Path) -> None:
    settings = {"conditions": ["natural"], "episodes": 2, "turns": 2, "live_episodes": 1}
    run = horizon.play("running_total", model=failing_after(3), **settings)
    (file,) = run.export("inspect", tmp_path / "out")
    whole, aborted = read_eval_log(str(file)).samples or []
    assert whole.error is None and aborted.error is not None
    assert aborted.error.message == "the server is down" and len(aborted.messages) == 3
    imported = import_games(ImportOptions((file,)), tmp_path / "run")
    assert (imported.n_turns, imported.outcomes["aborted"]) == (3, 1)


def test_an_imported_run_is_refused_since_what_its_model_was_shown_is_not_in_it(file: Path, tmp_path: Path) -> None:
    import_games(ImportOptions((file,)), tmp_path / "run")
    with pytest.raises(UsageError, match="was imported: what its model was shown is not in it"):
        horizon.load(tmp_path / "run").export("inspect", tmp_path / "out")


def test_the_viewer_lists_and_opens_the_log(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("inspect")), "view", "start", "--log-dir", str(file.parent)]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True) as viewer:
        try:
            assert viewer.stdout is not None
            assert any("Running on" in line for line in viewer.stdout)
            (listed,) = fetch(port, "logs")["files"]
            assert listed["task"] == f"hanoi-v{horizon.make_environment('hanoi').version}"
            opened = fetch(port, "logs/" + urllib.parse.quote(listed["name"], safe=""))
            assert len(opened["samples"]) == 4
        finally:
            viewer.terminate()


def fetch(port: int, path: str) -> Any:
    """Return what the viewer's page would get."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{path}") as response:
        return json.load(response)
