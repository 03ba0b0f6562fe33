"""The import contracts are kept as they are written, and a contract with two rooms swapped is broken."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def lint(tmp_path: Path, layers: list[str], containers: list[str]) -> subprocess.CompletedProcess[str]:
    """Run import-linter with one contract of layers; it reads a file of its own, and no cache."""
    config = tmp_path / "contracts.ini"
    lines = ["[importlinter]", "root_package = horizon", "[importlinter:contract:1]", "name = rooms", "type = layers"]
    lines += [
        "layers =",
        *(f"    {layer}" for layer in layers),
        "containers =",
        *(f"    {name}" for name in containers),
    ]
    config.write_text("\n".join(lines) + "\n")
    command = (sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()")
    return subprocess.run(
        [*command, "--config", str(config), "--no-cache"], cwd=ROOT, text=True, capture_output=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("upper", ["runs | environments | models", "play | report | importers"])
def test_two_rooms_that_are_swapped_break_the_contract(upper: str, tmp_path: Path) -> None:
    layers = list(CONTRACTS[0]["layers"])
    place = layers.index(upper)
    layers[place], layers[place + 1] = layers[place + 1], layers[place]
    checked = lint(tmp_path, layers, CONTRACTS[0]["containers"])
    assert checked.returncode == 1 and "rooms BROKEN" in checked.stdout, checked.stdout[-500:] + checked.stderr[-500:]


@pytest.mark.slow
def test_the_rooms_as_they_are_written_keep_the_contract(tmp_path: Path) -> None:
    checked = lint(tmp_path, CONTRACTS[0]["layers"], CONTRACTS[0]["containers"])
    assert checked.returncode == 0 and "rooms KEPT" in checked.stdout, checked.stdout[-500:] + checked.stderr[-500:]
