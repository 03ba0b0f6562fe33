"""Claims of benchmarks/: what its scripts import from the package is there, and its simulations of coverage run."""

import ast
import csv
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = sorted((ROOT / "benchmarks").rglob("*.py"))


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names that a module's file binds at its top."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return frozenset(names)


def is_there(module: str, name: str) -> bool:
    place = ROOT.joinpath(*module.split("."))
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    inside = (place / f"{name}.py").exists() or (place / name).is_dir()
    return source.exists() and (inside or name in names_in(source) or "__getattr__" in names_in(source))


def test_what_a_benchmark_imports_from_the_package_is_there() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {node.module} has no {alias.name}"
        for path in SCRIPTS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "horizon"
        for alias in node.names
        if not is_there(node.module or "", alias.name)
    ]
    assert len(SCRIPTS) > 20
    assert missing == []


@pytest.mark.parametrize(
    ("command", "table"),
    [
        ("coverage.py --only fading\\ with\\ turns --workers 1 --truth-episodes 60", "coverage.csv"),
        ("process_coverage.py --only 'collapse at turn 3' --workers 1", "processes.csv"),
        ("pooling.py", "pooling.csv"),
    ],
)
def test_a_simulation_of_coverage_runs_and_writes_its_rows(command: str, table: str, tmp_path: Path) -> None:
    script, *options = shlex.split(command)
    words = [sys.executable, str(ROOT / "benchmarks" / script), *options, "--studies", "1", "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with (tmp_path / table).open(newline="") as file:
        assert {row["studies"] for row in csv.DictReader(file)} == {"1"}
