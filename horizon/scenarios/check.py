"""Is a scenario file right? Looks up every name, builds every instance, and holds what is expected to what is played.

Behind `horizon check`: all problems of a file at once, each with its line. Loads no model and starts no engine.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from horizon.analysis.stats.confidence_sequences import Sums, above, below, first_proven, units_needed
from horizon.core import registry
from horizon.core.environment import Environment, environment_class, open_environment
from horizon.core.errors import ContractError, EngineFailure, HorizonError, UsageError
from horizon.core.instances import distinct_seeds
from horizon.core.model import capabilities_of, open_model
from horizon.core.parameters import check_values, split_name
from horizon.engines.engine import engine_names
from horizon.scenarios.compatibility import misfits, opponent_model, with_opponent
from horizon.scenarios.conditions import split_condition
from horizon.scenarios.expectations import ErrorRate
from horizon.scenarios.files import drafts_of
from horizon.scenarios.merge import Draft, Mistake, in_order
from horizon.scenarios.scenario import Scenario, check_draft
from horizon.scenarios.toml_lines import KeyPath

_EXPECTED_OF = {"conditions", "turns", "episodes", "probe_every", "probe_turns", "opponents", "judge_engine"}
"""Keys that decide whether what is expected can be measured."""


@dataclass(frozen=True, slots=True)
class SuiteCheck:
    """What was found in a file: its problems, and how much would be played; requests are natural turns and probes."""

    path: str
    problems: tuple[Mistake, ...]
    n_scenarios: int
    n_episodes: int
    n_requests: int

    @property
    def is_right(self) -> bool:
        """Whether there is nothing but warnings."""
        return all(problem.is_warning for problem in self.problems)

    def lines(self) -> Iterator[str]:
        """Yield the lines for a person: each problem, and how much would be played where nothing is wrong."""
        for problem in self.problems:
            yield f"{problem} (a warning)" if problem.is_warning else str(problem)
        if self.is_right:
            yield (
                f"{self.path}: ok, {self.n_scenarios} scenario{'s' * (self.n_scenarios != 1)}, "
                f"{self.n_episodes} episodes, about {self.n_requests} turns"
            )

    def as_json(self) -> dict[str, Any]:
        """Return plain data for programs."""
        return {
            "file": self.path,
            "ok": self.is_right,
            "scenarios": self.n_scenarios,
            "episodes": self.n_episodes,
            "requests": self.n_requests,
            "problems": [
                {
                    "file": problem.where,
                    "line": problem.line,
                    "key": problem.key,
                    "message": str(problem),
                    "warning": problem.is_warning,
                }
                for problem in self.problems
            ],
        }


def check_suite(name_or_path: str, **more: Any) -> SuiteCheck:
    """Check a shipped file by name, or a file; `more` overrides keys as in `read_suite`. Never raises for its content.

    Cost: a millisecond to a second for each scenario, by its environment.
    """
    drafts = drafts_of(name_or_path, more)
    problems, scenarios = list(drafts.problems), list[Scenario]()
    for draft in drafts.drafts:
        made = check_draft(draft)
        if isinstance(made, Scenario):
            scenarios.append(made)
            problems += _looked_up(draft, made)
        else:
            problems += made
            problems += _others(draft, made)
    n_episodes = sum(_episodes(scenario) for scenario in scenarios)
    n_requests = sum(_episodes(scenario) * requests_an_episode(scenario) for scenario in scenarios)
    return SuiteCheck(drafts.path, in_order(problems), len(drafts.drafts), n_episodes, n_requests)


def _others(draft: Draft, known: tuple[Mistake, ...]) -> Iterator[Mistake]:
    """Yield what else is wrong with a draft: keys with known mistakes are left out, so that the rest is looked up."""
    wrong = {part for problem in known for part in re.split(r"[.\[\]]+", problem.key)}
    if "environment" in wrong:
        return
    if wrong & _EXPECTED_OF:
        wrong.add("expect")
    rest = {key: value for key, value in draft.given.items() if key not in wrong}
    made = check_draft(replace(draft, given=rest))
    if isinstance(made, Scenario):
        yield from _looked_up(replace(draft, given=rest), made)


def requests_an_episode(scenario: Scenario) -> int:
    """Return the most requests of one episode: every natural turn, and every probe of its turns."""
    probed = min(-(-scenario.turns // scenario.probe_every), scenario.probe_turns or scenario.turns)
    return scenario.turns + probed * (len(scenario.conditions) - 1)


def _episodes(scenario: Scenario) -> int:
    return scenario.episodes * max(1, len(scenario.opponents))


def _looked_up(draft: Draft, scenario: Scenario) -> Iterator[Mistake]:
    task = None
    for result in _environment(draft, scenario):
        if isinstance(result, Mistake):
            yield result
        else:
            task = result
    yield from _model(draft, ("model",), scenario.model)
    for index, name in enumerate(scenario.opponents):
        try:
            yield from _model(draft, ("opponents", index), opponent_model(name))
        except UsageError as problem:
            yield draft.problem(("opponents", index), str(problem))
    judges = ("none", Scenario.model_fields["judge_engine"].default, *engine_names())
    if scenario.judge_engine not in judges:
        known = registry.nearest(scenario.judge_engine, judges)
        yield draft.problem(("judge_engine",), f"unknown engine '{scenario.judge_engine}': {known}")
    if task is not None:
        for path, message in misfits(with_opponent(scenario, task), task):
            yield draft.problem(path, message)
    yield from _expectations(draft, scenario, task)


def _environment(draft: Draft, scenario: Scenario) -> Iterator[Mistake | Environment[Any]]:
    """Yield what is wrong with the environment and its parameters, or the environment."""
    try:
        name, inside = split_name(scenario.environment)
        kind = environment_class(name)
        check_values(kind, inside, f"environment {name}")
    except (UsageError, ContractError) as problem:
        yield draft.problem(("environment",), str(problem))
        return
    wrong = []
    for key, value in scenario.parameters.items():
        try:
            check_values(kind, {key: value}, f"environment {name}")
        except UsageError as problem:
            wrong.append(draft.problem(("parameters", key), str(problem)))
    try:
        task = open_environment(scenario.environment, dict(scenario.parameters))
        next(distinct_seeds(task, scenario.seed))
    except HorizonError as problem:
        # Each one's own mistake, or what they make together.
        yield from wrong or [draft.problem(("parameters",), str(problem))]
        return
    yield task


def _model(draft: Draft, path: KeyPath, name: str) -> Iterator[Mistake]:
    backend, _, argument = name.strip().partition(":")
    try:
        known = capabilities_of(backend)
        if known.opens_cheaply:
            open_model(name).close()
        elif known.argument == "none" and argument:
            yield draft.problem(path, f"{backend} takes no settings, so not '{argument}': write just {backend}")
        elif known.argument in ("name", "file") and not argument:
            yield draft.problem(path, f"'{name}' names no model: write it as {backend}:{known.argument.upper()}")
        elif known.argument == "file" and not Path(argument).expanduser().is_file():
            yield draft.problem(path, f"there is no file {argument} here", is_warning=True)
    except EngineFailure as problem:
        # Correct as written; only this machine lacks it.
        yield draft.problem(path, str(problem), is_warning=True)
    except (UsageError, ContractError) as problem:
        yield draft.problem(path, str(problem))


def _expectations(draft: Draft, scenario: Scenario, task: Environment[Any] | None) -> Iterator[Mistake]:
    expect = scenario.expect
    limits: dict[tuple[str, str], tuple[float, float]] = {}
    for index, bound in enumerate(expect.error_rate):
        for key, message, is_warning in _bound(scenario, bound):
            yield draft.problem(("expect", "error_rate", index, key), message, is_warning=is_warning)
        least, most = limits.get((bound.turns, bound.condition), (0.0, 1.0))
        least = max(least, bound.at_least if bound.at_least is not None else 0.0)
        most = min(most, bound.at_most if bound.at_most is not None else 1.0)
        if least > most:
            message = "no rate keeps this bound and those before it: at_least is above at_most"
            yield draft.problem(("expect", "error_rate", index), message)
        else:
            limits[bound.turns, bound.condition] = (least, most)
    if expect.h50_at_least is not None and expect.h50_at_least > scenario.turns:
        message = (
            f"episodes end after {scenario.turns} turns, so that no later H50 can be seen: raise turns, or lower it"
        )
        yield draft.problem(("expect", "h50_at_least"), message, f"{expect.h50_at_least:g}")
    elif expect.h50_at_least is not None and (few := _too_few(0.5, scenario)):
        # At most half the episodes err before that turn.
        yield draft.problem(("expect", "h50_at_least"), few, is_warning=True)
    if expect.focus_gap_at_most is not None and "fresh" not in scenario.conditions:
        message = "the focus gap is natural - fresh, and fresh is not played: add it to conditions"
        yield draft.problem(("expect", "focus_gap_at_most"), message)
    if expect.skill_at_least is not None and task is not None and not _is_graded(scenario, task):
        why = "without a judge" if task.oracle_kind == "engine" else "under these parameters"
        message = f"skill needs the random mover's loss, and {task.name} has none {why}: leave it out"
        yield draft.problem(("expect", "skill_at_least"), message)
    if expect.aborted_at_most >= _episodes(scenario):
        message = f"only {_episodes(scenario)} episodes are played, so that this never fails"
        yield draft.problem(("expect", "aborted_at_most"), message, str(expect.aborted_at_most), is_warning=True)


def _bound(scenario: Scenario, bound: ErrorRate) -> Iterator[tuple[str, str, bool]]:
    """Yield key, reason, and whether it is only a warning."""
    claim = bound.claim()
    try:
        split_condition(claim.condition)
    except ValueError as problem:
        yield "condition", str(problem), False
        return
    if claim.condition not in scenario.conditions:
        played = ", ".join(scenario.conditions)
        message = f"condition '{claim.condition}' is not played: add it to conditions, or name one of {played}"
        yield "condition", message, False
    if max(claim.first, claim.last or 0) > scenario.turns:
        yield "turns", f"turns '{bound.turns}' go beyond the last turn, {scenario.turns}", False
    elif claim.condition != "natural" and scenario.probe_every > 1:
        last = claim.last or scenario.turns
        if not any((turn - 1) % scenario.probe_every == 0 for turn in range(claim.first, last + 1)):
            message = f"no turn of '{bound.turns}' is probed: probe_every={scenario.probe_every} probes from turn 1 on"
            yield "turns", message, False
    key, is_at_most = claim.direction, claim.direction == "at_most"
    if claim.bound == (1 if is_at_most else 0):
        yield key, "every rate keeps this bound: it never fails", True
    elif few := _too_few(claim.bound, scenario, is_at_most=is_at_most):
        yield key, few, True


def _too_few(bound: float, scenario: Scenario, *, is_at_most: bool = True) -> str:
    """Return the warning where not even a model that keeps a bound at every turn can show it; empty otherwise."""

    def best(units: int) -> Sums:
        # Every instance whole, and all of it right where errors are bounded from above, wrong otherwise.
        ones = np.ones(units)
        return Sums(0 * ones if is_at_most else ones, ones, most=1.0)

    played = best(scenario.episodes)
    if first_proven(below(played, bound) if is_at_most else above(played, bound), scenario.alpha) is not None:
        return ""
    needed = units_needed(best(1), bound, scenario.alpha, is_above=not is_at_most)
    least = f"at least {needed} are needed" if needed else "and no number can: leave the bound a little room"
    return f"{scenario.episodes} episodes can't show it, even without a miss: {least}"


def _is_graded(scenario: Scenario, task: Environment[Any]) -> bool:
    if task.oracle_kind == "engine" and scenario.judge_engine != "none":
        return True
    state = task.reset(next(distinct_seeds(task, scenario.seed)))
    return task.judge(state, None).random_loss is not None
