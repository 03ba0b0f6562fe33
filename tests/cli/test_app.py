"""Claims about the command line: help that teaches, one-line errors with exit code 2, resume after a kill."""

import contextlib
import json
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars
import pytest
from command_line import horizon

from horizon.api.playing import play
from horizon.core.records import TIME_COLUMNS

COMMANDS = ["play", "merge", "grade", "report", "analyze", "compare", "power", "list", "show", "check", "doctor"]
COMMANDS += ["import", "export"]
RANDOM = ["play", "--model", "random", "--opponent", "random", "--judge", "none"]


def wait_for_bytes(process: "subprocess.Popen[Any]", path: Path, n_bytes: int) -> None:
    """Wait until a process has written so much into a file, or has ended."""
    while not (path.exists() and path.stat().st_size > n_bytes):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
            return


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_at_most_fifteen_flags(command: str) -> None:
    result = horizon(command, "--help")
    assert result.returncode == 0
    assert f"Example: horizon {command}" in result.stdout
    # Options open their lines; examples and texts may name flags as well.
    flags = {line.split()[0] for line in result.stdout.splitlines() if line.startswith("  --")} - {"--help"}
    assert len(flags) <= 15


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, horizon.cli; heavy = {'torch', 'polars', 'numpy', 'transformers', 'pydantic', 'chess'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stderr.strip() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["play", "--model", "smolm2"], "unknown model 'smolm2': did you mean 'smollm2'"),
        (["play", "--env", "ches"], "unknown environment 'ches': did you mean 'chess'"),
        ([*RANDOM[:3], "--opponent", "stockfsh"], "did you mean"),
        ([*RANDOM[:3], "--opponent", "stockfish:level=11"], "level"),
        ([*RANDOM[:3], "--opponent", "stockfish:levle=1"], "did you mean 'level'"),
        ([*RANDOM, "--env", "chess:notaton=uci"], "did you mean 'notation'"),
        ([*RANDOM, "--env", "chess:notation=latin"], "notation=latin is not one of its choices"),
        ([*RANDOM, "--env", "chess:fen=8/8/8/8/8/8/8/8 w - - 0 1"], "the board is empty"),
        ([*RANDOM, "--turns", "-3"], "turns=-3"),
        ([*RANDOM, "--condition", "fersh"], "did you mean 'fresh'"),
        ([*RANDOM, "--set", "tempratur=1"], "unknown key 'tempratur': did you mean 'temperature'"),
        ([*RANDOM, "--set", "temperature"], "write it as key=value"),
        ([*RANDOM, "--scenario", "frist_curve"], "did you mean 'first_curve'"),
        ([*RANDOM, "--judge", "lots"], "judge_nodes='lots'"),
        (["play", "--env", "hanoi", "--model", "random", "--opponent", "random"], "hanoi has no opponent"),
        (["play", "--resume", "--out", "nowhere"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
        (["play", "--env", "hanoi", "--model", "random", "--out", "x" * 300], "File name too long"),
        (["report", "x" * 300], "File name too long"),
        (["analyze", "nowhere", "--json"], "nowhere"),
        (["grade", "nowhere"], "nowhere"),
        (["compare", "nowhere", "nowhere"], "nowhere"),
        (["list", "enviroments"], "did you mean 'environments'"),
        (["show", "hanio"], "did you mean 'hanoi'"),
    ],
)
def test_bad_input_is_one_line_that_names_the_fix_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    out = [] if "--out" in arguments or arguments[0] != "play" else ["--out", str(tmp_path / "run")]
    result = horizon(*arguments, *out)
    lines = [line for line in result.stderr.splitlines() if not line.startswith("loading")]
    assert result.returncode == 2, result.stderr
    assert len(lines) == 1, result.stderr
    assert said in lines[0]
    assert not (tmp_path / "run").exists()


def test_a_missing_engine_is_named_with_its_package(tmp_path: Path) -> None:
    result = horizon(*RANDOM[:5], "--out", str(tmp_path / "run"), HORIZON_STOCKFISH="/no/such/stockfish")
    assert result.returncode == 2
    assert "/no/such/stockfish" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_output_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    result = horizon(*RANDOM, "--out", str(tmp_path))
    assert result.returncode == 2
    assert str(tmp_path) in result.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_same_seed_twice_gives_identical_turns_but_for_times(tmp_path: Path) -> None:
    result = horizon(*RANDOM, "--episodes", "3", "--turns", "8", "--seed", "5", "--out", str(tmp_path / "run"))
    assert result.returncode == 0, result.stderr
    turns = polars.read_parquet(tmp_path / "run" / "turns.parquet").drop(TIME_COLUMNS)
    again = play(model="random", opponents=["random"], judge_engine="none", episodes=3, turns=8, seed=5).turns
    assert turns.height == 3 * 8 * 2
    assert turns.equals(again.drop(TIME_COLUMNS))


def test_another_seed_gives_other_games() -> None:
    keys = {"model": "random", "opponents": ["random"], "judge_engine": "none", "episodes": 1, "turns": 4}
    one, other = (play(**keys, seed=seed).turns["state"].to_list() for seed in (1, 2))
    assert one != other


def test_a_killed_run_resumes_to_what_it_would_have_been(tmp_path: Path) -> None:
    keys = {"model": "random", "opponents": ["random"], "judge_engine": "none", "conditions": ["natural"]}
    play(**keys, episodes=4, turns=90, live_episodes=2, out=tmp_path / "whole")
    plan = [*RANDOM, "--condition", "natural", "--episodes", "4", "--turns", "90", "--set", "live_episodes=2"]
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "horizon.cli", *plan, "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = folder / "turns.jsonl"
    wait_for_bytes(process, journal, 100_000)
    assert process.poll() is None, "the run ended before it could be killed: give it more turns"
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = horizon("play", "--resume", "--out", str(folder))
    assert again.returncode == 0, again.stderr
    whole, resumed = (
        polars.read_parquet(tmp_path / n / "turns.parquet").drop(TIME_COLUMNS) for n in ("whole", "killed")
    )
    assert resumed.equals(whole)
    one, other = (polars.read_parquet(tmp_path / name / "episodes.parquet") for name in ("whole", "killed"))
    assert one.equals(other)


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    plan = [*RANDOM, "--condition", "natural", "--episodes", "4", "--turns", "120"]
    command = [sys.executable, "-m", "horizon.cli", *plan, "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = folder / "turns.jsonl"
    wait_for_bytes(process, journal, 100_000)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert f"--resume --out {folder}" in said.splitlines()[-1]
    assert "Traceback" not in said
    program, *words = shlex.split(said.splitlines()[-1].partition("Continue with: ")[2])
    again = horizon(*words)
    assert (program, again.returncode) == ("horizon", 0), again.stderr
    assert polars.read_parquet(folder / "episodes.parquet").height == 4


def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "busy"
    command = [
        sys.executable,
        "-m",
        "horizon.cli",
        *RANDOM,
        "--episodes",
        "90",
        "--turns",
        "300",
        "--out",
        str(folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = folder / "turns.jsonl"
    wait_for_bytes(process, journal, 50_000)
    second = horizon("play", "--resume", "--out", str(folder))
    process.kill()
    process.wait()
    assert second.returncode == 2
    said = [line for line in second.stderr.splitlines() if not line.startswith("loading")]
    assert len(said) == 1 and str(folder) in said[0]


def test_listing_environments_as_json_gives_objects_with_a_name() -> None:
    rows = json.loads(horizon("list", "environments", "--json").stdout)
    assert {"name", "summary", "parameters"} <= set(rows[0])
    assert "chess" in {row["name"] for row in rows}


@pytest.mark.parametrize("what", ["environments", "models", "engines", "scenarios"])
def test_everything_can_be_listed_with_one_line_each(what: str) -> None:
    result = horizon("list", what)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_doctor_names_every_part_and_how_to_get_what_is_missing() -> None:
    result = horizon("doctor", HORIZON_STOCKFISH="/no/such/stockfish")
    assert result.returncode == 1
    missing = next(line for line in result.stdout.splitlines() if "stockfish " in line and "MISSING" in line)
    assert "/no/such/stockfish" in missing


@pytest.mark.parametrize("name", ["commands", "environments", "models"])
def test_the_pages_made_from_the_code_are_what_the_code_says(name: str) -> None:
    root = Path(__file__).parents[2]
    before = (root / "docs" / f"{name}.md").read_text(encoding="utf-8")
    code = f"import sys; sys.path.insert(0, 'docs'); import generate; print(generate.{name}(), end='')"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert made.stdout == before, "run: make docs"


GATED = 'environment = "running_total"\nmodel = "synthetic:hazard=0.6"\nepisodes = 64\nturns = 6\n'
GATED += "[[expect.error_rate]]\nat_most = 0.1\n"


@pytest.fixture(scope="module")
def failed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that ended as soon as what its scenario expects was decided: it failed."""
    folder = tmp_path_factory.mktemp("gated")
    (folder / "gated.toml").write_text(GATED)
    result = horizon("play", "--scenario", "gated.toml", "--stop", "settled", "--out", "run", cwd=folder)
    assert result.returncode == 1 and "failed" in result.stdout
    return folder / "run"


def test_a_finished_run_without_any_rows_left_is_not_played_anew_in_silence(failed_run: Path, tmp_path: Path) -> None:
    out = str(shutil.copytree(failed_run, tmp_path / "run"))
    for name in ("turns.parquet", "episodes.parquet", "turns.jsonl"):
        (tmp_path / "run" / name).unlink()
    again = horizon("play", "--resume", "--out", out)
    assert again.returncode == 2 and "turns.jsonl is gone and turns.parquet is gone: restore one" in again.stderr


@pytest.mark.parametrize("gone", ["nothing", "turns.parquet"])
def test_a_run_that_is_resumed_without_its_scenario_still_keeps_to_what_was_expected(
    gone: str, failed_run: Path, tmp_path: Path
) -> None:
    out = str(shutil.copytree(failed_run, tmp_path / "run"))
    for name in gone.split(" and ") if gone != "nothing" else ():
        (tmp_path / "run" / name).unlink()
    again = horizon("play", "--resume", "--out", out, *(["--stop", "settled"] if gone == "nothing" else []))
    assert again.returncode == 1 and "error rate at most 0.1: failed" in again.stdout
    assert polars.read_parquet(tmp_path / "run" / "episodes.parquet").height < 64


def test_a_folder_of_runs_is_reported_as_its_runs(tmp_path: Path) -> None:
    for seed, max_tokens in ((3, 9), (5, 8)):
        keys = {"model": "random", "episodes": 2, "turns": 3, "seed": seed, "max_tokens": max_tokens}
        play("hanoi:disks=3", out=tmp_path / "runs" / str(seed), **keys)
    result = horizon("report", str(tmp_path / "runs"))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "runs" / "report.html").is_file()
    analysis = json.loads(horizon("analyze", str(tmp_path / "runs"), "--json").stdout)
    assert analysis["episodes"] == analysis["error_rate"]["n_episodes"] == 4


@pytest.mark.parametrize("command", ["report", "analyze"])
def test_a_run_of_nothing_but_failures_is_told_in_one_line(command: str, tmp_path: Path) -> None:
    server = ["--model", "openai:none", "--base-url", "http://127.0.0.1:9/v1", "--server-retries", "0"]
    out = str(tmp_path / "run")
    horizon("play", *server, "--env", "hanoi:disks=3", "--episodes", "2", "--turns", "3", "--out", out)
    told = horizon(command, out)
    assert told.returncode == 2 and told.stderr.count("\n") == 1
    assert "2 episodes were aborted" in told.stderr


def test_rows_of_a_pack_that_cannot_be_read_are_told_when_it_is_played(tmp_path: Path) -> None:
    pack = tmp_path / "own.epd"
    pack.write_text('6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - bm Ra8#; id "one";\nno position\n8/8 w - - bm Ra8;\n')
    out = ["--judge", "none", "--episodes", "1", "--turns", "1", "--out", str(tmp_path / "run")]
    told = horizon("play", "--model", "random", "--env", f"puzzle:pack={pack}", *out)
    assert told.returncode == 0
    assert "2 unreadable rows are skipped, the first at line 2" in told.stderr
    pack.write_text(pack.read_text().replace("Ra8#", "Kf1"))
    again = horizon("play", "--resume", "--out", str(tmp_path / "run"))
    assert again.returncode == 2 and "other content of the file given as pack" in again.stderr
