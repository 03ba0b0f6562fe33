"""Scenario files under pytest: every scenario of a TOML file is a test that passes or fails by its `[expect]` table.

A third outcome is "undecided": too few episodes to tell, how many more are needed is said. Light to load, as every
pytest of the same Python does: what plays is imported when a scenario is collected or played. Says nothing and
collects nothing unless scenarios are asked for.
"""

import argparse
import contextlib
import json
import os
import tomllib
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Fixtures for people's own tests: pytest finds them here.
from horizon.testing import horizon_model as horizon_model
from horizon.testing import play_episode as play_episode

if TYPE_CHECKING:
    from horizon.gate_runs import GateRun, OpenedModel
    from horizon.scenarios import Scenario

OUT = "tmp/results/pytest"
_KEYS = ("environment", "scenario", "extends")
"""A TOML file with one of these at its top, and no table of that name, is a scenario file."""

_SHARED = ("random", "synthetic", "uci", "openai")
"""Backends that hold no weights in this process: any number of workers may open them."""

_models: "pytest.StashKey[OpenedModel]" = pytest.StashKey()
_is_summing_up: "pytest.StashKey[bool]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; none of a name that other plugins are likely to have."""
    group = parser.getgroup("horizon", "scenarios as tests (Horizon)")
    group.addoption("--horizon", action="store_true", help="collect the scenario files (*.toml) in folders too")
    group.addoption(
        "--horizon-model",
        action="append",
        metavar="MODEL",
        help="play scenarios with this model and collect those in folders; repeatable; --model does the same where no "
        "other plugin has that option",
    )
    group.addoption("--horizon-out", metavar="DIR", help=f"where run folders go [{OUT} in the root folder]")
    group.addoption("--horizon-reuse", action="store_true", help="use finished runs again if nothing relevant changed")
    group.addoption("--horizon-strict", action="store_true", help="an undecided scenario is a failure")
    group.addoption("--horizon-episodes", type=int, metavar="N", help="most episodes of every scenario")
    group.addoption("--horizon-base-url", action="append", metavar="URL", help="server of openai: models; repeatable")
    parser.addini("horizon_scenarios", "collect the scenario files in folders", type="bool", default=False)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Generator[None, None, None]:
    """Add `--model` once it is used and no conftest or plugin has it: many projects' own conftest files do."""
    yield
    if any(word == "--model" or word.startswith("--model=") for word in args):
        with contextlib.suppress(ValueError, argparse.ArgumentError):
            parser.getgroup("horizon").addoption("--model", action="append", dest="horizon_model", metavar="MODEL")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder for runs absolute, so that workers use the same one."""
    given = config.option.horizon_out
    config.option.horizon_out = str(config.invocation_params.dir / given if given else config.rootpath / OUT)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the model."""
    if _models in config.stash:
        config.stash[_models].close()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which models play, where runs go, and what workers share."""
    if not _is_asked_for(config):
        return []
    models = ", ".join(config.option.horizon_model or ["each scenario's own model"])
    lines = [f"horizon: {models}; runs in {_short(config, Path(config.option.horizon_out))}"]
    if getattr(config.option, "dist", "no") == "load":
        lines.append(
            "horizon: processes can't share a loaded model: one worker plays all scenarios of a local model, "
            "which is loaded once and uses all cores; other models are spread over the workers"
        )
    return lines


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """Collect a scenario file that was named, or that lies in a folder where scenarios are asked for."""
    if file_path.suffix != ".toml" or file_path.name == "pyproject.toml":
        return None
    if not (_is_on(parent.config) or parent.session.isinitpath(file_path)):
        return None
    return ScenarioFile.from_parent(parent, path=file_path) if _is_scenario_file(file_path) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring scenarios of one model together, so that each is loaded once; nothing else is moved."""
    places = [place for place, item in enumerate(items) if isinstance(item, ScenarioItem)]
    scenarios = [item for item in items if isinstance(item, ScenarioItem)]
    order: dict[str, int] = {}
    for item in scenarios:
        order.setdefault(item.scenario.model, len(order))
    scenarios.sort(key=lambda item: order[item.scenario.model])
    for place, item in zip(places, scenarios, strict=True):
        items[place] = item


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all scenarios of a local model to one worker; with another --dist than the default, do nothing."""
    if config.option.dist != "load" or not _is_asked_for(config):
        return None
    from xdist.scheduler import LoadScopeScheduling

    known: dict[str, dict[str, str]] = {}

    class ByModel(LoadScopeScheduling):  # type: ignore[misc]
        """Tests one by one, but the scenarios of each local model as one."""

        def _split_scope(self, nodeid: str) -> str:
            file, _, name = nodeid.partition(".toml::")
            if not name:
                return nodeid
            if file not in known:
                pairs = _scenarios(config, config.rootpath / f"{file}.toml")
                known[file] = {each: scenario.model for each, scenario in pairs}
            model = known[file].get(name, "")
            return nodeid if model.partition(":")[0] in _SHARED else f"model {model}"

    return ByModel(config, log)


class ScenarioFile(pytest.File):
    """A TOML file of scenarios."""

    def collect(self) -> Iterator["ScenarioItem"]:
        """Yield a test for each scenario and model."""
        from horizon.errors import HorizonError

        try:
            found = _scenarios(self.config, self.path)
        except HorizonError as problem:
            raise self.CollectError(str(problem)) from None
        for name, scenario in found:
            yield ScenarioItem.from_parent(self, name=name, scenario=scenario)


class GateFailed(Exception):
    """A scenario whose claims failed, or are undecided in strict mode; its text is what the person is told."""


class ScenarioItem(pytest.Item):
    """One scenario: played while it is set up, judged when it is called.

    So what the infrastructure breaks is an error to pytest, and only the model's own failure is a failure.
    """

    def __init__(self, *, scenario: "Scenario", **given: Any) -> None:
        super().__init__(**given)
        self.scenario = scenario
        self.run: GateRun | None = None

    def setup(self) -> None:
        """Play, or use again what was played."""
        from horizon.errors import HorizonError
        from horizon.gate_runs import OpenedModel, play_gate
        from horizon.progress import lines

        option = self.config.option
        models = self.config.stash.setdefault(_models, OpenedModel(tuple(option.horizon_base_url or ())))
        tell = _teller(self.config)
        try:
            self.run = play_gate(
                self.scenario,
                self._folder(),
                models,
                reuse=option.horizon_reuse,
                watch=lines(self.scenario, lambda text: tell(f"{self.name}: {text}")),
                say=tell,
            )
        except HorizonError as problem:
            pytest.fail(f"{self.nodeid} could not be played: {problem}", pytrace=False)
        self._record(self.run)
        if self.run.verdict == "aborted":
            pytest.fail(f"{self._told(self.run)}\nwhat broke: {self.run.failure}", pytrace=False)

    def runtest(self) -> None:
        """Fail where a claim failed, or is undecided in strict mode."""
        assert self.run is not None  # setup ended well
        if self.run.verdict == "failed":
            raise GateFailed(self._told(self.run))
        if self.run.verdict == "undecided" and self.config.option.horizon_strict:
            raise GateFailed(f"{self._told(self.run)}\nundecided, and --horizon-strict makes that a failure")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell what was played and what came of it; the traceback of a gate says nothing."""
        return str(excinfo.value) if isinstance(excinfo.value, GateFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where this test stands."""
        return self.path, None, self.name

    def _folder(self) -> Path:
        from horizon.scenarios import Variant

        name = Variant(f"{self.nodeid}-{self.scenario.model}", self.scenario).folder
        return Path(self.config.option.horizon_out) / name

    def _record(self, run: "GateRun") -> None:
        """Add figures as properties: they go through xdist, into JUnit XML, and to the terminal's line."""
        self.user_properties += [
            ("verdict", run.verdict),
            ("figures", run.said),
            ("model", self.scenario.model),
            ("run", str(run.folder)),
            ("outcomes", json.dumps([outcome.as_json() for outcome in run.outcomes])),
        ]

    def _told(self, run: "GateRun") -> str:
        scenario, folder = self.scenario, _short(self.config, run.folder)
        against = f" against {', '.join(scenario.opponents)}" if scenario.opponents else ""
        early = f", stopped early, after {run.stopped_after} of {scenario.episodes}" if run.stopped_after else ""
        played = f"{run.n_episodes} episodes of at most {scenario.turns} turns{early}"
        return "\n".join(
            [
                run.said,
                f"{scenario.model} on {scenario.environment}{against}, seed {scenario.seed}, {played}",
                *(f"    {outcome.said}" for outcome in run.outcomes),
                f"run: {folder}",
                f"look: horizon report {folder}",
            ]
        )


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> Any:
    """Show the figures in the verbose line, and undecided scenarios as a kind of their own."""
    figures, verdict = _property(report, "figures"), _property(report, "verdict")
    if getattr(report, "when", "") != "call" or figures is None:
        return None
    # xdist and the short summary write the word before the test's name.
    told = "" if hasattr(report, "node") or _is_summing_up in config.stash else f" {figures}"
    if report.failed:
        return "failed", "F", (f"FAILED{told}", {"red": True})
    if verdict == "undecided":
        return "undecided", "u", (f"UNDECIDED{told}", {"yellow": True})
    return "passed", ".", (f"PASSED{told}", {"green": True})


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print one line a scenario, unless each was printed as it ended."""
    config.stash[_is_summing_up] = True
    if config.get_verbosity() > 0 and getattr(config.option, "dist", "no") == "no":
        return
    played = {}
    for category in ("passed", "undecided", "failed", "error"):
        for report in terminalreporter.stats.get(category, ()):
            figures = _property(report, "figures")
            if figures is not None and report.when in ("setup", "call"):
                word = "ERROR" if category == "error" else category.upper()
                played[report.nodeid] = f"{report.nodeid} {word} {figures}"
    if played:
        terminalreporter.section("scenarios")
        for line in played.values():
            terminalreporter.write_line(line)


def _is_on(config: pytest.Config) -> bool:
    """Tell whether folders are searched for scenario files."""
    option = config.option
    return bool(option.horizon or option.horizon_model or config.getini("horizon_scenarios"))


def _is_asked_for(config: pytest.Config) -> bool:
    """Tell whether scenarios may be played at all: folders are searched, or a TOML file is named."""
    return _is_on(config) or any(str(each).partition("::")[0].endswith(".toml") for each in config.args)


def _is_scenario_file(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    try:
        keys = [key for key, value in tomllib.loads(text).items() if not isinstance(value, dict)]
    except tomllib.TOMLDecodeError:
        # What is wrong is told when it is collected; here only whose file it is.
        keys = [line.partition("=")[0].strip(" []") for line in text.splitlines()]
    return any(key in keys for key in _KEYS)


def _scenarios(config: pytest.Config, path: Path) -> "list[tuple[str, Scenario]]":
    """Return the test's name and the scenario for each one in a file and each model asked for.

    Raises:
        HorizonError: the file can't be read or holds mistakes.
    """
    from horizon.scenarios import read_suite

    models: Sequence[str | None] = config.option.horizon_model or (None,)
    episodes = config.option.horizon_episodes
    found = []
    for model in models:
        more = {"model": model, "episodes": episodes}
        suite = read_suite(_short(config, path), **{key: value for key, value in more.items() if value is not None})
        for variant in suite.variants:
            name = variant.name
            if len(models) > 1:
                name = f"{name[:-1]},model={model}]" if name.endswith("]") else f"{name}[model={model}]"
            found.append((name, variant.scenario))
    return found


def _teller(config: pytest.Config) -> Callable[[str], None]:
    """Return what prints a line at once, past pytest's capture; workers of xdist have no terminal."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def tell(text: str) -> None:
        if reporter is not None:
            with capture.global_and_fixture_disabled() if capture is not None else contextlib.nullcontext():
                reporter.write_line(f"horizon: {text}")

    return tell


def _property(report: Any, name: str) -> str | None:
    """Return one of a scenario's properties, or null for reports of other tests."""
    if ".toml::" not in report.nodeid:
        return None
    return next((str(value) for key, value in getattr(report, "user_properties", ()) if key == name), None)


def _short(config: pytest.Config, path: Path) -> str:
    """Return a path as the person would write it: relative where it lies below where pytest was started."""
    try:
        return os.fspath(path.relative_to(config.invocation_params.dir))
    except ValueError:
        return os.fspath(path)
