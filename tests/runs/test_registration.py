"""Claims about frozen plans: a kept plan is said to be kept, and every way of not keeping it is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import horizon
from horizon.cli.app import app
from horizon.core.errors import UsageError
from horizon.play.session import run as play
from horizon.runs.registration import deviations, read_registration
from horizon.scenarios.scenario import read_suite

PLAN = """
environment = "running_total"
model = "synthetic:hazard=0.2"
conditions = ["natural"]
episodes = 3
turns = 4
[expect]
aborted_at_most = 0
"""


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    (tmp_path / "plan.toml").write_text(PLAN)
    made = CliRunner().invoke(app, ["freeze", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "frozen.json")])
    assert made.exit_code == 0 and "1 runs, hash " in made.output
    return tmp_path / "frozen.json"


def played(frozen: Path, name: str, **changed: object) -> horizon.Run:
    folder = frozen.parent / name
    play(read_suite(str(frozen.parent / "plan.toml"), **changed).variants[0].scenario, folder)
    return horizon.load(folder)


def test_a_plan_that_was_played_as_it_was_frozen_was_kept(frozen: Path) -> None:
    (line,) = played(frozen, "kept").check_registration(frozen)
    assert "kept. All 1 planned runs were played as planned" in line


def test_another_setting_is_named_with_both_values(frozen: Path) -> None:
    head, line, stranger = played(frozen, "other", temperature=0.5).check_registration(frozen)
    assert "not kept in 2 points" in head
    assert "other has temperature=0.5, not 0.0" in line and stranger.endswith("other was not planned")


def test_missing_episodes_are_counted(frozen: Path) -> None:
    (part,) = played(frozen, "short").parts
    (line,) = deviations(read_registration(frozen), [replace(part, episodes=part.episodes.head(2))])
    assert "2 of 3 planned episodes are there" in line


def test_a_frozen_plan_that_is_changed_afterwards_is_found_out(frozen: Path) -> None:
    stored = json.loads(frozen.read_text())
    stored["runs"][0]["plan"]["episodes"] = 2
    frozen.write_text(json.dumps(stored))
    with pytest.raises(UsageError, match="was changed after it was frozen"):
        read_registration(frozen)


def test_a_frozen_plan_is_never_overwritten(frozen: Path) -> None:
    again = CliRunner().invoke(app, ["freeze", str(frozen.parent / "plan.toml"), "--out", str(frozen)])
    assert isinstance(again.exception, UsageError) and "not overwritten" in str(again.exception)


def test_the_page_says_whether_the_plan_was_kept(frozen: Path) -> None:
    page = played(frozen, "paged").report(frozen=frozen).read_text("utf-8")
    assert "Pre-registration" in page and "played as planned" in page
