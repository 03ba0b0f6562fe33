"""The history of a state by its own moves and by another order of them (`road:own`, `road:other`).

Both are written alike, each reply in its shortest form, so that the order of the moves is all that differs.
"""

from typing import Literal

from horizon.core.environment import Road
from horizon.core.seeds import derive
from horizon.play.episode import LiveEpisode
from horizon.play.setting import Setting
from horizon.scenarios.views import Exchange, Transcript


def roads_of(setting: Setting, live: LiveEpisode) -> tuple[Road, Road] | None:
    """Return the episode's way to its present state and another one; None where there is none."""
    find = getattr(setting.task, "roads", None)
    seed = derive(live.seed, "road", live.episode_id, live.turn)
    roads: tuple[Road, Road] | None = find(live.state, live.turn - 1, seed) if find is not None else None
    return roads


def road_transcript(setting: Setting, live: LiveEpisode, which: Literal["own", "other"]) -> Transcript:
    """Return the history by one of the two roads, and the message that it leads to; empty where there is no other."""
    task, roads = setting.task, roads_of(setting, live)
    if roads is None:
        return Transcript((), task.pose(live.state))
    road = roads[which == "other"]
    history = [
        Exchange(task.observe(state), task.pose(state), task.render(state, action), erred=False)
        for state, action in road.turns
    ]
    return Transcript(tuple(history), task.observe(road.end))
