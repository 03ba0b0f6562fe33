"""Claims about states that return: a tower that is moved to and fro is posed twice, a running total never is."""

from pathlib import Path

import pytest

import horizon
from horizon.analysis.returning_states import Returning, posed_before, returning_states
from horizon.core.environment import open_environment
from horizon.report.cautions import answers_in_view
from horizon.runs.run_data import RunData, read_run


def test_a_disk_that_goes_to_and_fro_returns_to_what_was_posed_two_turns_before() -> None:
    task = open_environment("hanoi:disks=3,rounds=0")
    state = task.reset(0)
    states = [task.dump(state)]
    first = task.actions(state)[0]
    source, target = first.split()
    for action in (first, f"{target} {source}", first):
        state = task.step(state, action)
        states.append(task.dump(state))
    assert posed_before(task, states) == [False, False, True, True]


def played(folder: Path, environment: str, hazard: float) -> RunData:
    """Return a run of a model that errs at random, under natural, fresh and healed."""
    horizon.play(
        environment,
        model=f"synthetic:hazard={hazard}",
        conditions=["natural", "fresh", "healed"],
        episodes=6,
        turns=12,
        seed=1,
        out=folder,
    )
    return read_run(folder)


def test_a_model_that_wanders_returns_and_the_report_says_so(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "hanoi:disks=1,rounds=0", 0.9)
    count = returning_states(run, "healed")
    # One disk on three pegs has three states: from turn 4 on each was posed before.
    assert count.n_states == 6 * 11
    assert count.n_returning >= 6 * 9
    (line,) = answers_in_view([run])
    assert (
        f"healed shows the answer itself in {100 * count.n_returning / count.n_states:.0f} % of the 66 states" in line
    )


@pytest.mark.parametrize("environment", ["running_total", "stack_machine:restate=state"])
def test_where_every_message_is_new_no_state_returns_and_no_caution_is_given(environment: str, tmp_path: Path) -> None:
    run = played(tmp_path / "run", environment, 0.5)
    assert returning_states(run, "healed").n_returning <= 6
    assert answers_in_view([run]) == []


def test_runs_without_the_condition_or_with_an_unknown_environment_have_nothing_to_look_at(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "hanoi:disks=1", 0.5)
    assert returning_states(run, "padded") == Returning(0, 0)
    plan = {**run.manifest["plan"], "environment": "no_such_game-v1"}
    assert returning_states(RunData(None, {"plan": plan}, run.turns, run.episodes), "healed") == Returning(0, 0)
