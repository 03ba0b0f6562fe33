"""The example package of docs/extending.md: installed with pip, it plays, is analysed, drawn and listed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import horizon_apart

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


def run(site: Path, *lines: tuple[str, ...]) -> list[str]:
    """Return what lines of the command line print where the package is installed."""
    results = horizon_apart(lines, site, PYTHONPATH=f"{site}{os.pathsep}{ROOT}")
    assert [result.returncode for result in results] == [0] * len(lines), results
    return [result.stdout for result in results]


def run_broken(site: Path, module: str, body: str, *command: str) -> str:
    """Return what the command prints where this code was run at the end of the module; it must exit with 2."""
    argv = ["horizon", *command]
    change = f"import horizon_example.{module} as broken\nexec({body!r}, vars(broken))\n"
    code = f"{change}from horizon.cli.app import main\nimport sys\nsys.argv = {argv!r}\nmain()"
    env = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "HF_HUB_OFFLINE": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=site, env=env, text=True, capture_output=True, check=False
    )
    assert ended.returncode == 2, ended.stdout + ended.stderr
    return ended.stderr


def test_its_own_tests_pass_where_it_is_installed(site: Path) -> None:
    env = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    ended = subprocess.run(command, cwd=site, env=env, text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_it_brings_is_listed(site: Path) -> None:
    kinds = ("environments", "models", "estimators")
    lists = [json.loads(text) for text in run(site, *(("list", kind, "--json") for kind in kinds))]
    environments, models, estimators = ({row["name"]: row["summary"] for row in rows} for rows in lists)
    assert environments["nim"] == "take stones from heaps; whoever takes the last one wins"
    assert models["careless"].startswith("careless:rate=0.2: plays the optimal action")
    assert estimators["error_by_stones"].startswith("The estimator error_by_stones: ")


def log_of_games(site: Path, name: str) -> None:
    turns = [{"heaps": [3, 4, 5], "reply": "A2"}, {"heaps": [1, 3, 5], "reply": "B1"}]
    games = [{"game": str(number), "model": "someone", "turns": turns} for number in range(4)]
    (site / name).write_text("".join(json.dumps(game) + "\n" for game in [*games, {"game": "torn"}]))


def test_games_of_its_own_format_are_imported_and_analysed(site: Path) -> None:
    log_of_games(site, "games.nim.jsonl")
    lines = (("import", "games.nim.jsonl", "--out", "imported"), ("analyze", "imported", "--json"))
    printed, analyzed = run(site, *lines)
    assert "nim_log (4)" in printed and "left out: 1 games or files" in printed
    analysis = json.loads(analyzed)
    assert analysis["episodes"] == 4 and analysis["error_rate"]["estimate"] == 0.5


def test_a_fault_of_its_import_format_is_reported_with_its_own_traceback(site: Path) -> None:
    log_of_games(site, "faulty.nim.jsonl")
    body = "NimLog.finish = lambda self: no_such_name"
    printed = run_broken(site, "nim_log", body, "import", "faulty.nim.jsonl", "--out", "faulty")
    assert "horizon: plug-in horizon-example failed: NameError: name 'no_such_name' is not defined" in printed
    assert "horizon/archives" not in printed


def test_a_judge_that_returns_nothing_is_named_in_one_line(site: Path) -> None:
    body = "Nim.judge = lambda *arguments: None"
    play = ("play", "--env", "nim", "--model", "careless:rate=0.9", "--episodes", "2", "--out", "broken")
    printed = run_broken(site, "nim", body, *play)
    assert "environment nim: judge returned NoneType, not Verdict" in printed


def test_it_plays_against_its_default_opponent_and_its_estimate_is_analysed_and_drawn(site: Path) -> None:
    play = ("play", "--env", "nim", "--model", "careless:rate=0.4", "--episodes", "6", "--turns", "20")
    lines = ((*play, "--condition", "natural", "--out", "run"), ("analyze", "run", "--json"))
    analysis = json.loads(run(site, *lines, ("report", "run", "--out", "page"))[1])
    assert analysis["episodes"] == 6 and analysis["groups"][0]["opponent"] == "random"
    points = analysis["error_by_stones"]
    assert sum(point["n_turns"] for point in points) == analysis["error_rate"]["n_turns"]
    assert (site / "page" / "figures" / "error_by_stones.svg").is_file()
    assert "Error rate by stones left" in (site / "page" / "report.html").read_text("utf-8")
