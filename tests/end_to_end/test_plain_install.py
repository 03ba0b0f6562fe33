"""Claims about an installation without extras: it plays, judges and reports, and names what anything else needs."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import horizon_apart

OPTIONAL = [
    "torch",
    "transformers",
    "gguf",
    "xllamacpp",
    "accelerate",
    "unified_planning",
    "ray",
    "pytest",
    "hypothesis",
    "statsmodels",
    "lifelines",
    "pandas",
]
# Python's own search of the path, which finds none of these packages: to every importer they are not installed.
WITHOUT = f"""
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, *more):
        return None if name.partition(".")[0] in {OPTIONAL!r} else super().find_spec(name, *more)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


def run_lines(folder: Path, *lines: str) -> list["subprocess.CompletedProcess[str]"]:
    """Run command lines in a Python in which no optional package can be imported."""
    return horizon_apart([line.split() for line in lines], folder, WITHOUT)


@pytest.mark.parametrize(
    "lines",
    [
        (
            "play --env hanoi:disks=3 --model synthetic:hazard=0.2 --episodes 2 --turns 4 --out run",
            "analyze run --json",
            "report run",
        ),
        (
            "play --env chess --model random --opponent uci:stockfish:level=1 --judge-nodes 500 "
            "--episodes 2 --turns 4 --out run",
        ),
    ],
    ids=["hanoi", "chess"],
)
def test_it_plays_analyses_and_reports(tmp_path: Path, lines: tuple[str, ...]) -> None:
    for result in run_lines(tmp_path, *lines):
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000


NEEDED = {
    "--model hf:ORG/NAME --env hanoi": "model 'hf:ORG/NAME' needs torch: pip install 'horizon-testbed[local]'",
    "--model gguf:a.gguf --env hanoi": "model 'gguf:a.gguf' needs torch: pip install 'horizon-testbed[local]'",
    "--model smollm2 --env hanoi": "model 'smollm2' needs torch: pip install 'horizon-testbed[local]'",
    "--model random --env pddl": "environment 'pddl' needs unified_planning: pip install 'horizon-testbed[pddl]'",
    "--model random --env hanoi --executor ray --shards 2": (
        "executor=ray needs ray: pip install 'horizon-testbed[ray]'"
    ),
}


def test_what_needs_an_extra_is_one_line_with_its_pip_line(tmp_path: Path) -> None:
    lines = [f"play {line} --episodes 1 --turns 1 --out run" for line in NEEDED]
    for result, message in zip(run_lines(tmp_path, *lines), NEEDED.values(), strict=True):
        assert result.returncode == 2
        assert result.stderr.splitlines()[-1] == f"horizon: {message}"
        assert "Traceback" not in result.stderr


def test_help_for_tests_comes_without_pytest_and_names_what_its_parts_need(tmp_path: Path) -> None:
    program = f"""{WITHOUT}
from horizon import testing
from horizon.core.environment import open_environment
testing.check_environment(open_environment("hanoi"))
for use in (testing.seeds, lambda: testing.check_bot(lambda text: "A C", "hanoi"), lambda: testing.play_episode):
    try:
        use()
    except Exception as problem:
        print(problem)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "a strategy of horizon.testing needs hypothesis: pip install 'horizon-testbed[testing]'",
        "check_bot needs hypothesis: pip install 'horizon-testbed[testing]'",
        "the fixture play_episode needs pytest: pip install 'horizon-testbed[testing]'",
    ]
