"""An environment that declares a default opponent plays with its name alone."""

import pytest
from doors import Doors

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.play.in_memory import play_episodes
from horizon.play.plan import plan_of
from horizon.scenarios.compatibility import misfits, with_opponent
from horizon.scenarios.scenario import make


class GuardedDoors(Doors):
    has_opponent = True


def test_chess_plays_against_its_default_opponent_where_none_is_named() -> None:
    played = play_episodes("chess", "random", judge_engine="none", turns=1)
    assert [episode.opponent for episode in played.episodes] == ["stockfish:level=1"]


def test_naming_the_default_opponent_makes_the_same_plan_as_naming_none() -> None:
    task = open_environment("chess_variant")
    silent, named = (
        {"environment": "chess_variant", **more} for more in ({}, {"opponents": ["fairy-stockfish:level=1"]})
    )
    plans = [plan_of(with_opponent(make(given, "a test"), task), task) for given in (silent, named)]
    assert plans[0] == plans[1]


def test_a_named_opponent_is_kept_and_none_is_added_where_nobody_opposes() -> None:
    chess, hanoi = open_environment("chess"), open_environment("hanoi")
    assert with_opponent(make({"opponents": ["random"]}, "a test"), chess).opponents == ("random",)
    assert with_opponent(make({"environment": "hanoi"}, "a test"), hanoi).opponents == ()


def test_an_environment_without_a_default_still_asks_for_an_opponent() -> None:
    scenario = with_opponent(make({"environment": "hanoi"}, "a test"), GuardedDoors())
    assert [key for key, _ in misfits(scenario, GuardedDoors())] == [("opponents",)]
    with pytest.raises(UsageError, match="environment doors needs an opponent"):
        play_episodes(GuardedDoors(), "random")
