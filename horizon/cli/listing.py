"""What can be played, and what one instance looks like: the data behind `horizon list` and `horizon show`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from horizon.core.environment import environment_class, open_environment
from horizon.core.environment_name import EnvironmentName
from horizon.core.errors import HorizonError, UsageError
from horizon.core.instances import distinct_seeds
from horizon.core.parameters import Parameter, describe
from horizon.core.registry import Kind, load, names, nearest, plugin_fault
from horizon.engines.engine import describe_engine, engine_names
from horizon.scenarios.conditions import describe_conditions
from horizon.scenarios.files import names as scenario_names
from horizon.scenarios.scenario import read_suite

MODULES: tuple[Kind, ...] = ("models", "estimators", "importers", "exporters", "trackers")
KINDS = ("environments", *MODULES, "engines", "scenarios", "conditions")


def listing(what: str) -> list[dict[str, Any]]:
    """Return one object with a `name` for everything of a kind.

    Raises:
        UsageError: an unknown kind.
    """
    if what == "environments":
        return [_describe(name, _environment) for name in names("environments")]
    if what in MODULES:
        return [_describe(name, partial(_module, what)) for name in names(what)]
    if what == "engines":
        return [{"name": name, "summary": describe_engine(name).summary} for name in engine_names()]
    if what == "scenarios":
        return [_scenario(name) for name in scenario_names()]
    if what == "conditions":
        return [dict(row) for row in describe_conditions()]
    raise UsageError(f"can't list '{what}': {nearest(what, KINDS)}")


def lines_of(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the one line of each object, with the summaries in one column."""
    width = max((len(row["name"]) for row in rows), default=0)
    yield from (line_of(row, width) for row in rows)


def line_of(row: Mapping[str, Any], width: int = 0) -> str:
    """Return the one line of an object: its name and summary, and an environment's oracle and parameters by name."""
    parts = [f"{row['name']:{width}}  {row.get('summary', '')}"]
    if "oracle" in row:
        parts.append(f"oracle: {row['oracle']}")
    if row.get("parameters"):
        parts.append(f"parameters: {', '.join(parameter['name'] for parameter in row['parameters'])}")
    return "; ".join(parts)


def show_instance(text: str, index: int, turns: int) -> Iterator[str]:
    """Yield the lines that show one instance: the prompt, then the optimal play of up to `turns` turns.

    Raises:
        UsageError: an unknown environment or parameter.
    """
    task = open_environment(text)
    state = task.reset(next(islice(distinct_seeds(task, 0), max(0, index), None)))
    yield f"# {EnvironmentName(task.name, str(task.version))}, seed {index}, difficulty {task.difficulty(state)}"
    yield f"# state: {task.dump(state)}"
    yield "## system\n" + task.rules()
    yield "## user\n" + task.pose(state)
    yield "## optimal play"
    for turn in range(1, turns + 1):
        outcome = task.done(state)
        action = task.oracle(state) if outcome is None else None
        if action is None:
            yield f"{outcome}" if outcome else "(an engine is needed to know the best action: play it with a judge)"
            return
        yield f"{turn:4} {task.render(state, action)}"
        state = task.step(state, action)
    yield f"({turns} turns shown)"


def _describe(name: str, describe: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return what is listed of a module, or the error where it is a broken plug-in."""
    problem: HorizonError | None
    try:
        return describe(name)
    except HorizonError as error:
        problem = error
    except Exception as error:
        problem = plugin_fault(error)
        if problem is None:
            raise
    return {"name": name, "summary": f"broken: {problem}", "error": str(problem)}


def _module(kind: Kind, name: str) -> dict[str, Any]:
    """Return a module's name and the first line of its docstring."""
    return {"name": name, "summary": _first_line(load(kind, name).__doc__)}


def _environment(name: str) -> dict[str, Any]:
    kind = environment_class(name)
    return {
        "name": name,
        "version": kind.version,
        "summary": kind.summary,
        "oracle": kind.oracle_kind,
        "has_opponent": kind.has_opponent,
        "parameters": [_parameter(describe) for describe in describe(kind)],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    bounds = [str(bound) for bound in (parameter.low, parameter.high) if bound is not None]
    allowed = "|".join(parameter.choices) if parameter.choices else " to ".join(bounds)
    return {
        "name": parameter.name,
        "type": parameter.type,
        "default": parameter.default,
        "help": parameter.help,
        "range": f"({allowed})" if allowed else "",
    }


def _scenario(name: str) -> dict[str, Any]:
    suite = read_suite(name)
    first = suite.variants[0].scenario
    against = f" against {', '.join(first.opponents)}" if first.opponents else ""
    planned = f"{first.episodes} x {first.turns} turns, {'+'.join(first.conditions)}"
    return {
        "name": name,
        "summary": suite.description or f"{first.environment}{against}, {planned}",
        "scenarios": [variant.name for variant in suite.variants],
    }


def _first_line(text: str | None) -> str:
    """Return the first line of a docstring as plain text, without the words that all backends share."""
    return (text or "").strip().partition("\n")[0].removeprefix("The backend ").replace("`", "")
