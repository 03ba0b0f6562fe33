"""Claims about `--log`: what a tracker gets is in its store, and no tracker loses or stops a run.

The real packages are needed for some; without them these are skipped (`make test-trackers` has them).
"""

import importlib
import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import horizon as command
from installed_package import install

import horizon
from horizon.analysis.analysis import Analysis
from horizon.report.html_page import write_page
from horizon.report.tracking import log_analysis

MODEL = "synthetic:hazard=0.3,tokens=0.001"
needs_mlflow = pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="make test-trackers has it")
needs_wandb = pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="make test-trackers has it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logged") / "run"
    horizon.play("running_total", model=MODEL, episodes=6, turns=5, out=folder)
    write_page(horizon.load(folder).analyze(), folder / "report.html")
    return folder


@pytest.fixture(scope="module")
def analysis(folder: Path) -> Analysis:
    return horizon.load(folder).analyze()


COLLECTING = """
RECORDS = []


def TRACKER(record):
    print("hello from a tracker")
    RECORDS.append(record)
    return "here"
"""
BROKEN = """
def TRACKER(record):
    raise {problem}
"""


def add_tracker(folder: Path, patch: pytest.MonkeyPatch, source: str) -> None:
    """Install a package whose entry point is the tracker `mine`."""
    install(folder, patch, {"example_tracker": source}, {"horizon.trackers": {"mine": "example_tracker"}})


def test_a_tracker_gets_the_plan_the_figures_with_intervals_and_every_point_of_the_curves(
    folder: Path,
    analysis: Analysis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_tracker(tmp_path, monkeypatch, COLLECTING)
    assert log_analysis(["mine"], analysis, folder / "report.html") == ["logged to mine: here"]
    (record,) = importlib.import_module("example_tracker").RECORDS
    assert record.parameters["model"] == MODEL and record.parameters["plan.episodes"] == 6
    assert record.parameters["plan.conditions"] == '["natural", "fresh"]'
    rate = analysis.error_rate
    assert rate is not None
    figures = [record.figures[name] for name in ("error_rate", "error_rate_low", "error_rate_high")]
    assert figures == [rate.estimate, rate.low, rate.high]
    assert "cost_per_turn" not in record.figures
    points = [(curve.name, *point) for curve in record.curves for point in curve.points]
    assert points == [
        (f"error_by_turn/{point.at['condition']}", point.at["turn"], point.estimate, point.low, point.high)
        for point in analysis.error_by_turn
    ]
    assert record.page.read_text(encoding="utf-8").startswith("<!doctype html>")
    out, err = capsys.readouterr()
    assert "hello" not in out and "hello" in err


@pytest.mark.parametrize(
    "problem", ['RuntimeError("no route\\nto host")', "SystemExit(3)", 'OSError(28, "disk full")']
)
def test_a_tracker_that_fails_is_one_line_and_no_exception(
    problem: str, folder: Path, analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tracker(tmp_path, monkeypatch, BROKEN.format(problem=problem))
    (line,) = log_analysis(["mine"], analysis, folder / "report.html")
    assert line.startswith(f"not logged to mine ({problem.partition('(')[0]}: ") and "\n" not in line
    assert line.endswith("the run is complete, log it with: horizon report --log mine")


def test_an_unknown_tracker_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    done = command(
        "play", "--env", "running_total", "--model", "random", "--log", "wandbb", "--out", "run", cwd=tmp_path
    )
    assert done.returncode == 2 and "unknown tracker 'wandbb': did you mean 'wandb'?" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_missing_package_is_one_line_with_its_pip_line_before_anything_is_played(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(name) is not None:
        pytest.skip(f"{name} is installed")
    done = command("play", "--env", "running_total", "--model", "random", "--log", name, "--out", "run", cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line == f"horizon: --log {name} needs {name}: pip install 'horizon-testbed[{name}]'"
    assert not (tmp_path / "run").exists()


def quiet(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    patch.setenv("GIT_PYTHON_REFRESH", "quiet")


@needs_mlflow
@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite:///{}/mlflow.db", "file:{}/mlruns"])
def test_mlflow_s_own_client_finds_parameters_figures_curves_and_page(
    store: str, folder: Path, analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    quiet(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(store.format(tmp_path))
    (line,) = log_analysis(["mlflow"], analysis, folder / "report.html")
    assert line.startswith("logged to mlflow: "), line
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("horizon")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED" and run.data.params["model"] == MODEL
    rate = analysis.error_rate
    assert rate is not None and run.data.metrics["error_rate"] == rate.estimate
    history = client.get_metric_history(run.info.run_id, "error_by_turn/natural")
    natural = [point for point in analysis.error_by_turn if point.at["condition"] == "natural"]
    assert sorted((point.step, point.value) for point in history) == [
        (point.at["turn"], point.estimate) for point in natural
    ]
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["report.html"]


@needs_mlflow
@pytest.mark.slow
def test_the_python_of_the_guide_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "track-a-run.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "synthetic:hazard=0.2 0." in done.stdout, done.stderr


@needs_mlflow
@pytest.mark.slow
def test_a_dead_mlflow_server_costs_a_line_and_no_run(
    folder: Path, analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    quiet(monkeypatch)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    (line,) = log_analysis(["mlflow"], analysis, folder / "report.html")
    assert line.startswith("not logged to mlflow (")


@needs_wandb
@pytest.mark.slow
def test_wandb_offline_keeps_a_run_with_config_figures_and_page_on_the_disk(
    folder: Path, analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    import wandb

    (line,) = log_analysis(["wandb"], analysis, folder / "report.html")
    assert line.startswith("logged to wandb: "), line
    # As at the end of the program: its service then brings everything to the disk.
    wandb.teardown()
    (kept,) = tmp_path.glob("**/run-*.wandb")
    records = wandb_records(kept)
    config = by_key(records["config"])
    assert config["model"] == MODEL and config["plan.episodes"] == 6
    rate = analysis.error_rate
    summary = by_key(records["summary"])
    assert rate is not None and summary["error_rate"] == rate.estimate
    natural = [point for point in analysis.error_by_turn if point.at["condition"] == "natural"]
    rows = [by_key(items) for items in records["history"]]
    curve = [(row["turn"], row["error_by_turn/natural"]) for row in rows if "error_by_turn/natural" in row]
    assert curve == [(point.at["turn"], point.estimate) for point in natural]
    assert len(list(tmp_path.glob("**/media/html/report*.html"))) == 1


@needs_wandb
def test_wandb_without_a_key_is_a_line_and_no_question(
    folder: Path, analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (line,) = log_analysis(["wandb"], analysis, folder / "report.html")
    assert "wandb has no key: run wandb login, or set WANDB_MODE=offline" in line


def wandb_records(path: Path) -> dict[str, list[Any]]:
    """Return what an offline run's file holds: wandb's own messages, in a log as LevelDB writes it."""
    from wandb.proto import wandb_internal_pb2

    kept: dict[str, list[Any]] = {"config": [], "summary": [], "history": []}
    content, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        _, length, kind = struct.unpack("<IHB", content[at : at + 7])
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            message = wandb_internal_pb2.Record.FromString(parts)
            parts = b""
            name = message.WhichOneof("record_type")
            if name in ("run", "config"):
                kept["config"] += (message.run.config if name == "run" else message.config).update
            elif name == "summary":
                kept["summary"] += message.summary.update
            elif name == "history":
                kept["history"].append(message.history.item)
    return kept


def by_key(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
