"""Calibration: the setting of an environment at which a model errs at a target rate on turns without a history.

Plays short runs of one turn each, every one at the most informative setting, until the answer is clear or the turns
are used up. Knows the turn loop and the psychometric posterior; opens no file.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from horizon.analysis.stats.psychometric import ChosenPlace, learn
from horizon.core.environment import Environment, knobs_of, open_environment
from horizon.core.errors import EngineFailure, ModelFailure, UsageError
from horizon.core.model import Model
from horizon.core.parameters import Value, join_name, split_name
from horizon.core.records import Json, Turn
from horizon.core.seeds import derive
from horizon.play.in_memory import play_episodes
from horizon.play.opening import OpenParts, open_setting
from horizon.play.plan import at_setting
from horizon.play.setting import Setting
from horizon.runs.usage import Usage, usage_of_rows
from horizon.scenarios.scenario import Scenario

MOST_TURNS = 150
_BATCH = 8
_LEAST_TURNS = 24
_MOST_SETTINGS = 300
_NOT_ASKED = {"environment", "model", "calibrate", "conditions", "expect", "alpha", "description"}
"""Keys of a scenario that do not decide how its model is asked at a setting."""


@dataclass(frozen=True, slots=True)
class TriedSetting:
    """One setting that was tried or could have been: its parameters, the answers there and how many were wrong."""

    parameters: Mapping[str, Value]
    turns: int
    errors: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The outcome: the chosen parameters, their error rate with a 95 % interval, and every setting that was tried.

    `failed` turns got no reply and count neither as correct nor as errors.
    `verdict` is `reached`, `too hard` (even the easiest setting errs more often than the target), `too easy` (even the
    hardest errs less), or `between` (the two settings beside the target are far apart). `usage` is what it took.
    """

    environment: str
    target: float
    parameters: Mapping[str, Value]
    rate: float
    low: float
    high: float
    verdict: str
    turns: int
    tried: tuple[TriedSetting, ...]
    failed: int = 0
    usage: Usage = field(default_factory=Usage)

    @property
    def name(self) -> str:
        """Environment and chosen parameters, as `--env` takes them."""
        return join_name(self.environment, self.parameters)

    @property
    def percent(self) -> str:
        """The error rate with its interval, as `12 % [7, 18]`."""
        return f"{100 * self.rate:.0f} % [{100 * self.low:.0f}, {100 * self.high:.0f}]"

    @property
    def sentence(self) -> str:
        """What was found, as a sentence."""
        rate = self.percent
        lost = f", {self.failed} more failed" if self.failed else ""
        goal = f"target {100 * self.target:g} %, {self.turns} fresh turns{lost}"
        if self.verdict == "too hard":
            return f"no setting is easy enough: errs at {rate} even at the easiest, {self.name} ({goal})"
        if self.verdict == "too easy":
            return f"no setting is hard enough: errs at {rate} even at the hardest, {self.name} ({goal})"
        if self.verdict == "between":
            return f"no setting is near the target: {self.name} errs at {rate} ({goal})"
        return f"{self.name} errs at {rate} of turns without a history ({goal})"

    def as_json(self) -> dict[str, Json]:
        """Return the outcome as plain data."""
        plain: dict[str, Json] = {**asdict(self), "tried": [asdict(setting) for setting in self.tried]}
        return plain


@contextmanager
def open_calibrated(
    scenario: Scenario, parts: OpenParts | None = None, say: Callable[[str], None] = lambda text: None
) -> Iterator[Setting]:
    """Open everything that a scenario needs; one with `calibrate` is set to the setting found for its model first.

    Raises:
        UsageError, EngineFailure, ModelFailure: as `open_setting` and `calibrate`.
    """
    target = scenario.calibrate
    with open_setting(scenario.model_copy(update={"calibrate": None}), parts, say) as setting:
        if target is None:
            yield setting
            return
        task = setting.task
        say(f"calibrating {task.name} to errors at {100 * target:g} % of turns without a history")
        outcome = calibrate(setting.scenario, task, setting.model, target)
        say(outcome.sentence)
        chosen = at_setting(setting.scenario, task.name, outcome.parameters)
        task = open_environment(task.name, chosen.parameters)
        yield replace(setting, scenario=chosen, task=task, run_id="", calibration=outcome.as_json())


def calibrate(
    scenario: Scenario,
    task: Environment[Any],
    model: Model,
    target: float,
    *,
    knobs: Mapping[str, Sequence[Value]] | None = None,
    most_turns: int = MOST_TURNS,
    watch: Callable[[Calibration], None] = lambda so_far: None,
) -> Calibration:
    """Find the setting at which an open model errs at about the target rate on its first turn.

    Parameters
    ----------
    scenario
        How the model is asked; `seed` decides the instances and the order of the settings.
    task
        The environment, whose other parameters are kept.
    model
        The model, which stays open.
    target
        The error rate wanted, above 0 and below 1.
    knobs
        The parameters to vary, each with its values from easiest to hardest; by default those that the environment
        declares.
    most_turns
        The most fresh turns to play.
    watch
        Gets the state of the calibration after every batch.

    Raises
    ------
    UsageError
        The environment has nothing to vary, or more than 300 combinations.
    EngineFailure, ModelFailure
        The model or the judge failed at every turn of a batch.
    """
    if not 0 < target < 1:
        raise UsageError(f"the target {target:g} is no error rate: give one between 0 and 1, such as 0.1")
    kept = {**split_name(scenario.environment)[1], **scenario.parameters}
    varied = dict(knobs or {name: values for name, values in knobs_of(task).items() if name not in kept})
    grid = _grid(kept, task, varied)
    places = _places(grid, varied)
    errors, turns, usage, n_failed = [0] * len(grid), [0] * len(grid), Usage(), 0
    draw = np.random.default_rng(derive(scenario.seed, "calibration"))
    while True:
        posterior = learn(places, errors, turns, seed=sum(turns))
        choice = posterior.choose(target)
        so_far = replace(
            _calibration(kept, task.name, target, (grid, errors, turns), choice), usage=usage, failed=n_failed
        )
        watch(so_far)
        n_played = sum(turns)
        if n_played >= most_turns or (n_played >= _LEAST_TURNS and choice.is_sure):
            return so_far
        proposed = Counter(posterior.propose(target, min(_BATCH, most_turns - n_played), draw))
        failure: EngineFailure | ModelFailure | None = None
        for place, count in sorted(proposed.items()):
            asked = {**kept, **grid[place]}
            seed = derive(scenario.seed, "calibration", n_played, place) >> 1
            try:
                rows = _fresh_turns(scenario, asked, model, seed, count)
            except (EngineFailure, ModelFailure) as problem:
                rows, failure = (), problem
            usage += usage_of_rows(rows)
            n_failed += count - len(rows)
            turns[place] += len(rows)
            errors[place] += sum(not row.correct for row in rows)
        if failure is not None and sum(turns) == n_played:
            raise failure


def _fresh_turns(
    scenario: Scenario, parameters: Mapping[str, Value], model: Model, seed: int, count: int
) -> Sequence[Turn]:
    """Play one turn of so many episodes, and return the rows; failed requests are left out."""
    asked = {name: getattr(scenario, name) for name in scenario.model_fields_set - _NOT_ASKED}
    opponents = scenario.opponents[:1]
    changed = {"parameters": dict(parameters), "episodes": count, "turns": 1, "seed": seed, "opponents": opponents}
    played = play_episodes(split_name(scenario.environment)[0], model, **{**asked, **changed})
    return list(played.under("natural"))


def _grid(
    kept: Mapping[str, Value], task: Environment[Any], knobs: Mapping[str, Sequence[Value]]
) -> list[dict[str, Value]]:
    """Return every combination of the knobs' values that the environment takes.

    Raises:
        UsageError: nothing to vary, too many combinations, or none that the environment takes.
    """
    if not knobs:
        raise UsageError(
            f"environment {task.name} leaves no parameter to calibrate: name one with its values, easiest first, as "
            "--knob NAME=1,2,4"
        )
    if twice := sorted(set(knobs) & set(kept)):
        raise UsageError(f"'{twice[0]}' is both set and varied: leave it out of --env, or out of --knob")
    for name, values in knobs.items():
        if len(set(map(str, values))) < len(values):
            raise UsageError(f"parameter '{name}' is to take a value twice: name each value once")
    combinations = [dict(zip(knobs, values, strict=True)) for values in product(*knobs.values())]
    if len(combinations) > _MOST_SETTINGS:
        raise UsageError(
            f"{len(combinations)} settings are too many (at most {_MOST_SETTINGS}): name fewer values by --knob"
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


def _places(grid: Sequence[Mapping[str, Value]], knobs: Mapping[str, Sequence[Value]]) -> Any:
    """Return the settings as numbers, 0 (easiest) to 1 (hardest) per knob; shape (settings, knobs)."""
    return np.array(
        [
            [list(values).index(setting[name]) / max(1, len(values) - 1) for name, values in knobs.items()]
            for setting in grid
        ]
    )


def _calibration(
    kept: Mapping[str, Value],
    environment: str,
    target: float,
    answers: tuple[Sequence[Mapping[str, Value]], Sequence[int], Sequence[int]],
    choice: ChosenPlace,
) -> Calibration:
    """Return what is known so far; `answers` are the settings, the errors and the turns at each."""
    grid, errors, turns = answers
    tried = tuple(
        TriedSetting(settings, n_turns, n_errors)
        for settings, n_turns, n_errors in zip(grid, turns, errors, strict=True)
        if n_turns
    )
    chosen = {**kept, **grid[choice.place]}
    return Calibration(
        environment, target, chosen, choice.rate, choice.low, choice.high, choice.verdict, sum(turns), tried
    )
