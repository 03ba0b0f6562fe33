"""`horizon play --positions RUN`: the positions of a run, posed afresh to another model.

Heavy imports are inside the functions, as in `cli`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from horizon.cli.continuing import default_folder, resume_command
from horizon.cli.results import report_runs
from horizon.cli.spending import advise_on_cost
from horizon.core.errors import HorizonError, UsageError

if TYPE_CHECKING:
    from horizon.play.loop import Played
    from horizon.play.session import RunOptions

_LINE_EVERY = 100


def poses_positions(folder: Path) -> bool:
    """Return whether a run folder holds the positions of another run, so that resuming poses the rest of them."""
    from horizon.play.positions import source_of
    from horizon.runs.run_folder import read_manifest

    try:
        return source_of(read_manifest(folder)) is not None
    except HorizonError:
        return False


def pose(
    source: Path | None, given: dict[str, Any], out: Path | None, options: "RunOptions", log: Sequence[str] = ()
) -> None:
    """Pose the positions of `source`, or of the run that `out` holds already, and report them.

    Raises:
        UsageError: no model, or a key that the source decides.
    """
    from horizon.play.plan import scenario_of
    from horizon.play.positions import Source, pose_positions, source_of
    from horizon.runs.run_folder import read_manifest

    keys = dict(given)
    chosen = None if source is None else Source(source, _whole(keys, "episodes"), _whole(keys, "turns"))
    if options.resume and out is not None:
        stored = read_manifest(out)
        chosen = source_of(stored) or chosen
        plan = scenario_of(stored)
        keys = {**{name: plan[name] for name in ("model", "seed", "temperature", "max_tokens")}, **keys}
    if chosen is None:
        raise UsageError("no run to take positions from: name one with --positions RUN")
    if "model" not in keys:
        raise UsageError("--positions needs the model that is to answer: add --model NAME")
    folder = out or default_folder(f"positions-{chosen.folder.name}-{keys['model']}")

    def watch(played: "Played") -> None:
        if played.probes // _LINE_EVERY > watch_state[0]:
            watch_state[0] = played.probes // _LINE_EVERY
            rate = played.errors / played.probes
            typer.echo(f"{played.episodes_done} episodes, {played.probes} positions, {rate:.1%} errors", err=True)

    watch_state = [0]
    try:
        finished = pose_positions(
            chosen, keys, folder, options, watch=watch, say=lambda text: typer.echo(text, err=True)
        )
    except KeyboardInterrupt:
        again = resume_command(folder)
        typer.echo(f"horizon: interrupted; every position is stored. Continue with: {again}", err=True)
        raise typer.Exit(130) from None
    for warning in finished.warnings:
        typer.echo(f"horizon: {warning}", err=True)
    advise_on_cost([finished], folder, options.spending.max_cost)
    report_runs([folder], log=log)


def _whole(keys: dict[str, Any], name: str) -> int | None:
    """Return and remove a number that limits the source, not the new run."""
    value = keys.pop(name, None)
    if value is None:
        return None
    if not str(value).isdecimal() or not int(value):
        raise UsageError(f"--{name} {value} is not a whole number above 0")
    return int(value)
