"""The commands `horizon puzzles make` and `horizon puzzles check`. Heavy imports are inside them, as in `cli`."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from horizon.core.errors import UsageError

app = typer.Typer(
    help="Make packs of verified chess puzzles, and check puzzles again.", no_args_is_help=True, rich_markup_mode=None
)
_LINE_EVERY_S = 10.0


@app.command()
def make(
    out: Annotated[Path, typer.Option(help="CSV file to write; a JSON file next to it records how it was made")],
    number: Annotated[int, typer.Option(min=1, help="puzzles to make")] = 500,
    seed: Annotated[int, typer.Option(help="seed of the games that puzzles are taken from")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="continue a file that was interrupted")] = False,
) -> None:
    """Make verified chess puzzles with Stockfish.

    Mates in 1 to 4, wins and defences, from nothing but the rules and self-play. The solver has a single correct move
    at every turn, by a margin in win probability. The same seed makes the same file.

    Example: horizon puzzles make --number 500 --seed 0 --out my_puzzles.csv
    """
    from horizon.domains.puzzles.pack_builder import make_pack

    try:
        with _telling() as say:
            counts = make_pack(out, number=number, seed=seed, resume=resume, say=say)
    except KeyboardInterrupt:
        typer.echo(
            f"horizon: interrupted; nothing is lost. Continue with the same command and --resume: {out}", err=True
        )
        raise typer.Exit(130) from None
    typer.echo(f"{out}: " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="name of a shipped pack, or a file: CSV, EPD, PGN, FEN; plain or .zst")],
    nodes: Annotated[
        int | None, typer.Option(min=1, help="search nodes per position [4 times those it was made with]")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="number of puzzles to check [all]")] = None,
    at_least: Annotated[
        float, typer.Option(min=0, max=1, help="exit 1 if a smaller fraction keeps its solution")
    ] = 0.99,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Verify every solution again with Stockfish.

    Prints the puzzles whose solution is no longer the single correct move: ahead of every other move by 0.15 of win
    probability, in mates too. A puzzle that mates in a won position may be sound and still fail, as other moves also
    win.

    Example: horizon puzzles check horizon --nodes 800000
    """
    from horizon.analysis.stats.shares import wilson
    from horizon.domains.puzzles.engine_pool import check_pack
    from horizon.domains.puzzles.loader import locate_pack, read_puzzles
    from horizon.domains.puzzles.pack_builder import nodes_of

    path = locate_pack(file)
    pack = read_puzzles(path, limit)
    for bad in pack.bad_rows:
        typer.echo(f"horizon: {path} line {bad.line} is skipped: {bad.reason}", err=True)
    if pack.n_bad_rows > len(pack.bad_rows):
        typer.echo(f"horizon: {path}: {pack.n_bad_rows - len(pack.bad_rows)} more lines are skipped", err=True)
    nodes = nodes or 4 * (nodes_of(path) or 200_000)
    try:
        with _telling() as say:
            checked = list(check_pack(pack.puzzles, nodes, say))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not checked:
        raise UsageError(f"{path} holds positions, but no solutions to check")
    failed = {puzzle.puzzle.name: puzzle.problem for puzzle in checked if puzzle.problem is not None}
    share = 1 - len(failed) / len(checked)
    low, high = (float(bound) for bound in wilson(share, len(checked)))
    if as_json:
        counts = {"file": str(path), "nodes": nodes, "puzzles": len(checked), "kept": len(checked) - len(failed)}
        typer.echo(json.dumps({**counts, "share": share, "low": low, "high": high, "failed": failed}, indent=2))
    else:
        for name, problem in failed.items():
            typer.echo(f"{name}: {problem}")
        typer.echo(
            f"{len(checked) - len(failed)} of {len(checked)} puzzles keep their solution at {nodes} nodes: "
            f"{100 * share:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f})"
        )
    if share < at_least:
        raise typer.Exit(1)


@contextmanager
def _telling() -> Iterator[Callable[[str], None]]:
    """Yield what takes the progress: one live line on a terminal, elsewhere a line every ten seconds."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("starting") as status:
            yield status.update
        return
    told_at = time.monotonic()

    def say(text: str) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _LINE_EVERY_S:
            told_at = time.monotonic()
            console.print(text, markup=False)

    yield say
