"""The pytest items of scenario files: the file, and each scenario as a test that is played and judged.

Played in the setup phase, judged in the call phase: a failure of the infrastructure is an error to pytest, and only
the model's own failure is a failure. Imports of the turn loop are deferred.
"""

import contextlib
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from horizon.play.gate import GateRun
    from horizon.scenarios.scenario import Scenario

_IS_KEEPING: "pytest.StashKey[bool]" = pytest.StashKey()
"""Set once a session caches weights between scenarios."""

REPLY_S = 1.5
"""Seconds per reply of SmolLM2 with loading and judge: scenarios/smoke.toml took 178 s for 114 on two busy cores."""

_KEYS = ("environment", "scenario", "extends")
"""A TOML file with one of these at its top, and no table of that name, is a scenario file."""


class ScenarioFile(pytest.File):
    """A TOML file of scenarios."""

    def collect(self) -> Iterator["ScenarioItem"]:
        """Yield a test for each scenario and model."""
        from horizon.core.errors import HorizonError

        try:
            scenarios = scenarios_of(self.config, self.path)
        except HorizonError as problem:
            raise self.CollectError(str(problem)) from None
        for name, scenario in scenarios:
            yield ScenarioItem.from_parent(self, name=name, scenario=scenario)


class GateFailed(Exception):
    """The claims of a scenario failed, or are undecided in strict mode; the message is the report."""


class ScenarioItem(pytest.Item):
    """One scenario of a file, with the model that plays it."""

    def __init__(self, *, scenario: "Scenario", **given: Any) -> None:
        super().__init__(**given)
        self.scenario = scenario
        self.run: GateRun | None = None

    def setup(self) -> None:
        """Play the scenario, or reuse a finished run."""
        from horizon.core.errors import HorizonError
        from horizon.play.gate import play_gate
        from horizon.play.progress import lines

        option = self.config.option
        _keep_weights(self.config)
        say = _printer(self.config)
        try:
            self.run = play_gate(
                self.scenario,
                self._folder(),
                base_urls=tuple(option.horizon_base_url or ()),
                reuse=option.horizon_reuse,
                watch=lines(self.scenario, lambda text: say(f"{self.name}: {text}")),
                say=say,
            )
        except HorizonError as problem:
            pytest.fail(f"{self.nodeid} could not be played: {problem}", pytrace=False)
        for warning in self.run.warnings:
            say(warning)
        self._record(self.run)
        if self.run.verdict == "aborted":
            pytest.fail(f"{self._report(self.run)}\nwhat broke: {self.run.failure}", pytrace=False)

    def runtest(self) -> None:
        """Fail if a claim failed, or is undecided in strict mode.

        Raises:
            GateFailed: a claim failed, or is undecided in strict mode.
        """
        assert self.run is not None  # setup ended well
        if self.run.verdict == "failed":
            raise GateFailed(self._report(self.run))
        if self.run.verdict == "undecided" and self.config.option.horizon_strict:
            raise GateFailed(f"{self._report(self.run)}\nundecided, and --horizon-strict makes that a failure")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the report of a failed gate without its traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, GateFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the location of this test."""
        return self.path, None, self.name

    def _folder(self) -> Path:
        from horizon.scenarios.scenario import NamedScenario

        name = NamedScenario(f"{self.nodeid}-{self.scenario.model}", self.scenario).folder
        return Path(self.config.option.horizon_out) / name

    def _record(self, run: "GateRun") -> None:
        """Add figures as properties, which reach xdist, JUnit XML and the terminal line."""
        self.user_properties += [
            ("verdict", run.verdict),
            ("figures", run.text),
            ("model", self.scenario.model),
            ("run", str(run.folder)),
            ("outcomes", json.dumps([outcome.as_json() for outcome in run.outcomes])),
        ]

    def _report(self, run: "GateRun") -> str:
        scenario, folder = self.scenario, short_path(self.config, run.folder)
        against = f" against {', '.join(scenario.opponents)}" if scenario.opponents else ""
        early = f", stopped early, after {run.stopped_after} of {scenario.episodes}" if run.stopped_after else ""
        played = f"{run.n_episodes} episodes of at most {scenario.turns} turns{early}"
        return "\n".join(
            [
                run.text,
                f"{scenario.model} on {scenario.environment}{against}, seed {scenario.seed}, {played}",
                *(f"    {outcome.text}" for outcome in run.outcomes),
                f"run: {folder}",
                f"look: horizon report {folder}",
            ]
        )


def is_scenario_file(path: Path) -> bool:
    """Return whether a TOML file contains scenarios, malformed or not, rather than other settings."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    try:
        keys = [key for key, value in tomllib.loads(text).items() if not isinstance(value, dict)]
    except (ValueError, RecursionError):
        # Errors are reported when the file is collected.
        keys = [line.partition("=")[0].strip(" []") for line in text.splitlines()]
    return any(key in keys for key in _KEYS)


def scenarios_of(config: pytest.Config, path: Path) -> "list[tuple[str, Scenario]]":
    """Return the test's name and the scenario for each scenario of a file and each requested model.

    Raises:
        HorizonError: the file can't be read or contains errors.
    """
    from horizon.scenarios.scenario import read_suite

    models: Sequence[str | None] = config.option.horizon_model or (None,)
    episodes = config.option.horizon_episodes
    tests = []
    for model in models:
        more = {"model": model, "episodes": episodes}
        suite = read_suite(
            short_path(config, path), **{key: value for key, value in more.items() if value is not None}
        )
        for variant in suite.variants:
            name = variant.name
            if len(models) > 1:
                name = f"{name[:-1]},model={model}]" if name.endswith("]") else f"{name}[model={model}]"
            tests.append((name, variant.scenario))
    return tests


def what_is_played(config: pytest.Config) -> Iterator[str]:
    """Yield a line for each named scenario file: the models that it takes, and the most replies and minutes."""
    from horizon.core.errors import HorizonError
    from horizon.core.model import holds_weights
    from horizon.scenarios.check import requests_an_episode

    for argument in config.args:
        path = Path(str(argument).partition("::")[0])
        if path.suffix != ".toml" or not path.is_file():
            continue
        try:
            scenarios = [scenario for _, scenario in scenarios_of(config, path.absolute())]
        except HorizonError:
            continue  # reported when the file is collected
        counts: dict[str, int] = {}
        for scenario in scenarios:
            n_replies = scenario.episodes * max(1, len(scenario.opponents)) * requests_an_episode(scenario)
            counts[scenario.model] = counts.get(scenario.model, 0) + n_replies
        for model, n_replies in counts.items():
            slow = holds_weights(model)
            minutes = f", up to {max(1, round(n_replies * REPLY_S / 60))} minutes on two cores" if slow else ""
            yield f"horizon: {path.name} plays {model}: at most {n_replies} replies{minutes} (--model takes another)"


def _keep_weights(config: pytest.Config) -> None:
    """Cache weights until the session ends: the next scenario may use the same model."""
    from horizon.core.weight_cache import keeping_weights

    if _IS_KEEPING not in config.stash:
        config.stash[_IS_KEEPING] = True
        kept = contextlib.ExitStack()
        kept.enter_context(keeping_weights())
        config.add_cleanup(kept.close)


def _printer(config: pytest.Config) -> Callable[[str], None]:
    """Return a function that prints a line immediately, past pytest's capture; xdist workers have no terminal."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(text: str) -> None:
        if reporter is not None:
            with capture.global_and_fixture_disabled() if capture is not None else contextlib.nullcontext():
                reporter.write_line(f"horizon: {text}")

    return say


def short_path(config: pytest.Config, path: Path) -> str:
    """Return a path relative to the folder where pytest was started, if it is inside."""
    try:
        return os.fspath(path.relative_to(config.invocation_params.dir))
    except ValueError:
        return os.fspath(path)
