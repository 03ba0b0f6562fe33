"""The README is true: its tree stands, its links lead somewhere, its commands run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_every_path_of_the_tree_exists() -> None:
    tree = next(block for block in BLOCKS if block.startswith("horizon/"))
    folder = Path()
    for line in tree.splitlines():
        name = line.split()[0]
        folder = folder if line.startswith("  ") else Path(name)
        path = ROOT / folder / name if line.startswith("  ") else ROOT / name
        assert path.exists(), line
    top = {each.name for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith((".", "_"))}
    told = {line.split("/")[0] for line in tree.splitlines() if not line.startswith(" ")}
    assert {"horizon", "scenarios", "engines", "benchmarks", "tests", "results", "docs"} <= top & told


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_make_targets_exist() -> None:
    targets = [line.split()[1] for block in BLOCKS for line in block.splitlines() if line.startswith("make ")]
    assert targets == ["play", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_commands_run(tmp_path: Path) -> None:
    modules = {"horizon": "horizon.cli", "pytest": "pytest"}
    lines = [line for block in BLOCKS for line in block.splitlines()]
    commands = [line for line in lines if line.split(" ")[0] in modules]
    assert len(commands) >= 10
    # The one path in them that is not made by them.
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    for command in commands:
        program, *words = shlex.split(command)
        result = subprocess.run(
            [sys.executable, "-m", modules[program], *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            # One thread: beside other tests those that wait for one another spin on full cores.
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
            check=False,
        )
        assert result.returncode == 0, f"{command}: {result.stderr}"
        assert result.stdout.strip(), command
