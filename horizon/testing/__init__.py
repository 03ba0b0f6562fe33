"""For people's own tests: fixtures that play, assertions on the bound of an interval, strategies for any environment.

    def test_the_bot_stays_focused(play_episode, horizon_model):
        played = play_episode("hanoi:disks=3,rounds=0", horizon_model, episodes=40, turns=20)
        assert_error_rate_below(0.2, played, turns="1-20")

The pytest plugin brings the fixtures; all else is imported from here. Light to import: what plays is imported by use.
"""

from horizon.play.in_memory import FunctionModel, PlayedEpisodes, model_of, play_episodes
from horizon.testing.assertions import (
    assert_error_rate_below,
    assert_focus_gap_below,
    assert_h50_above,
    assert_skill_above,
    check_bot,
    horizon_model,
    play_episode,
)
from horizon.testing.contract_checks import check_environment, check_model
from horizon.testing.strategies import KINDS, PosedReply, replies, seeds, states, states_and_actions

__all__ = [
    "KINDS",
    "FunctionModel",
    "PlayedEpisodes",
    "PosedReply",
    "assert_error_rate_below",
    "assert_focus_gap_below",
    "assert_h50_above",
    "assert_skill_above",
    "check_bot",
    "check_environment",
    "check_model",
    "horizon_model",
    "model_of",
    "play_episode",
    "play_episodes",
    "replies",
    "seeds",
    "states",
    "states_and_actions",
]
