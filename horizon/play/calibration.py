"""Calibration: the setting of an environment at which a model errs at a target rate on turns without a history.

Plays short runs of one turn each, every one at the most informative setting, until the answer is clear or the turns
are used up. Knows the psychometric posterior; the turns come from `calibration_turns`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from horizon.analysis.stats.psychometric import ChosenPlace, learn
from horizon.core.environment import open_environment
from horizon.core.errors import EngineFailure, ModelFailure
from horizon.core.model import Model
from horizon.core.parameters import Value, join_name
from horizon.core.records import Json
from horizon.core.seeds import derive
from horizon.play.calibration_plan import CalibrationPlan, plan_calibration
from horizon.play.calibration_turns import FreshTurns
from horizon.play.opening import OpenParts, open_setting
from horizon.play.plan import at_setting, with_engine_of
from horizon.play.setting import Setting
from horizon.runs.calibration_file import NAME, CalibrationFile, check_startable, read_started
from horizon.runs.usage import Usage, usage_of_rows
from horizon.scenarios.compatibility import adapt
from horizon.scenarios.scenario import Scenario

_BATCH = 8
_LEAST_TURNS = 24


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
    scenario: Scenario,
    parts: OpenParts | None = None,
    say: Callable[[str], None] = lambda text: None,
    *,
    folder: Path | None = None,
    resume: bool = False,
) -> Iterator[Setting]:
    """Open everything that a scenario needs; one with `calibrate` is set to the setting found for its model first.

    The turns asked for that are kept in `folder`; with `resume` those that are there already are not asked again.

    Raises:
        UsageError, EngineFailure, ModelFailure: as `open_setting` and `calibrate`.
        StoreError: another calibration is in the folder, or it can't be written.
    """
    target, path = scenario.calibrate, None if folder is None else folder / NAME
    asked = scenario.model_copy(update={"calibrate": None})
    parts = parts or OpenParts()
    if target is not None and path is not None:
        # Refuse a file that can't be used before the model's slow loading.
        asked = as_kept(asked, path)
        task = parts.environment or open_environment(asked.environment, dict(asked.parameters))
        check_startable(path, plan_calibration(adapt(asked, task), task, target).as_json(), resume=resume)
    with open_setting(asked, parts, say) as setting:
        if target is None:
            yield setting
            return
        task = setting.task
        say(f"calibrating {task.name} to errors at {100 * target:g} % of turns without a history")
        outcome = keep_calibrating(
            plan_calibration(setting.scenario, task, target), setting.model, path, resume=resume
        )
        say(outcome.sentence)
        chosen = at_setting(setting.scenario, task.name, outcome.parameters)
        task = open_environment(task.name, chosen.parameters)
        yield replace(setting, scenario=chosen, task=task, run_id="", calibration=outcome.as_json())


def as_kept(scenario: Scenario, path: Path) -> Scenario:
    """Return a scenario with the engine that plays its model in the calibration that is kept in a file."""
    started = read_started(path)
    return scenario if started is None else with_engine_of(scenario, started)


def keep_calibrating(
    plan: CalibrationPlan,
    model: Model,
    path: Path | None,
    *,
    resume: bool = False,
    watch: Callable[[Calibration], None] = lambda so_far: None,
) -> Calibration:
    """Calibrate, and keep the turns asked in a file where one is named.

    Raises:
        UsageError, StoreError: the file can't be used; see `CalibrationFile`.
        EngineFailure, ModelFailure: see `calibrate`.
    """
    if path is None:
        return calibrate(plan, model, watch=watch)
    with closing(CalibrationFile(path, plan.as_json(), resume=resume)) as file:
        return calibrate(plan, model, file, watch=watch)


def calibrate(
    plan: CalibrationPlan,
    model: Model,
    file: CalibrationFile | None = None,
    *,
    watch: Callable[[Calibration], None] = lambda so_far: None,
) -> Calibration:
    """Find the setting at which an open model errs at about the target rate on its first turn.

    Parameters
    ----------
    plan
        The settings, the target, and how the model is asked.
    model
        The model, which stays open.
    file
        Keeps the turns as they come; those that it holds are not asked again, and the result is the same.
    watch
        Gets the state of the calibration after every batch.

    Raises
    ------
    EngineFailure, ModelFailure
        The model or the judge failed at every turn of a round.
    StoreError
        The file can't be written.
    """
    settings, seed = plan.settings, plan.scenario.seed
    places, ours = plan.places, FreshTurns(plan.scenario, model, file)
    errors, turns, usage, n_failed = [0] * len(settings), [0] * len(settings), Usage(), 0
    draw = np.random.default_rng(derive(seed, "calibration"))
    while True:
        posterior = learn(places, errors, turns, seed=sum(turns))
        choice = posterior.choose(plan.target)
        so_far = replace(_calibration(plan, errors, turns, choice), usage=usage, failed=n_failed)
        watch(so_far)
        n_played = sum(turns)
        if n_played >= plan.most_turns or (n_played >= _LEAST_TURNS and choice.is_sure):
            return so_far
        proposed = Counter(posterior.propose(plan.target, min(_BATCH, plan.most_turns - n_played), draw))
        failure: EngineFailure | ModelFailure | None = None
        for place, count in sorted(proposed.items()):
            own_seed = derive(seed, "calibration", n_played, place) >> 1
            try:
                rows = ours.ask({**plan.kept, **settings[place]}, own_seed, count)
            except (EngineFailure, ModelFailure) as problem:
                rows, failure = [], problem
            usage += usage_of_rows(rows)
            n_failed += count - len(rows)
            turns[place] += len(rows)
            errors[place] += sum(not row.correct for row in rows)
        if failure is not None and sum(turns) == n_played:
            raise failure
        ours.end_round()


def _calibration(
    plan: CalibrationPlan, errors: Sequence[int], turns: Sequence[int], choice: ChosenPlace
) -> Calibration:
    """Return what is known so far, from the errors and the turns at each setting."""
    tried = tuple(
        TriedSetting(settings, n_turns, n_errors)
        for settings, n_turns, n_errors in zip(plan.settings, turns, errors, strict=True)
        if n_turns
    )
    chosen = {**plan.kept, **plan.settings[choice.place]}
    return Calibration(
        plan.task.name, plan.target, chosen, choice.rate, choice.low, choice.high, choice.verdict, sum(turns), tried
    )
