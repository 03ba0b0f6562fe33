"""The plan of a run: what decides its turns, from a scenario into the manifest and back again.

Two scenarios with one plan give the same rows, so the run's id is a hash of it. Opens and plays nothing.
"""

from collections.abc import Mapping
from typing import Any

from horizon.core.environment import Environment, engine_of
from horizon.core.environment_name import EnvironmentName
from horizon.core.model import leaves_engine_open
from horizon.core.parameters import values
from horizon.core.records import Json
from horizon.core.restating import carries_state
from horizon.runs import manifest
from horizon.runs.manifest import AS_PLAYED, CALIBRATION, HISTORIES
from horizon.scenarios.conditions import condition_of
from horizon.scenarios.merge import KeySource, Layer, merge
from horizon.scenarios.scenario import Scenario, make

EXPECTED = "expected"
"""The manifest's key for the expectations that a run was started with, so that resuming needs no scenario file."""


def plan_of(scenario: Scenario, task: Environment[Any]) -> dict[str, Json]:
    """Return what decides a run's turns: the scenario with every default filled in, and the environment's version.

    `HISTORIES` is set where changed histories show only what was played; runs before that showed other replies.
    """
    return {
        **({HISTORIES: AS_PLAYED} if shows_as_played(scenario, task) else {}),
        **scenario.as_json(),
        "environment": str(EnvironmentName(task.name, str(task.version))),
        "parameters": values(task),
        "opponents": list(scenario.opponents),
        "judge_engine": judge_engine(scenario, task),
    }


def shows_as_played(scenario: Scenario, task: Environment[Any]) -> bool:
    """Return whether a condition changes replies from which the state follows, and so shows only what was played."""
    changes = any("right_reply" in condition_of(text).alternatives for text in scenario.conditions)
    return changes and carries_state(task)


def as_started(scenario: Scenario, manifest_on_disk: Mapping[str, Any]) -> Scenario:
    """Return a scenario as its run on disk was started: with the engine and the parameters that were chosen then."""
    return _as_calibrated(with_engine_of(scenario, manifest_on_disk), manifest_on_disk)


def with_engine_of(scenario: Scenario, manifest_on_disk: Mapping[str, Any]) -> Scenario:
    """Return a scenario with the engine that a run on disk plays its model by, where the scenario leaves it open."""
    named = str(manifest_on_disk["plan"]["model"])
    return scenario.model_copy(update={"model": named}) if leaves_engine_open(scenario.model, named) else scenario


def _as_calibrated(scenario: Scenario, manifest_on_disk: Mapping[str, Any]) -> Scenario:
    """Return a scenario with the parameters that its run's calibration chose, so that resuming measures nothing."""
    calibration = manifest_on_disk.get(CALIBRATION)
    if scenario.calibrate is None or not calibration or calibration["target"] != scenario.calibrate:
        return scenario
    return at_setting(scenario, calibration["environment"], calibration["parameters"])


def at_setting(scenario: Scenario, environment: str, parameters: Mapping[str, Any]) -> Scenario:
    """Return a scenario with the environment and parameters that a calibration chose, and nothing to calibrate."""
    update = {"environment": environment, "parameters": dict(parameters), "calibrate": None}
    return scenario.model_copy(update=update)


def judge_engine(scenario: Scenario, task: Environment[Any]) -> str:
    """Return the engine that a scenario asks for; `auto` is the one that knows the environment's positions."""
    return engine_of(task) if scenario.judge_engine == "auto" else scenario.judge_engine


def scenario_of(manifest_on_disk: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scenario's keys from a manifest, to resume or replay its run."""
    plan = dict(manifest_on_disk["plan"])
    plan["environment"] = EnvironmentName.parse(str(plan["environment"])).name
    plan.pop(HISTORIES, None)
    return plan


def expected_of(manifest_on_disk: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expectations that a run was started with, as a scenario's keys; empty where there were none."""
    return dict(manifest_on_disk.get(EXPECTED) or {})


def resumed_scenario(manifest_on_disk: Mapping[str, Any], overrides: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a run on disk with some keys given again, to resume it without its scenario file.

    Raises:
        UsageError: an override with an unknown key, or a value of the wrong type or out of range.
    """
    stored = {**scenario_of(manifest_on_disk), **expected_of(manifest_on_disk)}
    layers = [Layer(KeySource("manifest", {}), stored), Layer(KeySource("command line", {}), dict(overrides))]
    return make(merge(layers), "command line")


def expectations_json(scenario: Scenario) -> dict[str, Json]:
    """Return a scenario's expectations as the manifest keeps them; empty where the scenario sets none."""
    if "expect" not in scenario.model_fields_set:
        return {}
    expected = {"expect": scenario.expect.model_dump(mode="json", exclude_unset=True), "alpha": scenario.alpha}
    return {EXPECTED: manifest.plain(expected)}
