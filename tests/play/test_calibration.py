"""Claims about calibration: the setting it finds errs at the target rate, and a run keeps to what was chosen."""

import json
from collections.abc import Sequence
from pathlib import Path

import command_line
import pytest

import horizon
from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Reply
from horizon.models.synthetic import Process, error_probability
from horizon.play import session
from horizon.play.calibration import Calibration, calibrate
from horizon.play.calibration_plan import plan_calibration
from horizon.report.cautions import cautions
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

STEEP = "synthetic:hazard=0.02,difficulty=1,difficulty_mean=2"


def calibrated(model: str, environment: str = "hanoi", target: float = 0.1, **more: object) -> Calibration:
    scenario = make({"model": model, "environment": environment}, "test")
    task = open_environment(environment, dict(scenario.parameters))
    plan = plan_calibration(scenario, task, target, **more)  # type: ignore[arg-type]
    return calibrate(plan, open_model(model, ModelOptions()))


def true_rate(outcome: Calibration, process: Process) -> float:
    """Return the process's own error probability over 2,000 instances of the chosen setting."""
    task = open_environment(outcome.environment, dict(outcome.parameters))
    difficulties = [task.difficulty(task.reset(seed)) for seed in range(2000)]
    mean, sd = process.difficulty_mean, process.difficulty_sd
    return sum(error_probability(process, standardised_difficulty=(hard - mean) / sd) for hard in difficulties) / 2000


def test_the_setting_found_errs_at_the_target() -> None:
    outcome = calibrated(STEEP)
    truth = true_rate(outcome, Process(hazard=0.02, difficulty=1, difficulty_mean=2))
    assert outcome.turns <= 150
    # disks=2 errs at 3 % and disks=3 at 43 %.
    assert outcome.name == "hanoi:disks=2" and outcome.low <= truth <= outcome.high
    assert calibrated(STEEP) == outcome
    assert sum(setting.turns for setting in outcome.tried) == outcome.turns


@pytest.mark.parametrize(("hazard", "verdict"), [(0.9, "too hard"), (0.0, "too easy")])
def test_a_model_that_no_setting_fits_is_named(hazard: float, verdict: str) -> None:
    outcome = calibrated(f"synthetic:hazard={hazard}")
    assert outcome.verdict == verdict
    assert ("even at the easiest" if verdict == "too hard" else "even at the hardest") in outcome.sentence


def test_what_is_varied_can_be_named() -> None:
    outcome = calibrated("synthetic:hazard=0.1", "chess:opening=random", knobs={"random_plies": (4, 8)})
    assert outcome.name.startswith("chess:opening=random,random_plies=")


@pytest.mark.parametrize(
    ("environment", "more", "message"),
    [
        ("chess", {}, "leaves no parameter to calibrate"),
        ("hanoi:disks=3", {}, "leaves no parameter to calibrate"),
        ("hanoi:disks=3", {"knobs": {"disks": (1, 2)}}, "both set and varied"),
        ("hanoi", {"knobs": {"disks": (2, "2")}}, "a value twice"),
        ("hanoi", {"target": 1.0}, "is no error rate"),
        ("hanoi", {"knobs": {"disks": ("many",)}}, "is not a whole number"),
        ("running_total", {"knobs": {"lookups": tuple(range(1, 50)), "words": tuple(range(2, 20))}}, "too many"),
    ],
)
def test_what_can_not_be_calibrated_is_one_line(environment: str, more: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        calibrated("synthetic", environment, **more)  # type: ignore[arg-type]


class Flaky:
    """A model whose requests with a seed divisible by 3 fail by infrastructure, and that always errs otherwise."""

    name, reads_text = "flaky", True

    def __init__(self) -> None:
        self.failed: set[int] = set()

    def identity(self) -> dict[str, object]:
        return {"backend": "flaky"}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        self.failed |= {request.seed for request in requests if request.seed % 3 == 0}
        return [Reply("Answer: A A") if request.seed % 3 else ModelFailure("no reply") for request in requests]

    def count_tokens(self, text: str) -> None:
        return None

    def close(self) -> None:
        pass


def test_failed_requests_are_counted_and_are_no_errors() -> None:
    scenario = make({"model": "random", "environment": "hanoi", "server_retries": 0}, "test")
    model = Flaky()
    outcome = calibrate(plan_calibration(scenario, open_environment("hanoi"), 0.1), model)  # type: ignore[arg-type]
    assert outcome.verdict == "too hard"
    assert sum(setting.errors for setting in outcome.tried) == outcome.turns
    assert outcome.failed == len(model.failed) > 0
    assert f"{outcome.failed} more failed" in outcome.sentence


def test_a_model_that_never_replies_is_a_failure_and_no_setting() -> None:
    class Dead(Flaky):
        def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
            return [ModelFailure("no reply") for _ in requests]

    scenario = make({"model": "random", "environment": "hanoi"}, "test")
    with pytest.raises(ModelFailure, match="no reply"):
        calibrate(plan_calibration(scenario, open_environment("hanoi"), 0.1), Dead())  # type: ignore[arg-type]


def test_a_run_is_calibrated_before_it_is_played_and_resumes_as_it_was(tmp_path: Path) -> None:
    scenario = make(
        {"model": STEEP, "environment": "hanoi", "calibrate": 0.1, "episodes": 2, "turns": 3, "conditions": ()}, "test"
    )
    lines: list[str] = []
    session.run(scenario, tmp_path / "run", say=lines.append)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["calibration"]["target"] == 0.1
    assert manifest["plan"]["parameters"]["disks"] == manifest["calibration"]["parameters"]["disks"]
    assert any("errs at" in line for line in lines)
    before = run_folder.read_turns(tmp_path / "run")
    again: list[str] = []
    session.run(scenario, tmp_path / "run", session.RunOptions(resume=True), say=again.append)
    assert not any("calibrating" in line for line in again)
    assert run_folder.read_turns(tmp_path / "run").equals(before)


def test_the_front_door_calibrates_too() -> None:
    run = horizon.play("hanoi", model=STEEP, calibrate=0.1, episodes=1, turns=2, conditions=())
    assert set(run.turns["parameters"].str.json_path_match("$.disks")) == {"2"}


def test_a_dead_server_is_no_reason_for_options_that_calibrate_lacks(tmp_path: Path) -> None:
    server = ("--model", "openai:none", "--base-url", "http://127.0.0.1:9/v1", "--server-retries", "0")
    calibrating = command_line.horizon("calibrate", *server, "--env", "hanoi", cwd=tmp_path)
    assert calibrating.returncode == 2
    assert "check that it is up; then continue with: horizon calibrate --model openai:none" in calibrating.stderr
    assert calibrating.stderr.rstrip().endswith("--resume") and "--retry-aborted" not in calibrating.stderr
    playing = command_line.horizon("play", *server, "--env", "hanoi", "--episodes", "1", "--out", "run", cwd=tmp_path)
    assert "--resume --retry-aborted --out run" in playing.stderr


def test_a_run_with_calibrate_is_advised_on_knobs_by_the_command_that_has_them(tmp_path: Path) -> None:
    words = ("play", "--env", "hanoi:disks=3", "--calibrate", "0.1", "--model", "random")
    refused = command_line.horizon(*words, cwd=tmp_path)
    assert refused.returncode == 2 and "as horizon calibrate --knob NAME=1,2,4" in refused.stderr


def test_a_calibrated_run_at_the_ceiling_is_not_advised_to_calibrate(tmp_path: Path) -> None:
    keys = {"episodes": 8, "turns": 3, "conditions": (), "model": "synthetic:hazard=0.97"}
    calibrated_run = horizon.play("hanoi", calibrate=0.1, **keys)  # type: ignore[arg-type]
    [line] = cautions(calibrated_run.analyze())
    assert line.endswith("calibration found no easier setting: choose another task or model.")
    [line] = cautions(horizon.play("hanoi", **keys).analyze())  # type: ignore[arg-type]
    assert line.endswith("horizon calibrate finds an easier setting.")
