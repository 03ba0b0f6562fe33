"""The claim that a text names no option which the commands that can print it lack.

What a command can reach is overestimated: every name in a function counts as called, every class with all its
methods, and every module of a registry that is looked up. So a text that passes can't be wrong, and one that fails
names its command (`horizon play --resume`), or the thing instead of the option (`timeout_s=300`).
"""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from horizon.cli import play as play_command
from horizon.cli.app import app
from horizon.scenarios.scenario import Scenario

PACKAGE = Path(__file__).parents[2] / "horizon"
ROOMS_BY_REGISTRY = {
    "models": "horizon.models",
    "environments": "horizon.environments",
    "estimators": "horizon.analysis.estimators",
    "importers": "horizon.importers",
    "exporters": "horizon.exporters",
    "trackers": "horizon.trackers",
}
OTHER_PROGRAMS = ("pip install ", "optimum-cli ", "vllm serve ", "llama-server ")
"""Programs whose options a text may name, too."""
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
NOT_CALIBRATED = {"expect", "description", "episodes", "turns", "conditions", "calibrate"}

Node = tuple[str, str]
"""A function, class or constant: its module and its name."""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


def definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    named: dict[str, ast.stmt] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            named[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            named |= {target.id: statement for target in targets if isinstance(target, ast.Name)}
    return named


def imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Return what each imported name is, of the module or of any function in it: a module and a name in it."""
    table: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("horizon"):
            table |= {alias.asname or alias.name: (str(node.module), alias.name) for alias in node.names}
    return table


DEFINED = {name: definitions(tree) for name, tree in MODULES.items()}
IMPORTED = {name: imports(tree) for name, tree in MODULES.items()}


def meaning(module: str, name: str) -> Node | str | None:
    """Return the definition or the module that a name stands for in a module."""
    if name in DEFINED.get(module, {}):
        return module, name
    if name not in IMPORTED.get(module, {}):
        return None
    source, original = IMPORTED[module][name]
    inner = f"{source}.{original}"
    return inner if inner in MODULES else meaning(source, original)


@cache
def used_by(node: Node) -> frozenset[Node]:
    module, name = node
    uses: set[Node | str | None] = set()
    for part in ast.walk(DEFINED[module][name]):
        if isinstance(part, ast.Name):
            uses.add(meaning(module, part.id))
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            owner = meaning(module, part.value.id)
            uses.add(meaning(owner, part.attr) if isinstance(owner, str) else owner)
        elif isinstance(part, ast.Call):
            words = [word.value for word in part.args if isinstance(word, ast.Constant)]
            rooms = tuple(ROOMS_BY_REGISTRY[word] for word in words if word in ROOMS_BY_REGISTRY)
            uses |= {(inner, own) for inner in MODULES if inner.startswith(rooms or "-") for own in DEFINED[inner]}
    return frozenset(use for use in uses if isinstance(use, tuple))


def reached_from(start: Node) -> set[Node]:
    seen: set[Node] = set()
    left = [start]
    while left:
        node = left.pop()
        if node not in seen:
            seen.add(node)
            left += used_by(node)
    return seen


def commands(command: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{prefix}{name} ")
    else:
        yield prefix.strip(), command


def options_of(name: str, command: Any) -> set[str]:
    """Return the options that a command takes, those of scenario keys included."""
    options = {option for parameter in command.params for option in parameter.opts}
    if name in ("play", "calibrate"):
        keys = {*Scenario.model_fields} - (set() if name == "play" else NOT_CALIBRATED)
        more = {*play_command._RUN_FLAGS, "retry_aborted"} if name == "play" else set()
        options |= {"--" + key.replace("_", "-") for key in keys | more}
    return options


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the texts of several words in a definition, with `{}` for values; docstrings are left out."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def unnamed_options(text: str) -> set[str]:
    """Return the options in a text before which no command is named that has them; a lone word is no text."""
    if " " not in text.strip() or any(program in text for program in OTHER_PROGRAMS):
        return set()
    # Notes on conditions that were not played advise what to play, whichever command prints them.
    plain = text.replace("add --condition", "").replace("and --condition", "").replace("as --key value", "")
    plain = plain.replace("write settings as --key", "")
    found = [(match[0], COMMAND.search(plain[: match.start()])) for match in OPTION.finditer(plain)]
    return {option for option, command in found if command is None or option not in OPTIONS[command[1]]}


@cache
def named_in(node: Node) -> list[tuple[int, str, set[str]]]:
    """Return the texts of a definition that name options, with their lines and those options."""
    named = [(line, text, unnamed_options(text)) for line, text in texts(DEFINED[node[0]][node[1]])]
    return [(line, text, options) for line, text, options in named if options]


COMMANDS = dict(commands(typer.main.get_command(app)))
OPTIONS = {name: options_of(name, command) for name, command in COMMANDS.items()}
COMMAND = re.compile(rf"horizon ({'|'.join(COMMANDS)})\b(?:(?!; |: ).)*$")
"""A command and its words so far; what follows a semicolon or a colon is another sentence."""


@pytest.mark.parametrize("name", COMMANDS)
def test_texts_name_only_options_that_the_command_has(name: str) -> None:
    function = inspect.unwrap(COMMANDS[name].callback)
    problems = []
    for module, own in sorted(reached_from((function.__module__, function.__name__))):
        for line, text, options in named_in((module, own)):
            for option in sorted(options - OPTIONS[name]):
                problems.append(f"{module}:{line} names {option}, which horizon {name} lacks: {text!r:.160}")
    assert not problems, "\n".join(problems)


def test_the_check_finds_what_it_is_for() -> None:
    assert unnamed_options("check that it is up, then --resume --retry-aborted") == {"--resume", "--retry-aborted"}
    assert unnamed_options("continue it with horizon play --resume, or choose another folder") == set()
    assert unnamed_options("continue it with horizon drift --resume") == {"--resume"}
    assert "--retry-aborted" in OPTIONS["play"] and "--timeout-s" in OPTIONS["calibrate"]
    assert ("horizon.models._served.error_text", "advice") in reached_from(("horizon.cli.calibrate", "calibrate"))
    assert ("horizon.runs.journal", "Journal") in reached_from(("horizon.cli.app", "grade"))
