"""When an episode is over, and the row of its outcome. Changes no episode."""

import json

from horizon.core.records import Episode
from horizon.play.episode import LiveEpisode
from horizon.play.setting import Setting


def outcome_of(setting: Setting, live: LiveEpisode) -> str | None:
    """Return how an episode is over: its environment's outcome, `turn_limit` or `error`; None while it is not."""
    if setting.scenario.on_error == "stop" and live.errors:
        return "error"
    outcome = setting.task.done(live.state)
    if outcome is None and live.turn > setting.scenario.turns:
        return "turn_limit"
    return outcome


def episode_row(setting: Setting, live: LiveEpisode, outcome: str, failure: str | None) -> Episode:
    """Return the row of an episode that ended."""
    return Episode(
        run_id=setting.run_id,
        episode_id=live.episode_id,
        environment=setting.task.name,
        parameters=setting.parameters[live.opponent],
        seed=live.seed,
        model=setting.model.name,
        opponent=live.opponent,
        turns=live.turn - 1,
        outcome=outcome,
        failure=failure,
        extra=json.dumps({"final_state": setting.task.dump(live.state)}, ensure_ascii=False),
    )
