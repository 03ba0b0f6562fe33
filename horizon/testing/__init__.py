"""For users' tests: fixtures that play, assertions on the bound of an interval, strategies for any environment.

    def test_the_bot_stays_focused(play_episode, horizon_model):
        played = play_episode("hanoi:disks=3,rounds=0", horizon_model, episodes=40, turns=20)
        assert_error_rate_below(0.2, played, turns="1-20")

The pytest plugin provides the fixtures; import everything else from here. Imports of the turn loop, and of pytest by
the fixtures, are deferred.
"""

from typing import TYPE_CHECKING, Any

from horizon.core.extras import require
from horizon.play.in_memory import FunctionModel, PlayedEpisodes, model_of, play_episodes
from horizon.testing.assertions import (
    assert_error_rate_below,
    assert_focus_gap_below,
    assert_h50_above,
    assert_skill_above,
    check_bot,
)
from horizon.testing.contract_checks import check_environment, check_model
from horizon.testing.strategies import KINDS, PosedReply, replies, seeds, states, states_and_actions

if TYPE_CHECKING:
    from horizon.testing.fixtures import horizon_model, play_episode

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

_FIXTURES = ("horizon_model", "play_episode")


def __getattr__(name: str) -> Any:
    """Return a fixture; pytest is imported with the first one.

    Raises:
        UsageError: pytest is not installed.
    """
    if name not in _FIXTURES:
        raise AttributeError(f"module 'horizon.testing' has no attribute '{name}'")
    require("pytest", extra="testing", purpose=f"the fixture {name}")
    from horizon.testing import fixtures

    return getattr(fixtures, name)
