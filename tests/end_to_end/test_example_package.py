"""The example package of docs/extending.md: installed with pip, it plays, is analysed, drawn and listed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "horizon_example"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package and its entry points, as pip installs them; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("site")
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(EXAMPLE)], check=True, cwd=folder)
    return folder


def run(site: Path, *command: str) -> str:
    env = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "HF_HUB_OFFLINE": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", *command], cwd=site, env=env, text=True, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def listed(site: Path, kind: str) -> dict[str, str]:
    rows = json.loads(run(site, "horizon.cli", "list", kind, "--json"))
    return {row["name"]: row["summary"] for row in rows}


def test_its_own_tests_pass_where_it_is_installed(site: Path) -> None:
    run(site, "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests"))


def test_what_it_brings_is_listed(site: Path) -> None:
    assert listed(site, "environments")["nim"] == "take stones from heaps; whoever takes the last one wins"
    assert listed(site, "models")["careless"].startswith("The backend `careless:rate=0.2`")
    assert listed(site, "estimators")["error_by_stones"].startswith("The estimator `error_by_stones`")


def test_it_plays_against_its_default_opponent_and_its_estimate_is_analysed_and_drawn(site: Path) -> None:
    play = ("play", "--env", "nim", "--model", "careless:rate=0.4", "--episodes", "6", "--turns", "20")
    run(site, "horizon.cli", *play, "--condition", "natural", "--out", "run")
    analysis = json.loads(run(site, "horizon.cli", "analyze", "run", "--json"))
    assert analysis["episodes"] == 6 and analysis["groups"][0]["opponent"] == "random"
    points = analysis["error_by_stones"]
    assert sum(point["n_turns"] for point in points) == analysis["error_rate"]["n_turns"]
    run(site, "horizon.cli", "report", "run", "--out", "page")
    assert (site / "page" / "figures" / "error_by_stones.svg").is_file()
    assert "Error rate by stones left" in (site / "page" / "report.html").read_text("utf-8")
