"""The setting of a run: its scenario and everything that is open for it, the same from first turn to last.

Knows environments, models and the judge by their contracts; opens nothing, closes nothing.
"""

import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from horizon.core.environment import Environment
from horizon.core.model import Model
from horizon.core.parameters import values
from horizon.core.records import Json, Scores
from horizon.play.plan import plan_of, shows_as_played
from horizon.runs.manifest import run_id_of
from horizon.scenarios.scenario import Scenario
from horizon.scenarios.views import Transcript

NO_OPPONENTS: Mapping[str, Model] = MappingProxyType({})
NO_DONORS: "Mapping[str, TranscriptSource]" = MappingProxyType({})


class TranscriptSource(Protocol):
    """What playing needs of another run whose transcripts are shown (`horizon.play.donor`)."""

    @property
    def identity(self) -> dict[str, Json]:
        """What the manifest keeps of it."""
        ...

    def came_to(self, task: Environment[Any], live: Any) -> bool:
        """Return whether it posed the episode's present state at the same turn."""
        ...

    def transcript(self, setting: "Setting", live: Any) -> Transcript:
        """Return its history before that state."""
        ...


class ScoreSource(Protocol):
    """What playing needs of a judge: scores of a position, some time later."""

    def submit(self, position: str) -> "Future[Scores]":
        """Return the scores to come of every legal action of a position."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """A scenario with its environment, model, opponents by name, and judge, all open.

    `judge_identity` is what the manifest records of the judge, `calibration` what chose the environment's parameters,
    `donors` the runs of `transplant:RUN` by condition. `carries` is true where a condition changes the replies of
    histories from which the state follows.
    `run_id` comes from the plan unless it is given; `parameters` holds the JSON text of the rows' column of that name,
    by opponent.
    """

    scenario: Scenario
    task: Environment[Any]
    model: Model
    opponents: Mapping[str, Model] = field(default_factory=lambda: NO_OPPONENTS)
    judge: ScoreSource | None = None
    judge_identity: Mapping[str, Json] | None = None
    run_id: str = ""
    calibration: Mapping[str, Json] | None = None
    donors: Mapping[str, TranscriptSource] = field(default_factory=lambda: NO_DONORS)
    parameters: Mapping[str | None, str] = field(init=False)
    carries: bool = field(init=False)

    def __post_init__(self) -> None:
        own = values(self.task)
        by_opponent: dict[str | None, Any] = {None: own}
        by_opponent |= {name: {**own, "opponent": name} for name in self.opponents}
        texts = {name: json.dumps(parameters, sort_keys=True) for name, parameters in by_opponent.items()}
        object.__setattr__(self, "parameters", texts)
        object.__setattr__(self, "carries", shows_as_played(self.scenario, self.task))
        if not self.run_id:
            object.__setattr__(self, "run_id", run_id_of(plan_of(self.scenario, self.task)))

    def submit(self, state: Any) -> "Future[Scores] | None":
        """Ask the judge for a state's scores; None where there is no judge or the environment needs none."""
        if self.judge is None:
            return None
        position = self.task.engine_position(state)
        return self.judge.submit(position) if position is not None else None
