"""Claims about what people test with: strategies that find and shrink, episodes in memory, assertions on bounds."""

import re
from pathlib import Path
from typing import Any

import pytest
from doors import Doors, Room
from hypothesis import HealthCheck, find, given, settings

from horizon.core.environment import open_environment
from horizon.core.errors import ContractError, UsageError
from horizon.core.model import ModelOptions, open_model
from horizon.core.records import ERROR_KINDS, Answer
from horizon.core.registry import names
from horizon.play import session
from horizon.scenarios.scenario import make
from horizon.testing import (
    KINDS,
    PosedReply,
    assert_error_rate_below,
    assert_focus_gap_below,
    assert_h50_above,
    assert_skill_above,
    check_bot,
    horizon_model,
    model_of,
    play_episode,
    play_episodes,
    replies,
    seeds,
    states,
    states_and_actions,
)
from horizon.testing.contract_checks import check_model

# Fixtures of the plugin when it is installed; here they are named, so that this file stands alone.
__all__ = ["horizon_model", "play_episode"]
ENVIRONMENTS = names("environments")
HANOI: dict[str, Any] = {"environment": "hanoi:disks=3,rounds=0", "turns": 10}
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_drawn_states_are_the_models_turn_and_come_back_from_their_text(name: str) -> None:
    task = open_environment(name)

    @few
    @given(states(name, max_turns=8))
    def holds(state: Any) -> None:
        assert task.load(task.dump(state)) == state
        assert task.mover(state) == "model" and task.done(state) is None

    holds()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_drawn_actions_can_be_played(name: str) -> None:
    task = open_environment(name)

    @few
    @given(states_and_actions(task, max_turns=8))
    def holds(pair: tuple[Any, str]) -> None:
        state, action = pair
        assert action in task.actions(state)
        assert task.parse(state, task.render(state, action)) == Answer(action, "none")
        task.step(state, action)

    holds()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_drawn_replies_are_read_as_the_kind_they_are(name: str) -> None:
    task = open_environment(name)
    expected = {"right": "none", "wrong": "wrong"}

    @few
    @given(replies(task, max_turns=6))
    def holds(posed: PosedReply) -> None:
        answer = task.parse(posed.state, posed.reply)
        error = task.judge(posed.state, answer.action).error if answer.error == "none" else answer.error
        assert error == expected.get(posed.kind, error)
        assert posed.kind != "illegal" or error not in ("none", "wrong")
        assert error in ERROR_KINDS

    holds()


def test_every_kind_of_reply_is_drawn_where_there_is_one() -> None:
    for kind in KINDS:
        assert find(replies("hanoi:disks=3"), lambda posed, kind=kind: posed.kind == kind).kind == kind


def test_states_go_deep_and_reach_the_last_turn_before_the_goal() -> None:
    task = open_environment("hanoi:disks=3")
    nearest_to_goal = find(
        states(task), lambda state: task.difficulty(state) == 1, settings=settings(max_examples=2000)
    )
    assert task.done(task.step(nearest_to_goal, task.oracle(nearest_to_goal))) == "solved"


class DeepBug(Doors):
    """Opens no door beyond the fourth room: a bug that only deep states show."""

    def actions(self, state: Room) -> tuple[str, ...]:
        return ("a", "b", "c") if state.depth < 4 else ("a", "b")


def test_a_planted_bug_shrinks_to_the_smallest_seed_and_the_fewest_turns() -> None:
    smallest = find(states(DeepBug()), lambda state: len(DeepBug().actions(state)) < 3)
    # Four turns are the fewest that show it, `a` is the first door, 0 the smallest seed.
    assert smallest == Room(seed=0, depth=4, last="a")


def test_seeds_shrink_to_0() -> None:
    assert find(seeds(), lambda seed: True) == 0


class ForgetsTheDoor(Doors):
    """A third party's environment with a bug: past the second room its text loses which door was taken."""

    def dump(self, state: Room) -> str:
        return super().dump(Room(state.seed, state.depth, "a") if state.depth > 2 else state)


def test_a_third_partys_broken_environment_is_caught_by_a_property() -> None:
    def comes_back(task: Doors) -> None:
        @settings(max_examples=200, deadline=None, database=None, derandomize=True)
        @given(states(task))
        def holds(state: Room) -> None:
            assert task.load(task.dump(state)) == state

        holds()

    comes_back(Doors())
    with pytest.raises(AssertionError) as caught:
        comes_back(ForgetsTheDoor())
    assert "Room(seed=0, depth=3, last='b')" in "\n".join(caught.value.__notes__)


def right_door(told: str) -> str:
    """A bot that knows no more than the text: it always takes door a."""
    return "Answer: a"


def test_a_bot_that_plays_legally_passes_and_one_that_does_not_is_told_the_smallest_state() -> None:
    check_bot(right_door, Doors())
    with pytest.raises(AssertionError, match=r"always_locked replied 'Answer: d', which is illegal, .* state '0 0 -'"):

        def always_locked(told: str) -> str:
            return "Answer: d"

        check_bot(always_locked, Doors())


def test_a_bot_that_must_be_right_is_judged() -> None:
    with pytest.raises(AssertionError, match="which is wrong"):
        check_bot(right_door, Doors(), must_be_right=True)
    check_bot(open_model("synthetic:hazard=0"), "hanoi:disks=3", examples=30, must_be_right=True)
    with pytest.raises(UsageError, match="judged by an engine"):
        check_bot(open_model("random"), "chess", must_be_right=True)
    check_bot(open_model("random"), "chess", examples=10)


def test_what_a_bot_raises_reaches_the_test() -> None:
    def breaks(told: str) -> str:
        raise ZeroDivisionError("a bug of the bot")

    with pytest.raises(ZeroDivisionError, match="a bug of the bot"):
        check_bot(breaks, "hanoi")
    with pytest.raises(ZeroDivisionError, match="a bug of the bot"):
        play_episodes("hanoi", model_of(breaks), turns=2)


def test_a_function_is_a_model_that_keeps_the_contract() -> None:
    check_model(model_of(right_door))
    check_model(model_of(chat=lambda messages: f"Answer: {len(messages)}"))
    with pytest.raises(ContractError, match="one function"):
        model_of()
    with pytest.raises(ContractError, match="returned None: a reply is a text"):
        play_episodes("hanoi", model_of(lambda text: None), turns=1)  # type: ignore[arg-type,return-value]


def test_a_chat_function_is_given_the_whole_conversation_and_a_text_function_this_turn() -> None:
    lengths: list[int] = []
    texts: list[str] = []

    def chat(messages: list[dict[str, str]]) -> str:
        lengths.append(len(messages))
        return "Answer: a"

    def text(told: str) -> str:
        texts.append(told)
        return "Answer: a"

    play_episodes(Doors(), model_of(chat=chat), turns=3)
    play_episodes(Doors(), model_of(text), turns=3)
    # Rules and question, then two more messages each turn.
    assert lengths == [2, 4, 6]
    assert [each.split(";")[0].strip(".") for each in texts] == ["You are in room 0", "Room 1", "Room 2"]


def test_episodes_in_memory_are_those_of_a_run_folder(tmp_path: Path) -> None:
    plan: dict[str, Any] = {**HANOI, "model": "synthetic:hazard=0.3", "episodes": 3, "turns": 5}
    scenario = make({**plan, "conditions": ["natural", "fresh"]}, "test")
    session.run(scenario, tmp_path / "run")
    from horizon.runs.run_folder import iterate_episodes, iterate_turns

    played = play_episodes(**plan, conditions=["natural", "fresh"])
    assert set(played.turns) == set(iterate_turns(tmp_path / "run"))
    assert set(played.episodes) == set(iterate_episodes(tmp_path / "run"))
    assert len(played.under("fresh")) == 15
    with pytest.raises(ContractError, match="3 episodes"):
        _ = played.episode


def test_chess_can_be_played_without_an_engine(play_episode: Any) -> None:
    played = play_episode("chess", opponents=["random"], judge_engine="none", turns=3)
    assert [turn.error for turn in played.turns] == ["none"] * 3
    assert played.episode.turns == 3


def test_unknown_settings_are_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'turns'"):
        play_episodes("hanoi", turn=3)
    with pytest.raises(UsageError, match="has no opponent"):
        play_episodes("hanoi", opponents=["random"])


def test_a_model_by_name_is_opened_by_whoever_keeps_them() -> None:
    kept: dict[str, Any] = {}

    def opening(name: str, options: ModelOptions) -> Any:
        return kept.setdefault(name, open_model(name, options))

    chess: dict[str, Any] = {"opponents": ["random"], "judge_engine": "none", "turns": 1}
    for seed in (1, 2):
        play_episodes("chess", "random", opening=opening, **chess, seed=seed)
    assert list(kept) == ["random"]


@pytest.mark.parametrize("horizon_model", ["random", "synthetic:hazard=0.5"], indirect=True)
def test_the_models_of_a_test_can_be_parametrised(horizon_model: Any, play_episode: Any) -> None:
    assert play_episode("hanoi:disks=2", horizon_model, turns=2).episode.model == horizon_model.name


def test_assertions_pass_fail_and_stay_undecided_on_models_of_known_error_rate() -> None:
    good = play_episodes(**HANOI, model="synthetic:hazard=0.05", episodes=40)
    bad = play_episodes(**HANOI, model="synthetic:hazard=0.5", episodes=40)
    outcome = assert_error_rate_below(0.2, good, turns="1-10")
    assert outcome.verdict == "passed" and outcome.high is not None and outcome.high <= 0.2
    with pytest.raises(AssertionError) as caught:
        assert_error_rate_below(0.2, bad, turns="1-10")
    said = str(caught.value)
    assert re.fullmatch(
        r"error rate of turns 1-10 at most 0\.2: failed, 0\.\d\d \[0\.\d\d, 0\.\d\d\], 40 episodes, 400 turns", said
    )


def test_too_few_episodes_fail_as_undecided_and_tell_how_many_more_are_needed() -> None:
    few_played = play_episodes(**HANOI, model="synthetic:hazard=0.05", episodes=2)
    with pytest.raises(AssertionError, match=r"undecided, .* about \d+ more episodes are needed; .*allow_undecided"):
        assert_error_rate_below(0.2, few_played)
    assert assert_error_rate_below(0.2, few_played, allow_undecided=True).verdict == "undecided"


def test_a_model_that_loses_focus_fails_the_gap_and_one_that_does_not_passes() -> None:
    plan: dict[str, Any] = {**HANOI, "turns": 20, "conditions": ["natural", "fresh"], "episodes": 48}
    steady = play_episodes(**plan, model="synthetic:hazard=0.1")
    fading = play_episodes(**plan, model="synthetic:hazard=0.1,drift=0.3")
    assert_focus_gap_below(0.2, steady)
    with pytest.raises(AssertionError, match=r"focus gap at most 0\.2: failed"):
        assert_focus_gap_below(0.2, fading)


def test_horizon_length_and_skill_are_asserted_on_run_folders_too(tmp_path: Path) -> None:
    given_keys = {"environment": "hanoi", "parameters": {"disks": 3, "rounds": 0}, "conditions": ["natural"]}
    for name, hazard in (("good", 0.01), ("bad", 0.5)):
        scenario = make({**given_keys, "model": f"synthetic:hazard={hazard}", "episodes": 40, "turns": 12}, "test")
        session.run(scenario, tmp_path / name)
    assert_h50_above(5, tmp_path / "good")
    assert_skill_above(0.5, str(tmp_path / "good"))
    with pytest.raises(AssertionError, match="h50 at least 5: failed"):
        assert_h50_above(5, tmp_path / "bad")
    with pytest.raises(AssertionError, match=r"skill at least 0.9: failed"):
        assert_skill_above(0.9, tmp_path / "bad")


def test_impossible_bounds_are_refused() -> None:
    played = play_episodes("hanoi", turns=1)
    with pytest.raises(UsageError, match="less than or equal to 1"):
        assert_error_rate_below(20, played)
    with pytest.raises(UsageError, match="no turn or range"):
        assert_error_rate_below(0.2, played, turns="first")
