"""Claims about every environment that needs no engine: oracle play, round trips, shifts that only change words."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from horizon.core.environment import open_environment
from horizon.core.instances import distinct_seeds
from horizon.core.registry import names
from horizon.core.seeds import derive, generator
from horizon.domains.wording_shifts import SHIFTS

ENGINE_JUDGED = {"chess", "chess_variant", "puzzle"}
OF_ANOTHER_PACKAGE = {"reasoning_gym"}
"""Its questions and scorers are tested in test_reasoning_gym.py."""
NAMES = [name for name in names("environments") if name not in ENGINE_JUDGED | OF_ANOTHER_PACKAGE]
PLANNING = ["blocks_world", "checker_jumping", "endgame", "grid_walk", "hanoi", "pddl", "river_crossing"]
PLANNING += ["sliding_tiles"]
EXECUTION = ["board_tracking", "list_editing", "permutation", "running_total", "stack_machine"]
MORE = [
    "hanoi:disks=5,goal=random",
    "river_crossing:kind=couples,boat=3",
    "checker_jumping:checkers=4,start=textbook",
    "blocks_world:blocks=6",
    "grid_walk:size=5,keys=2",
    "grid_walk:map=none",
    "endgame:material=KPK,most_moves=28",
    "running_total:lookups=4,negative=true",
    "permutation:moves=any,cups=4,changes=2",
    "stack_machine:lines=5",
    "list_editing:question=list,edits=3",
    "board_tracking:question=any,plies=3",
]
seeds = st.integers(0, 2**62)
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_thirteen_environments_are_there() -> None:
    assert sorted(NAMES) == sorted(PLANNING + EXECUTION)
    assert len(NAMES) == 13


def play_random(task: Any, seed: int, turns: int) -> Any:
    """Return a state that a seeded mix of oracle and legal actions leads to."""
    state, draw = task.reset(seed), generator(seed, "walk")
    for _ in range(turns):
        if task.done(state) is not None:
            break
        best = task.oracle(state)
        before, action = state, best if best is not None and draw.random() < 0.6 else draw.choice(task.actions(state))
        state = task.step(state, action)
        if task.done(state) is not None:
            return before
    return state


@pytest.mark.parametrize("text", [*PLANNING, *MORE[:7]])
@given(seed=seeds)
@few
def test_oracle_play_reaches_the_goal_in_exactly_the_optimal_number_of_turns(text: str, seed: int) -> None:
    task = open_environment(text)
    state = task.reset(seed)
    wanted = task.difficulty(state)
    turns = 0
    while task.done(state) is None:
        verdict = task.judge(state, task.oracle(state))
        assert verdict.error == "none" and verdict.loss == 0
        state = task.step(state, task.oracle(state))
        turns += 1
    assert (task.done(state), turns) == ("solved", wanted)


@pytest.mark.parametrize("text", [*NAMES, *MORE])
@given(seed=seeds, turns=st.integers(0, 12))
@few
def test_a_state_comes_back_from_its_text_and_its_actions_from_their_replies(text: str, seed: int, turns: int) -> None:
    task = open_environment(text)
    state = play_random(task, seed, turns)
    assert task.load(task.dump(state)) == state
    for action in task.actions(state):
        assert task.parse(state, task.render(state, action)).action == action
        task.step(state, action)


# Moves are told without names there, and sets without an order.
UNTOUCHED = {("notation", "list_editing"), ("mirror", "pddl")}


@pytest.mark.parametrize("shift", [*SHIFTS, "names+notation+mirror+german+distractors"])
@pytest.mark.parametrize("text", [*NAMES, *MORE])
@given(seed=seeds)
@settings(max_examples=4, deadline=None)
def test_a_shifted_instance_has_the_same_oracle_and_other_words(text: str, shift: str, seed: int) -> None:
    plain, shifted = open_environment(text), open_environment(text, {"shift": shift})
    state = play_random(plain, seed, seed % 7)
    assert shifted.reset(seed) == plain.reset(seed)
    assert shifted.actions(state) == plain.actions(state)
    assert shifted.oracle(state) == plain.oracle(state)
    for action in plain.actions(state):
        assert shifted.judge(state, action) == plain.judge(state, action)
        assert shifted.parse(state, shifted.render(state, action)).action == action
    told = [(task.rules(), task.pose(state)) for task in (plain, shifted)]
    assert told[0] != told[1] or (shift, text.partition(":")[0]) in UNTOUCHED


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("restate", ["state", "event", "nothing"])
def test_the_three_levels_of_telling_tell_less_and_less(text: str, restate: str) -> None:
    task = open_environment(text, {"restate": restate})
    state = task.step(task.reset(5), task.oracle(task.reset(5)))
    if task.done(state) is not None or getattr(state, "last", "x") == "":
        state = task.reset(5)
    told = task.observe(state)
    assert told
    if restate == "state":
        assert told == task.pose(state)
    assert len(told) <= len(task.pose(state))


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("shift", ["none", "names+german", "notation"])
def test_the_whole_plan_in_one_reply_is_judged_up_to_its_first_error(text: str, shift: str) -> None:
    task = open_environment(text, {"ask": "plan", "shift": shift})
    state = task.reset(3)
    best = task.oracle(state)
    answer = task.parse(state, task.render(state, best))
    assert (answer.action, answer.error) == (best, "none")
    verdict = task.judge(state, best)
    assert (verdict.error, verdict.loss) == ("none", 0.0)
    assert verdict.extra["correct_actions"] == verdict.extra["optimal_actions"] == best.count("; ") + 1
    short = "; ".join(best.split("; ")[:1])
    if short != best:
        verdict = task.judge(state, short)
        assert (verdict.error, verdict.extra["correct_actions"]) == ("wrong", 1)


@pytest.mark.parametrize("text", NAMES)
@given(reply=st.text(max_size=200), seed=seeds)
@settings(max_examples=15, deadline=None)
def test_any_reply_gets_a_verdict(text: str, reply: str, seed: int) -> None:
    task = open_environment(text)
    state = task.reset(seed)
    for each in (reply, f"Answer: {reply}"):
        answer = task.parse(state, each)
        verdict = task.judge(state, answer.action)
        assert answer.error != "none" or verdict.error in ("none", "wrong")


@pytest.mark.parametrize("text", NAMES)
def test_a_text_that_is_no_state_is_refused_in_one_line(text: str) -> None:
    from horizon.core.errors import UsageError

    task = open_environment(text)
    for bad in ("", "nonsense", "1 | 2", "1 | 1 | 0 | nonsense | -", "1 | 0 | nonsense", "x | y | z"):
        with pytest.raises(UsageError):
            task.load(bad)


@pytest.mark.parametrize("text", NAMES)
def test_instances_differ_by_seed_and_repeat_by_seed(text: str) -> None:
    task = open_environment(text)
    told = {task.pose(task.reset(derive(0, index))) for index in range(40)}
    again = {task.pose(task.reset(derive(0, index))) for index in range(40)}
    assert told == again
    assert len(told) >= 8


@pytest.mark.parametrize("text", ["hanoi:disks=3", "running_total", "grid_walk", "chess:opening=book,color=white"])
def test_an_episode_set_holds_no_instance_twice_and_begins_like_a_smaller_one(text: str) -> None:
    task = open_environment(text)
    seeds = list(islice(distinct_seeds(task, 0), 20))
    assert len({task.pose(task.reset(seed)) for seed in seeds}) == 20
    assert seeds[:5] == list(islice(distinct_seeds(task, 0), 5))


@pytest.mark.parametrize("shift", ["names", "notation", "mirror+german"])
def test_a_shift_changes_no_instance_so_that_runs_pair_on_their_seeds(shift: str) -> None:
    # Two discs: few enough instances to be drawn twice, which names that go by seed would hide.
    plain, shifted = (open_environment("hanoi:disks=2", {"shift": each}) for each in ("none", shift))
    assert list(islice(distinct_seeds(plain, 0), 9)) == list(islice(distinct_seeds(shifted, 0), 9))


def test_where_there_are_few_instances_they_come_again() -> None:
    task = open_environment("hanoi:disks=1")
    told = [task.pose(task.reset(seed)) for seed in islice(distinct_seeds(task, 0), 5)]
    assert len(set(told)) == 2


@pytest.mark.parametrize("text", PLANNING)
def test_rounds_without_end_go_on_with_new_puzzles(text: str) -> None:
    task = open_environment(text, {"rounds": 0})
    state = task.reset(1)
    for _ in range(120):
        assert task.done(state) is None
        state = task.step(state, task.oracle(state) or task.actions(state)[0])
    assert state.round > 2
