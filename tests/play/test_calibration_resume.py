"""Claims about interrupted calibrations: no turn is asked twice, and the outcome is that of one in a single go."""

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import horizon

from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure, StoreError, UsageError
from horizon.core.model import Model, ModelOptions, Request, open_model
from horizon.core.records import Reply
from horizon.play import session
from horizon.play.calibration import Calibration, keep_calibrating
from horizon.play.calibration_plan import CalibrationPlan, plan_calibration
from horizon.runs import run_folder
from horizon.runs.calibration_file import NAME, CalibrationFile
from horizon.runs.usage import Usage
from horizon.scenarios.scenario import make

STEEP = "synthetic:hazard=0.02,difficulty=1,difficulty_mean=2"
RUN = {"model": STEEP, "environment": "hanoi", "calibrate": 0.1, "episodes": 2, "turns": 3, "conditions": ()}


def plan(most_turns: int = 40, target: float = 0.1, **keys: object) -> CalibrationPlan:
    scenario = make({"model": STEEP, "environment": "hanoi", "server_retries": 0, **keys}, "test")
    task = open_environment(scenario.environment, dict(scenario.parameters))
    return plan_calibration(scenario, task, target, most_turns=most_turns)


class Counted:
    """The synthetic model, which counts its requests, is interrupted after so many, and fails at every ninth seed."""

    reads_text = False

    def __init__(self, stop_after: int = 10**9, fails: bool = True) -> None:
        self.inner: Model = open_model(STEEP, ModelOptions())
        self.name = self.inner.name
        self.stop_after, self.fails, self.asked = stop_after, fails, 0

    def identity(self) -> dict[str, object]:
        return dict(self.inner.identity())

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        self.asked += len(requests)
        if self.asked > self.stop_after:
            raise KeyboardInterrupt
        replies = self.inner.reply(requests)
        return [
            ModelFailure("no reply") if self.fails and request.seed % 9 == 0 else reply
            for request, reply in zip(requests, replies, strict=True)
        ]

    def count_tokens(self, text: str) -> None:
        return None

    def close(self) -> None:
        pass


def untimed(outcome: Calibration) -> Calibration:
    """Return an outcome without how long the replies took."""
    return replace(outcome, usage=Usage())


def calibrated(path: Path | None, model: Counted, resume: bool = False, **keys: object) -> Calibration:
    return untimed(keep_calibrating(plan(**keys), model, path, resume=resume))  # type: ignore[arg-type]


@pytest.mark.parametrize("stop_after", [9, 17, 30])
def test_an_interrupted_calibration_ends_as_one_in_a_single_go_and_asks_nothing_twice(
    tmp_path: Path, stop_after: int
) -> None:
    whole = Counted()
    expected = calibrated(None, whole)
    assert expected.failed > 0
    path = tmp_path / NAME
    with pytest.raises(KeyboardInterrupt):
        calibrated(path, Counted(stop_after))
    rest = Counted()
    assert calibrated(path, rest, resume=True) == expected
    assert rest.asked < whole.asked
    finished = Counted()
    assert calibrated(path, finished, resume=True) == expected
    assert finished.asked == 0


def test_each_reply_is_kept_before_the_next_is_asked(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with pytest.raises(KeyboardInterrupt):
        calibrated(path, Counted(5, fails=False), live_episodes=1)
    turns = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(turns) == 5


def test_a_torn_last_line_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / NAME
    expected = calibrated(path, Counted(fails=False))
    path.write_bytes(path.read_bytes()[:-9])
    model = Counted(fails=False)
    assert calibrated(path, model, resume=True) == expected
    assert model.asked == 1


@pytest.mark.parametrize(("first", "then"), [(21, 40), (40, 21)])
def test_more_or_fewer_turns_are_those_of_a_calibration_of_that_many(tmp_path: Path, first: int, then: int) -> None:
    path = tmp_path / NAME
    calibrated(path, Counted(fails=False), most_turns=first)
    model = Counted(fails=False)
    assert calibrated(path, model, resume=True, most_turns=then) == calibrated(
        None, Counted(fails=False), most_turns=then
    )
    assert model.asked <= max(0, then - first)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"target": 0.3}, "calibrate=0.1, not 0.3"),
        ({"environment": "hanoi:rounds=2"}, 'environment="hanoi", not'),
        ({"model": "random"}, 'model="synthetic'),
        ({"seed": 4}, "seed=0, not 4"),
        ({"temperature": 0.7}, "temperature=0.0, not 0.7"),
    ],
)
def test_another_calibration_is_not_mixed_in(tmp_path: Path, keys: dict[str, object], named: str) -> None:
    path = tmp_path / NAME
    with closing(CalibrationFile(path, plan().as_json())):
        pass
    before = path.read_bytes()
    with pytest.raises(StoreError, match="was started with") as refused:
        CalibrationFile(path, plan(**keys).as_json(), resume=True)  # type: ignore[arg-type]
    assert named in str(refused.value) and "\n" not in str(refused.value)
    assert path.read_bytes() == before


def test_limits_of_time_and_attempts_may_change_on_resume(tmp_path: Path) -> None:
    path = tmp_path / NAME
    for resume in (False, True):
        wanted = plan(timeout_s=300 if resume else 60, server_retries=9 if resume else 0)
        CalibrationFile(path, wanted.as_json(), resume=resume).close()


def test_only_one_process_extends_a_file(tmp_path: Path) -> None:
    path = tmp_path / NAME
    started = plan().as_json()
    with closing(CalibrationFile(path, started)), pytest.raises(StoreError, match="another process extends it"):
        CalibrationFile(path, started, resume=True)


def test_a_calibration_is_not_started_over_by_mistake_nor_resumed_from_nothing(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with pytest.raises(UsageError, match="nothing to resume"):
        CalibrationFile(path, plan().as_json(), resume=True)
    CalibrationFile(path, plan().as_json()).close()
    with pytest.raises(UsageError, match="holds a calibration already: continue it with --resume"):
        CalibrationFile(path, plan().as_json())


def test_a_run_interrupted_while_it_is_calibrated_resumes_there(tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "run"
    scenario = make(RUN, "test")
    session.run(scenario, whole)
    cut = (whole / NAME).read_bytes().splitlines(keepends=True)
    folder.mkdir()
    (folder / NAME).write_bytes(b"".join(cut[: len(cut) // 2]))
    with pytest.raises(UsageError, match="continue it with horizon play --resume"):
        session.run(scenario, folder)
    session.run(scenario, folder, session.RunOptions(resume=True))
    assert len((folder / NAME).read_bytes().splitlines()) == len(cut)
    assert run_folder.read_turns(folder).drop("latency_ms").equals(run_folder.read_turns(whole).drop("latency_ms"))


def test_the_command_line_resumes_a_calibration_by_its_folder_alone(tmp_path: Path) -> None:
    words = ("play", "--model", STEEP, "--env", "hanoi", "--calibrate", "0.1", "--episodes", "2", "--turns", "3")
    whole, folder = tmp_path / "whole", tmp_path / "run"
    assert horizon(*words, "--out", str(whole)).returncode == 0
    cut = (whole / NAME).read_bytes().splitlines(keepends=True)
    folder.mkdir()
    (folder / NAME).write_bytes(b"".join(cut[:20]))
    ended = horizon("play", "--resume", "--out", str(folder))
    assert ended.returncode == 0, ended.stderr
    assert run_folder.read_turns(folder)["turn"].len() == run_folder.read_turns(whole)["turn"].len() > 0
    other = horizon("play", "--env", "running_total", "--model", "random", "--out", str(folder / "none"), "--resume")
    assert other.returncode == 2 and "Traceback" not in other.stderr


def test_the_command_names_how_it_continues_after_an_interruption(tmp_path: Path) -> None:
    interrupting = (
        "import signal, os, horizon.play.calibration_turns as t\n"
        "ask, asked = t.FreshTurns.ask, []\n"
        "def one(*words):\n"
        "    asked.append(1)\n"
        "    if len(asked) > 4:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return ask(*words)\n"
        "t.FreshTurns.ask = one\n"
        "from horizon.cli import main\nmain()\n"
    )
    words = ["calibrate", "--model", STEEP, "--env", "hanoi", "--out", "study.toml"]
    ended = subprocess.run(
        [sys.executable, "-c", interrupting, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 130
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("horizon: interrupted; every turn is stored. Continue with: horizon calibrate --model")
    assert last.endswith("--out study.toml --resume")
    assert "Traceback" not in ended.stderr
    resumed = horizon(*words, "--resume", cwd=tmp_path)
    whole = horizon(*words[:-1], "whole.toml", cwd=tmp_path)
    assert (resumed.returncode, resumed.stdout) == (0, whole.stdout)
    texts = [(tmp_path / name).read_text(encoding="utf-8") for name in ("study.toml", "whole.toml")]
    assert texts[0] == texts[1]
