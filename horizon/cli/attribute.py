"""The command `horizon attribute`: maps of responsible turns, printed by lag. Heavy imports are inside."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from horizon.core.estimator import Estimate
    from horizon.play.attribution import AttributionOptions
    from horizon.play.scoring import UnscoredConversation
    from horizon.runs.attribution_file import ErrorMap


def attribute(
    folder: Annotated[Path, typer.Argument(help="run folder with errors")],
    model: Annotated[str | None, typer.Option(help="model that scores [the one that played]")] = None,
    edit: Annotated[
        str, typer.Option(help="heal: a correct reply in place of an error; hide: a turn's messages out of attention")
    ] = "heal",
    errors: Annotated[int, typer.Option(help="errors to map, drawn by seed")] = 20,
    seed: Annotated[int, typer.Option(help="draws the errors")] = 0,
) -> None:
    """Print which earlier turns made a model err.

    At each sampled error one earlier turn is edited at a time, and the right reply is scored again: the map of
    responsible turns, and its mean by lag. Where an earlier turn asked the same, as in planning puzzles, its healed
    reply is the answer itself. Needs a model in this process. Killed at any moment, the same command continues after
    the last error.

    Example: horizon attribute results/play/chess-student-0 --errors 40
    """
    from horizon.play.attribution import AttributionOptions

    attribute_errors(folder, AttributionOptions(edit, errors, seed, model))


def attribute_errors(folder: Path, options: "AttributionOptions") -> None:
    """Map a run's errors, print the effects by lag, and name the file; continues what a killed call left."""
    from horizon.play.attribution import map_errors, sample_errors
    from horizon.play.progress import keep_counted
    from horizon.runs.attribution_file import AttributionFile
    from horizon.runs.run_data import read_run

    run = read_run(folder)
    places = sample_errors(run, options)
    model = options.model or str(run.manifest["plan"]["model"])
    failures: list[UnscoredConversation] = []
    file = AttributionFile(folder, options.edit, model)
    try:
        done = {(error.episode_id, error.turn) for error in file.maps}
        keep_counted("mapped", places, done, map_errors(run, options, done, failures.append), file.append)
    finally:
        file.close()
    if failures and not file.maps:
        raise failures[-1]
    for line in lines(file.maps, options.edit):
        typer.echo(line)
    if failures:
        typer.echo(f"left out: {len(failures)} errors that can't be scored, the last because of {failures[-1]}")
    typer.echo(f"maps: {file.path} (horizon report {folder} draws them)")


def lines(maps: Sequence["ErrorMap"], edit: str) -> Iterator[str]:
    """Yield the effects by lag, and what they cost."""
    from horizon.analysis.memory_of_harm import memory_of_harm

    verb = "healed" if edit == "heal" else "hidden"
    yield f"{len(maps)} errors mapped; effect: log-likelihood of the right reply with one earlier turn {verb}, in nats"
    yield "above 0: that turn did harm; bands hold for all lags together (95 %)"
    for erred, name in ((True, "wrong"), (False, "right")):
        points = memory_of_harm(maps, erred=erred)
        if points:
            yield f"turns ago  {name + ' turn ' + verb:<26}  likelier  episodes  turns"
            yield from (_line(point) for point in points)
    read, rescored = (sum(getattr(error, key) for error in maps) for key in ("read_tokens", "rescored_tokens"))
    if rescored:
        yield f"cost: {read} tokens read, {read / rescored:.2f} times those of the turns scored again ({rescored})"


def _line(point: "Estimate") -> str:
    first, last = point.at["first_lag"], point.at["last_lag"]
    lags = f"{first}" if first == last else f"{first}-{last}"
    value = point.estimate or 0.0
    low, high = point.at["band_low"], point.at["band_high"]
    band = f"[{low:+.3f}, {high:+.3f}]" if isinstance(low, float) and isinstance(high, float) else "[open, open]"
    effect, factor = f"{value:+.3f} {band}", f"x {math.exp(value):.2f}"
    return f"{lags:<9}  {effect:<26}  {factor:>8}  {point.n_episodes:>8}  {point.n_turns:>5}"
