"""Another run as the source of histories: what its model was shown and replied before a state (`transplant:RUN`).

Reads a run folder once; refuses a run whose states can't be those of the present one. Knows no model.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from horizon.core.environment import Environment
from horizon.core.environment_name import EnvironmentName
from horizon.core.errors import UsageError
from horizon.core.hashing import json_digest
from horizon.core.parameters import values
from horizon.core.records import Json, Turn
from horizon.play.episode import LiveEpisode, restore
from horizon.play.setting import Setting
from horizon.runs import run_folder
from horizon.runs.manifest import resume_command
from horizon.runs.run_data import read_run
from horizon.scenarios.conditions import donor_of
from horizon.scenarios.scenario import Scenario
from horizon.scenarios.views import Transcript


@dataclass(frozen=True, slots=True, eq=False)
class Donor:
    """A run whose transcripts are shown: its natural turns by episode, and whether its messages name what was played.

    `identity` is what the manifest keeps of it. `under_way` holds the last episode that was followed, so that a
    history grows by its last turn only.
    """

    name: str
    identity: dict[str, Json]
    turns: dict[str, list[Turn]]
    feedback: bool
    under_way: dict[str, LiveEpisode] = field(default_factory=dict)

    def came_to(self, task: Environment[Any], live: LiveEpisode) -> bool:
        """Return whether this run posed the episode's present state at the same turn of the same instance."""
        rows = self.turns.get(live.episode_id, [])
        if len(rows) < live.turn or rows[0].seed != live.seed:
            return False
        return rows[live.turn - 1].state == task.dump(live.state)

    def transcript(self, setting: Setting, live: LiveEpisode) -> Transcript:
        """Return this run's history before the episode's present turn.

        Raises:
            UsageError: this run did not reach that state.
        """
        task = setting.task
        if not self.came_to(task, live):
            raise UsageError(f"{self.name} did not reach the state of turn {live.turn} of {live.episode_id}")
        other = self.under_way.get(live.episode_id)
        if other is None or other.turn > live.turn:
            other = LiveEpisode(live.episode_id, live.index, live.opponent, live.seed, task.reset(live.seed))
        as_shown = replace(setting, scenario=setting.scenario.model_copy(update={"feedback": self.feedback}))
        restore(as_shown, other, self.turns[live.episode_id][other.turn - 1 : live.turn - 1], keep_text=True)
        self.under_way[live.episode_id] = other
        plain = task.pose(live.state) if live.turn == 1 else other.note + task.observe(live.state)
        return Transcript(tuple(other.history), plain)


def open_donors(scenario: Scenario, task: Environment[Any]) -> dict[str, Donor]:
    """Return the runs that a scenario's conditions name, by condition.

    Raises:
        UsageError: one of them has another environment, version, parameters, seed or opponents.
        StoreError: one of them is no readable run.
    """
    donors: dict[str, Donor] = {}
    for condition in scenario.conditions:
        folder = donor_of(condition)
        if folder is not None:
            donors[condition] = _open(condition, Path(folder), scenario, task)
    return donors


def _open(condition: str, folder: Path, scenario: Scenario, task: Environment[Any]) -> Donor:
    run = read_run(folder)
    if not run_folder.is_finished(folder):
        raise UsageError(
            f"condition {condition}: {folder} is unfinished, and its missing states would not be posed: continue it "
            f"with {resume_command(folder)}"
        )
    if "imported" in run.manifest:
        raise UsageError(f"condition {condition}: {folder} was imported, and what its model was shown is not in it")
    plan = run.manifest["plan"]
    wanted: dict[str, Any] = {
        "environment": str(EnvironmentName(task.name, str(task.version))),
        "parameters": values(task),
        "seed": scenario.seed,
        "opponents": list(scenario.opponents),
    }
    for key, value in wanted.items():
        if plan.get(key) != value:
            raise UsageError(
                f"condition {condition}: {folder} has {key} {json.dumps(plan.get(key))} and this run "
                f"{json.dumps(value)}: no state would be the same"
            )
    turns: dict[str, list[Turn]] = {}
    for episode in sorted(run.turns["episode_id"].unique().to_list()):
        rows = sorted((row for row in run.turns_of(episode) if row.condition == "natural"), key=lambda row: row.turn)
        turns[episode] = rows
    ids = sorted(run.turns["run_id"].unique().to_list())
    models = sorted(run.turns["model"].unique().to_list())
    shown: list[Json] = [
        [row.episode_id, row.turn, row.state, row.reply, row.correct, row.extra]
        for rows in turns.values()
        for row in rows
    ]
    identity: dict[str, Json] = {"run_ids": ids, "models": models, "transcripts": json_digest({"rows": shown}, 8)}
    return Donor(str(folder), identity, turns, bool(plan.get("feedback", True)))
