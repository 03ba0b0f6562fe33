"""What an opponent is asked, and the action that is played for its reply. Changes no episode."""

from horizon.core.model import Model, Request
from horizon.core.records import Reply
from horizon.core.seeds import derive
from horizon.play.episode import LiveEpisode
from horizon.play.judging import PosedState, substitute
from horizon.play.setting import Setting
from horizon.scenarios.conditions import show
from horizon.scenarios.views import View


def opponent_request(setting: Setting, name: str, model: Model, live: LiveEpisode) -> Request:
    """Return the request to an opponent: the present state, posed afresh."""
    task = setting.task
    text = task.pose(live.state) if model.reads_text else ""
    shown = show("fresh", View(task.rules() if model.reads_text else "", (), text, text, text))
    seed = derive(setting.scenario.seed, "opponent", name, live.episode_id, task.dump(live.state))
    return Request(shown.messages, seed, f"opponent/{live.episode_id}", 1, 0, PosedState(task, live.state, None))


def opponent_action(setting: Setting, live: LiveEpisode, reply: Reply) -> str:
    """Return the action of an opponent's reply; a language model may err as well, and gets a legal one by seed."""
    task = setting.task
    answer = task.parse(live.state, reply.text)
    seed = derive(setting.scenario.seed, "opponent error", live.episode_id, live.turn)
    legal = answer.action if answer.error == "none" else None
    return legal or substitute(task, live.state, None, "legal", seed)
