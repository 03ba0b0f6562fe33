"""The command `horizon import`: other projects' games in, a run folder and a line for everything left out."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from horizon.archives.import_run import Imported

_PROGRESS_EVERY_S = 10.0
_PROBLEMS_SHOWN = 20


def import_(
    sources: Annotated[list[Path], typer.Argument(help="archives, folders or files of played games")],
    out: Annotated[Path, typer.Option(help="run folder to write")],
    format_: Annotated[
        str | None, typer.Option("--format", help="gptchess, chess_gpt_eval, llm_chess, pgn or inspect [detected]")
    ] = None,
    player: Annotated[
        str | None,
        typer.Option(help="PGN: part of the model's name [every player that is no known engine]"),
    ] = None,
) -> None:
    """Import games that models played elsewhere as a run folder.

    Example: horizon import games_deepseek.tar.gz --out results/r1; horizon report results/r1
    """
    from horizon.archives.import_run import ImportOptions, import_games

    due = time.monotonic() + _PROGRESS_EVERY_S

    def watch(imported: "Imported") -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + _PROGRESS_EVERY_S
            typer.echo(f"{imported.n_episodes} games, {imported.n_turns} turns", err=True)

    imported = import_games(ImportOptions(tuple(sources), format_, player), out, watch)
    for line in summary(imported):
        typer.echo(line)
    for problem in imported.problems[:_PROBLEMS_SHOWN]:
        typer.echo(f"left out: {problem}", err=True)
    if len(imported.problems) > _PROBLEMS_SHOWN:
        more = len(imported.problems) - _PROBLEMS_SHOWN
        typer.echo(f"left out: {more} more, listed in {out / 'manifest.json'}", err=True)
    typer.echo(out)


def summary(imported: "Imported") -> list[str]:
    """Return what was imported, line by line: formats, models, protocols, kinds and causes, what was left out."""
    formats = ", ".join(f"{name} ({n})" for name, n in imported.formats.most_common())
    models = imported.episodes.most_common(8)
    more = f" and {len(imported.episodes) - 8} more" if len(imported.episodes) > 8 else ""
    kinds = ", ".join(f"{name} {n}" for name, n in imported.errors.most_common())
    ends = ", ".join(f"{name} {n}" for name, n in imported.outcomes.most_common())
    causes = [(name.replace("_", " "), n) for name, n in imported.causes.most_common()]
    return [
        f"formats: {formats}",
        f"models: {', '.join(f'{name} ({n})' for name, n in models)}{more}",
        f"protocols: {len(imported.harnesses)} ({', '.join(sorted({kind.name for kind in imported.harnesses}))})",
        f"episodes: {imported.n_episodes} ({ends})",
        f"turns: {imported.n_turns} ({kinds})",
        *([f"why illegal: {', '.join(f'{name} {n}' for name, n in causes)}"] if causes else []),
        f"left out: {len(imported.problems)} games or files, and {imported.skipped} files of no known format",
    ]
