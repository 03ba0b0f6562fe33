"""The page on gates is true: its example runs, its commands and options exist, and so do those of the workflow."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import horizon.testing

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
WORKFLOW = (ROOT / "docs" / "ci" / "github-actions.yml").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILES = ("test_my_bot.py", "my_bot.toml")


def run(*command: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    # Plugin and path are named, so that a checkout that was installed before it had the plugin is tested, too.
    more = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p horizon.pytest_plugin -p no:cacheprovider"}
    env = {**os.environ, **more, "HF_HUB_OFFLINE": "1", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-m", *command)
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page's own files into a folder, each under the name that its first line gives."""
    folder = tmp_path_factory.mktemp("example")
    for _, text in BLOCKS:
        named = re.match(r"# (\w+\.(?:py|toml))\n", text)
        if named:
            (folder / named[1]).write_text(text, encoding="utf-8")
    assert sorted(each.name for each in folder.iterdir()) == ["my_bot.toml", "test_my_bot.py"]
    return folder


def test_the_worked_example_passes(example: Path) -> None:
    command = next(
        line for _, text in BLOCKS for line in text.splitlines() if line.startswith("pytest test_my_bot.py")
    )
    found = run("pytest", *shlex.split(command)[1:], cwd=example)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "5 passed" in found.stdout


def test_the_example_fails_for_a_model_that_loses_its_focus(example: Path) -> None:
    found = run("pytest", *FILES, "--model", "synthetic:hazard=0.1,drift=0.6", cwd=example)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "focus gap at most 0.25: failed" in found.stdout
    assert "2 failed, 3 passed" in found.stdout


def test_a_bug_in_the_bot_is_found_by_the_example(example: Path, tmp_path: Path) -> None:
    text = (example / "test_my_bot.py").read_text(encoding="utf-8")
    broken = text.replace("total + sum(", "total + max(")
    assert broken != text
    (tmp_path / "test_my_bot.py").write_text(broken, encoding="utf-8")
    found = run("pytest", "test_my_bot.py", "-k", "correct", cwd=tmp_path)
    assert found.returncode == 1
    assert "add_up replied 'Answer: " in found.stdout and "which is wrong, to running_total state" in found.stdout


def test_every_name_of_the_table_is_there_to_import() -> None:
    rows = PAGE.partition("| name | what it is |")[2].partition("\n\n")[0]
    names = {
        name for cell in re.findall(r"^\| ([^|]*) \|", rows, re.MULTILINE) for name in re.findall(r"`(\w+)", cell)
    }
    assert names <= set(horizon.testing.__all__)
    assert {"horizon_model", "play_episode", "states", "check_bot"} <= names


def commands(text: str) -> list[list[str]]:
    """Return the words of each line that starts horizon or pytest, without comments."""
    lines = [line.strip().removeprefix("run: ") for line in text.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if re.match(r"(horizon|pytest) ", line)]


TOLD = commands(WORKFLOW) + [words for language, text in BLOCKS if not language for words in commands(text)]


def test_the_workflow_is_yaml_with_steps_that_act_or_run() -> None:
    found: Any = yaml.safe_load(WORKFLOW)
    # YAML 1.1 reads the key `on` as true.
    assert set(found[True]) == {"pull_request", "push"}
    steps = found["jobs"]["gates"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    assert {step["uses"] for step in steps if "uses" in step} == {
        "actions/checkout@v4",
        "actions/setup-python@v5",
        "actions/cache@v4",
        "actions/upload-artifact@v4",
    }
    assert len(commands(WORKFLOW)) == 5


def test_every_option_of_the_page_and_of_the_workflow_exists() -> None:
    helps = {"pytest": run("pytest", "--help").stdout}
    assert len(TOLD) >= 9
    for words in TOLD:
        command = words[0] if words[0] == "pytest" else f"horizon {words[1]}"
        if command not in helps:
            helps[command] = run("horizon.cli", words[1], "--help").stdout
            assert helps[command], f"there is no {command}"
        for option in (word.partition("=")[0] for word in words if word.startswith("-")):
            # --model is added where no other plugin has it, and only once it is used.
            name = "--horizon-model" if (command, option) == ("pytest", "--model") else option
            assert re.search(rf"(^|[\s,]){re.escape(name)}\b", helps[command]), f"{command} has no {option}"


def test_every_option_that_the_page_names_in_words_exists() -> None:
    compare = run("horizon.cli", "compare", "--help").stdout
    for option in ("--margin", "--fail-on", "--figure", "--json"):
        assert option in compare and option in PAGE
    known = run("pytest", "--help").stdout
    for option in re.findall(r"--horizon-\w+", PAGE):
        assert option in known


def test_the_pages_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
