"""Claims about what the commands print: one table, then two paths; `analyze` writes nothing; help fits its lines."""

from pathlib import Path

import command_line
import pytest

import horizon


def run_horizon(*arguments: str) -> str:
    result = command_line.horizon(*arguments, COLUMNS="80")
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    horizon.play("hanoi:disks=3,rounds=0", model="synthetic:hazard=0.3", episodes=4, turns=5, out=folder)
    return folder


def test_report_prints_a_table_and_two_lines_of_paths(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    lines = run_horizon("report", str(folder), "--out", str(out)).splitlines()
    assert lines[-2:] == [f"report: {out}/report.html", f"figures, tables and rows: {out}"]
    # Title, one group, the caption, and what the reader is cautioned of.
    assert lines[1].startswith("synthetic:hazard=0.3") and lines[2].startswith("in brackets")
    assert len(lines) <= 8
    assert (out / "report.html").is_file()


def test_analyze_prints_every_estimate_and_writes_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    text = run_horizon("analyze", str(folder))
    assert sorted(folder.rglob("*")) == before
    assert {"focus_gap", "decomposition", "h80"} <= {line.split()[0] for line in text.splitlines() if line}


def test_environments_are_listed_one_line_each_with_their_parameters() -> None:
    lines = run_horizon("list", "environments").splitlines()
    assert len(lines) == len(horizon.environments())
    assert "parameters: " in next(line for line in lines if line.startswith("hanoi ")) and "disks" in "".join(lines)


def test_the_version_is_that_of_the_package() -> None:
    assert run_horizon("--version").strip() == f"horizon {horizon.__version__}"


def test_no_summary_in_the_help_is_cut() -> None:
    commands = run_horizon("--help").partition("Commands:")[2]
    assert commands.count("\n") >= 13 and "..." not in commands
