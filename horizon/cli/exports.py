"""The command `horizon export`: runs in, files of another form out."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    folders: Annotated[
        list[Path], typer.Argument(help="run folders, as written by horizon play, or folders of run folders")
    ],
    to: Annotated[
        str,
        typer.Option("--to", help="csv, parquet, jsonl, hf (a dataset), inspect (an .eval log) or sft (chats)"),
    ],
    out: Annotated[Path, typer.Option(help="new folder to write")],
) -> None:
    """Export the rows of runs in another file format.

    Example: horizon export results/play/hanoi-smollm2-0 --to hf --out results/dataset
    """
    from horizon.api.run import load

    for path in load(folders).export(to, out):
        typer.echo(path)
