"""Writes docs/commands.md from the command line's own help; CI checks that the page is up to date."""

import os
import sys
from pathlib import Path

PAGE = Path(__file__).parent / "commands.md"


def page() -> str:
    """Return the page: every command's help, in the order of the command line."""
    os.environ |= {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    import typer
    from typer.testing import CliRunner

    from horizon.cli import app

    commands = ["", *(each for each in typer.main.get_command(app).commands)]  # type: ignore[attr-defined]
    parts = ["# The command line\n\nMade by `make docs` from the help itself.\n"]
    for name in commands:
        shown = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="horizon", terminal_width=100)
        text = "\n".join(line.rstrip() for line in shown.stdout.strip().splitlines())
        parts.append(f"## horizon {name}".rstrip() + f"\n\n```\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE, file=sys.stderr)
