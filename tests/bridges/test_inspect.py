"""The Inspect bridge with the real package: the same replies get the same verdicts in Inspect as in `horizon play`.

Inspect needs an environment of its own (`make test-inspect`), so these tests are skipped where it is absent.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai")

import inspect_ai
import scripted_inspect
from scripted_inspect import REPLIES, scripted

import horizon
from horizon.archives.import_run import ImportOptions, import_games
from horizon.core.environment import open_environment
from horizon.core.errors import UsageError

SAME = ("seed", "turn", "state", "reply", "action", "error", "correct", "loss", "optimal_action", "substituted")


def evaluated(folder: Path, task: Any) -> Path:
    """Evaluate a task with the scripted model, and return the log."""
    (log,) = inspect_ai.eval(task, model="scripted/model", log_dir=str(folder), display="none")
    assert log.status == "success", log.error
    return Path(log.location.removeprefix("file://"))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from horizon.bridges.inspect import TASKS

    return evaluated(tmp_path_factory.mktemp("logs"), TASKS["hanoi"](episodes=4, turns=8, disks=3))


@pytest.fixture(scope="module")
def played() -> horizon.Run:
    def chat(messages: list[dict[str, str]]) -> str:
        return scripted([message["content"] for message in messages])

    return horizon.play("hanoi:disks=3", model=chat, conditions=["natural"], episodes=4, turns=8)


def test_an_imported_log_has_the_rows_and_estimates_of_the_same_play_in_horizon(
    log: Path, played: horizon.Run, tmp_path: Path
) -> None:
    import_games(ImportOptions((log,)), tmp_path / "run")
    run = horizon.load(tmp_path / "run")
    order = ["seed", "turn"]
    assert run.turns.sort(order).select(SAME).equals(played.turns.sort(order).select(SAME))
    assert {"none", "illegal", "no_answer"} <= set(run.turns["error"])
    assert run.episodes.sort("seed")["outcome"].to_list() == played.episodes.sort("seed")["outcome"].to_list()
    ours, theirs = run.analyze().error_rate, played.analyze().error_rate
    assert (ours.estimate, ours.n_turns) == (theirs.estimate, theirs.n_turns)
    assert run.manifest["plan"]["environment"] == "hanoi-v" + str(open_environment("hanoi").version)


def test_the_score_is_the_share_of_correct_turns_with_the_error_of_every_turn(log: Path, played: horizon.Run) -> None:
    stored = inspect_ai.log.read_eval_log(str(log))
    errors: list[str] = []
    for sample in stored.samples or []:
        (score,) = (sample.scores or {}).values()
        by_turn = (score.metadata or {})["error_by_turn"]
        assert score.value == sum(error == "none" for error in by_turn) / len(by_turn)
        errors += by_turn
    assert sorted(errors) == sorted(played.turns["error"])
    metrics = stored.results.scores[0].metrics if stored.results else {}
    assert metrics["turn_error_rate"].value == pytest.approx(1 - played.turns["correct"].mean())
    assert set(metrics) == {"mean", "stderr", "turn_error_rate"}


def test_a_changed_row_in_a_log_is_one_line_and_left_out(log: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.eval"
    with zipfile.ZipFile(log) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("samples/") and "00000" in name:
                sample = json.loads(data)
                (score,) = sample["scores"].values()
                score["metadata"]["horizon"]["turns"][0]["loss"] = "much"
                data = json.dumps(sample).encode()
            target.writestr(name, data)
    imported = import_games(ImportOptions((changed,)), tmp_path / "run")
    assert imported.n_episodes == 3
    assert len(imported.problems) == 1 and "loss" in str(imported.problems[0])


def test_a_game_of_chess_with_opponent_and_engine_is_judged_move_by_move(tmp_path: Path) -> None:
    from horizon.bridges.inspect import TASKS

    task = TASKS["chess"](episodes=1, turns=2, opponent="random", judge_nodes=200)
    import_games(ImportOptions((evaluated(tmp_path, task),)), tmp_path / "run")
    turns = horizon.load(tmp_path / "run").turns
    assert turns["optimal_action"].is_not_null().all() and turns["state"].n_unique() == 2


def test_a_model_of_inspect_is_a_backend() -> None:
    run = horizon.play("running_total", model="inspect:scripted/model", conditions=["natural"], episodes=2, turns=2)
    assert set(run.turns["reply"]) <= set(REPLIES)
    assert run.turns["completion_tokens"].to_list() == [len(reply) for reply in run.turns["reply"]]
    assert run.manifest["model"]["backend"] == "inspect"


@pytest.mark.parametrize("name", ["inspect:model", "inspect:nobody/model"])
def test_a_model_that_inspect_does_not_know_is_one_line(name: str) -> None:
    with pytest.raises(UsageError, match=r"inspect:(model|nobody/model) "):
        horizon.play("hanoi", model=name, episodes=1, turns=1)


@pytest.mark.skipif("site-packages" not in horizon.__file__, reason="Inspect names tasks of installed packages only")
def test_inspect_eval_finds_the_task_by_its_name(tmp_path: Path) -> None:
    info = tmp_path / "scripted-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scripted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[inspect_ai]\nscripted = scripted_inspect\n")
    path = os.pathsep.join((str(tmp_path), str(Path(scripted_inspect.__file__).parent)))
    line = (
        "eval horizon/hanoi --model scripted/model -T disks=3 -T turns=3 -T episodes=2 --display none --log-dir logs"
    )
    command = [str(Path(sys.executable).with_name("inspect")), *line.split()]
    env = {**os.environ, "PYTHONPATH": path}
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
    assert result.returncode == 0, result.stderr
    import_games(ImportOptions((tmp_path / "logs",)), tmp_path / "run")
    assert horizon.load(tmp_path / "run").turns.height == 6
