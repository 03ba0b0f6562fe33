"""Writes the pages that the code itself says: commands, environments, models. CI checks that they are up to date."""

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def commands() -> str:
    """Return the page of every command's help, in the order of the command line."""
    os.environ |= {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    import typer
    from typer.testing import CliRunner

    from horizon.cli.app import app

    names = ["", *_names(typer.main.get_command(app))]
    parts = ["# The command line\n\nMade by `make docs` from the help itself.\n"]
    for name in names:
        shown = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="horizon", terminal_width=100)
        text = "\n".join(line.rstrip() for line in shown.stdout.strip().splitlines())
        parts.append(f"## horizon {name}".rstrip() + f"\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def _names(group: Any) -> list[str]:
    """Return the names of a group's commands, and after that of a group the names of its own, as `puzzles make`."""
    found: list[str] = []
    for name, command in group.commands.items():
        found += [name, *(f"{name} {each}" for each in _names(command))] if hasattr(command, "commands") else [name]
    return found


def environments() -> str:
    """Return the page of every environment: its docstring, parameters and ranges."""
    from horizon.cli.listing import listing
    from horizon.core.registry import load

    parts = ["# Environments\n\nMade by `make docs` from the docstrings. Parameters are set as `hanoi:disks=4`.\n"]
    for row in listing("environments"):
        module = load("environments", row["name"])
        text = next(t for t in (module.__doc__, module.ENVIRONMENT.__doc__) if t and "Oracle:" in t)
        parts.append(f"## {row['name']}\n\n```\n{inspect.cleandoc(text)}\n```\n")
        parts.append("| parameter | default | what it is |\n| --- | --- | --- |")
        for each in row["parameters"]:
            told = f"{each['help']} {each['range']}".strip().replace("|", " or ")
            parts.append(f"| {each['name']} | {each['default']} | {told} |")
        parts.append("")
    return "\n".join(parts)


def models() -> str:
    """Return the page of every backend: its module's docstring and how its name is opened."""
    from horizon.cli.listing import listing
    from horizon.core.registry import load

    parts = [
        "# Models\n\nMade by `make docs` from the docstrings. A model is named `backend:argument`, as in "
        "`hf:ORG/NAME` or `uci:stockfish:level=3`.\n"
    ]
    for row in listing("models"):
        module = load("models", row["name"])
        opening = inspect.cleandoc(module.open_model.__doc__ or "")
        parts.append(f"## {row['name']}\n\n```\n{inspect.cleandoc(module.__doc__ or '')}\n\n{opening}\n```\n")
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "environments.md": environments,
    "models.md": models,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(FOLDER / name, file=sys.stderr)
