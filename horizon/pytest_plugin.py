"""Scenario files under pytest: every scenario of a TOML file is a test that passes or fails by its `[expect]` table.

A third outcome is "undecided": too few episodes; the report gives the number that is needed. Every pytest run of this
Python loads the plugin, so that imports of the turn loop are deferred. Without scenarios it prints and collects
nothing.
"""

import argparse
import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

# Fixtures for users' tests: pytest finds them here.
from horizon.testing import horizon_model as horizon_model
from horizon.testing import play_episode as play_episode
from horizon.testing.pytest_items import (
    ScenarioFile,
    ScenarioItem,
    is_scenario_file,
    scenarios_of,
    short_path,
    what_is_played,
)

OUT = "results/play/pytest"

_is_summing_up: "pytest.StashKey[bool]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, with names that other plugins are unlikely to use."""
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
    group.addoption(
        "--horizon-base-url",
        action="append",
        metavar="URL",
        help="server of openai: models; repeatable; --base-url does the same where no other plugin has that option",
    )
    parser.addini("horizon_scenarios", "collect the scenario files in folders", type="bool", default=False)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Generator[None, None, None]:
    """Add `--model` and `--base-url` if they are used and no conftest or plugin defines them: many projects do."""
    yield
    if any(word == "--base-url" or word.startswith("--base-url=") for word in args):
        with contextlib.suppress(ValueError, argparse.ArgumentError):
            parser.getgroup("horizon").addoption("--base-url", action="append", dest="horizon_base_url", metavar="URL")
    if any(word == "--model" or word.startswith("--model=") for word in args):
        with contextlib.suppress(ValueError, argparse.ArgumentError):
            parser.getgroup("horizon").addoption("--model", action="append", dest="horizon_model", metavar="MODEL")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder for runs absolute, so that all workers use the same one."""
    given = config.option.horizon_out
    config.option.horizon_out = str(config.invocation_params.dir / given if given else config.rootpath / OUT)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Report the models, the folder of runs, and the distribution over workers."""
    if not _is_asked_for(config):
        return []
    models = ", ".join(config.option.horizon_model or ["each scenario's own model"])
    lines = [f"horizon: {models}; runs in {short_path(config, Path(config.option.horizon_out))}"]
    if not config.option.horizon_model:
        lines += what_is_played(config)
    if getattr(config.option, "dist", "no") == "load":
        lines.append(
            "horizon: processes can't share a loaded model: one worker plays all scenarios of a local model, "
            "which is loaded once and uses all cores; other models are spread over the workers"
        )
    return lines


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect a scenario file that is named on the command line, or in a folder if scenarios are enabled."""
    if file_path.suffix != ".toml" or file_path.name == "pyproject.toml":
        return None
    # A named file is always collected: its errors are reported then.
    if parent.session.isinitpath(file_path) or (_is_on(parent.config) and is_scenario_file(file_path)):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group scenarios by model, so that each model is loaded once; other tests keep their positions."""
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
    """Assign all scenarios of a local model to one worker; only for the default --dist."""
    if config.option.dist != "load" or not _is_asked_for(config):
        return None
    from xdist.scheduler import LoadScopeScheduling

    from horizon.core.model import holds_weights

    known: dict[str, dict[str, str]] = {}

    class ByModel(LoadScopeScheduling):  # type: ignore[misc]
        """Schedules single tests, and the scenarios of each local model together."""

        def _split_scope(self, nodeid: str) -> str:
            file, _, name = nodeid.partition(".toml::")
            if not name:
                return nodeid
            if file not in known:
                pairs = scenarios_of(config, config.rootpath / f"{file}.toml")
                known[file] = {test: scenario.model for test, scenario in pairs}
            model = known[file].get(name, "")
            return f"model {model}" if holds_weights(model) else nodeid

    return ByModel(config, log)


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> Any:
    """Show the figures in the verbose line, and undecided scenarios as a separate outcome."""
    figures, verdict = _property(report, "figures"), _property(report, "verdict")
    if getattr(report, "when", "") != "call" or figures is None:
        return None
    # xdist and the short summary print the word before the test's name.
    suffix = "" if hasattr(report, "node") or _is_summing_up in config.stash else f" {figures}"
    if report.failed:
        return "failed", "F", (f"FAILED{suffix}", {"red": True})
    if verdict == "undecided":
        return "undecided", "u", (f"UNDECIDED{suffix}", {"yellow": True})
    return "passed", ".", (f"PASSED{suffix}", {"green": True})


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print one line per scenario, unless they were printed as they finished."""
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
    """Return whether folders are searched for scenario files."""
    option = config.option
    return bool(option.horizon or option.horizon_model or config.getini("horizon_scenarios"))


def _is_asked_for(config: pytest.Config) -> bool:
    """Return whether scenarios may be played: folders are searched, or a TOML file is named."""
    return _is_on(config) or any(str(argument).partition("::")[0].endswith(".toml") for argument in config.args)


def _property(report: Any, name: str) -> str | None:
    """Return one of a scenario's properties, or None for reports of other tests."""
    if ".toml::" not in report.nodeid:
        return None
    return next((str(value) for key, value in getattr(report, "user_properties", ()) if key == name), None)
