"""The README is true: it is short, its links lead somewhere, its commands run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import command_line

import horizon

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
BLOCKS = [text for language, text in FENCED if not language]


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python with these arguments in a folder that has the checkout's scenarios."""
    # The one path in the commands that is not made by them.
    if not (folder / "scenarios").exists():
        (folder / "scenarios").symlink_to(ROOT / "scenarios")
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        # One thread: beside other tests those that wait for one another spin on full cores.
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        check=False,
    )


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 90


def test_every_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert len(targets) > 12
    for target in targets:
        assert (ROOT / target).exists(), target


def test_the_make_targets_exist() -> None:
    targets = [line.split()[1] for block in BLOCKS for line in block.splitlines() if line.startswith("make ")]
    assert targets == ["play", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in [*targets, "docs"])


def test_what_is_installed_exists() -> None:
    extras = [
        line.split("'")[1] for block in BLOCKS for line in block.splitlines() if line.startswith("pip install '")
    ]
    assert extras == [".[local]"]
    assert re.search(r"^local = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_commands_run(tmp_path: Path) -> None:
    lines = [line for block in BLOCKS for line in block.splitlines()]
    commands = [line for line in lines if line.split(" ")[0] in ("horizon", "pytest")]
    commands += [f"{text}" for text in re.findall(r"`(horizon (?:doctor|list) ?[a-z]*)`", README)]
    assert len(commands) == 5
    for command in commands:
        program, *words = shlex.split(command)
        if program == "horizon":
            result = command_line.horizon(*words, cwd=tmp_path)
        else:
            result = run(["-m", program, *words], tmp_path)
        assert result.returncode == 0, f"{command}: {result.stdout} {result.stderr}"
        assert result.stdout.strip(), command


def test_the_python_runs(tmp_path: Path) -> None:
    programs = [text for language, text in FENCED if language == "python"]
    assert len(programs) == 1
    result = run(["-c", programs[0]], tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "results" / "play" / "python" / "report.html").is_file()


def test_the_study_it_quotes_holds_the_figures_of_the_sentence() -> None:
    import polars as pl

    turns = pl.read_parquet(ROOT / "results" / "study" / "runs" / "study_chess" / "turns.parquet")
    healed = turns.filter(pl.col("condition") == "healed")
    natural = turns.filter(pl.col("condition") == "natural").join(healed, on=["episode_id", "turn"], how="semi")
    rates = [100 - 100 * float(rows["correct"].sum()) / rows.height for rows in (natural, healed)]
    quoted = re.search(
        r"same (\d+) chess positions\s+SmolLM2 errs at ([\d.]+) % .* at ([\d.]+) % if", README, re.DOTALL
    )
    assert quoted is not None
    assert (natural.height, f"{rates[0]:.1f}", f"{rates[1]:.1f}") == (int(quoted[1]), quoted[2], quoted[3])
    gap = horizon.load(ROOT / "results" / "study" / "runs" / "study_chess").analyze().contrasts["natural-healed"]
    figures = re.search(r"difference of ([\d.]+) points \[([\d.]+), ([\d.]+)\]", README)
    assert figures is not None
    values = [round(100 * value, 1) for value in (gap.estimate or 0.0, gap.low or 0.0, gap.high or 0.0)]
    assert [float(text) for text in figures.groups()] == values
