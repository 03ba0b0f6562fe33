"""What a calibration sets out to do: the settings of an environment that it may ask at, and its target.

Plays nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from horizon.core.environment import Environment, knobs_of, open_environment
from horizon.core.environment_name import EnvironmentName
from horizon.core.errors import UsageError
from horizon.core.parameters import Value, split_name
from horizon.core.records import Json
from horizon.play.plan import expectations_json
from horizon.scenarios.scenario import Scenario

MOST_TURNS = 150
_MOST_SETTINGS = 300


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """How the model is asked, the parameters that are kept, the settings of the others, and when to stop.

    `knobs` are the varied parameters, each with its values from easiest to hardest; `settings` their combinations
    that the environment takes.
    """

    scenario: Scenario
    task: Environment[Any]
    target: float
    kept: Mapping[str, Value]
    knobs: Mapping[str, Sequence[Value]]
    settings: Sequence[Mapping[str, Value]]
    most_turns: int

    @property
    def places(self) -> Any:
        """The settings as numbers, 0 (easiest) to 1 (hardest) per knob; shape (settings, knobs)."""
        return np.array(
            [
                [list(values).index(setting[name]) / max(1, len(values) - 1) for name, values in self.knobs.items()]
                for setting in self.settings
            ]
        )

    def as_json(self) -> dict[str, Json]:
        """Return what the calibration is started with, as plain data: enough to start it again."""
        return {
            "plan": {**self.scenario.as_json(), "calibrate": self.target},
            **expectations_json(self.scenario),
            "environment": str(EnvironmentName(self.task.name, str(self.task.version))),
            "knobs": {name: list(values) for name, values in self.knobs.items()},
            "most_turns": self.most_turns,
        }


def plan_calibration(
    scenario: Scenario,
    task: Environment[Any],
    target: float,
    *,
    knobs: Mapping[str, Sequence[Value]] | None = None,
    most_turns: int = MOST_TURNS,
) -> CalibrationPlan:
    """Return the plan of a calibration.

    Parameters
    ----------
    scenario
        How the model is asked; `seed` decides the instances and the order of the settings.
    task
        The environment, whose other parameters are kept.
    target
        The error rate wanted, above 0 and below 1.
    knobs
        The parameters to vary, each with its values from easiest to hardest; by default those that the environment
        declares.
    most_turns
        The most fresh turns to play.

    Raises
    ------
    UsageError
        The target is no rate, or the environment has nothing to vary, or more than 300 combinations.
    """
    if not 0 < target < 1:
        raise UsageError(f"the target {target:g} is no error rate: give one between 0 and 1, such as 0.1")
    kept = {**split_name(scenario.environment)[1], **scenario.parameters}
    varied = dict(knobs or {name: values for name, values in knobs_of(task).items() if name not in kept})
    return CalibrationPlan(scenario, task, target, kept, varied, _settings(kept, task, varied), most_turns)


def _settings(
    kept: Mapping[str, Value], task: Environment[Any], knobs: Mapping[str, Sequence[Value]]
) -> list[dict[str, Value]]:
    """Return every combination of the knobs' values that the environment takes.

    Raises:
        UsageError: nothing to vary, too many combinations, or none that the environment takes.
    """
    if not knobs:
        raise UsageError(
            f"environment {task.name} leaves no parameter to calibrate: name one with its values, easiest first, as "
            "horizon calibrate --knob NAME=1,2,4"
        )
    if twice := sorted(set(knobs) & set(kept)):
        raise UsageError(f"'{twice[0]}' is both set and varied: leave it out of the environment, or out of the knobs")
    for name, values in knobs.items():
        if len(set(map(str, values))) < len(values):
            raise UsageError(f"parameter '{name}' is to take a value twice: name each value once")
    combinations = [dict(zip(knobs, values, strict=True)) for values in product(*knobs.values())]
    if len(combinations) > _MOST_SETTINGS:
        raise UsageError(
            f"{len(combinations)} settings are too many (at most {_MOST_SETTINGS}): name fewer values by "
            "horizon calibrate --knob"
        )
    possible: list[dict[str, Value]] = []
    problem: UsageError | None = None
    for settings in combinations:
        try:
            open_environment(task.name, {**kept, **settings})
        except UsageError as raised:
            problem = raised
        else:
            possible.append(settings)
    if not possible:
        raise UsageError(f"no setting can be played: {problem}")
    return possible
