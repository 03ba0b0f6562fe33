"""Claims about resuming a run from its manifest alone, with the keys of the command that started it given again."""

from pathlib import Path

import pytest

from horizon.core.errors import StoreError, UsageError
from horizon.play import session
from horizon.play.plan import resumed_scenario
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

GIVEN = {"environment": "hanoi:disks=3", "model": "random", "episodes": 1, "turns": 2, "conditions": ["natural"]}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    session.run(make(GIVEN, "test"), tmp_path / "run")
    return tmp_path / "run"


def resume(folder: Path, **overrides: object) -> None:
    scenario = resumed_scenario(run_folder.read_manifest(folder), overrides)
    session.run(scenario, folder, session.RunOptions(resume=True))


@pytest.mark.parametrize("overrides", [{}, GIVEN, {"environment": "hanoi"}, {"environment": "hanoi:disks=3,rounds=1"}])
def test_the_settings_of_the_first_command_may_be_given_again(run: Path, overrides: dict[str, object]) -> None:
    resume(run, **overrides)
    assert run_folder.read_turns(run).height == 2


@pytest.mark.parametrize(("environment", "reason"), [("hanoi:disks=4", "parameters.disks=3, not 4")])
def test_other_settings_are_refused(run: Path, environment: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason):
        resume(run, environment=environment)


def test_a_misspelt_override_is_refused_with_the_nearest_key(run: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'turns'"):
        resume(run, turms=3)
