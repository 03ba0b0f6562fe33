"""The command `horizon drift`: the right reply's log-likelihood along turns, printed. Heavy imports are inside."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from horizon.analysis.drift import DriftEstimates
    from horizon.core.estimator import Estimate
    from horizon.play.drift import DriftOptions
    from horizon.play.scoring import UnscoredConversation
    from horizon.runs.drift_file import ScoredTurn


def drift(
    folder: Annotated[Path, typer.Argument(help="run folder")],
    turns: Annotated[int, typer.Option(help="natural turns to score, spread over each episode")] = 240,
    seed: Annotated[int, typer.Option(help="draws the turns")] = 0,
    model: Annotated[str | None, typer.Option(help="model that scores [the one that played]")] = None,
) -> None:
    """Print how likely a model finds the right reply, by turn.

    At a sample of natural turns the right reply is scored after the history and without it, so that fading shows
    before the first error. Needs a model in this process. Killed at any moment, the same command continues after the
    last turn; a larger --turns scores those that are missing.

    Example: horizon drift results/play/chess-student-0 --turns 400
    """
    from horizon.play.drift import DriftOptions

    score_run(folder, DriftOptions(turns, seed, model))


def score_run(folder: Path, options: "DriftOptions") -> None:
    """Score a run's turns, print the curves, and name the file; continues what a killed call left."""
    from horizon.play.drift import sample_turns, score_turns
    from horizon.play.progress import keep_counted
    from horizon.runs.drift_file import DriftFile
    from horizon.runs.run_data import read_run

    run = read_run(folder)
    places = sample_turns(run, options)
    failures: list[UnscoredConversation] = []
    file = DriftFile(folder, options.model or str(run.manifest["plan"]["model"]))
    try:
        done = {(scored.episode_id, scored.turn) for scored in file.turns}
        keep_counted("scored", places, done, score_turns(run, options, done, failures.append), file.append)
    finally:
        file.close()
    if failures and not file.turns:
        raise failures[-1]
    for line in lines(file.turns, run.ends_at_errors):
        typer.echo(line)
    if failures:
        typer.echo(f"left out: {len(failures)} turns that can't be scored, the last because of {failures[-1]}")
    typer.echo(f"scores: {file.path} (horizon report {folder} draws them)")


def lines(scored: "Sequence[ScoredTurn]", ends_at_errors: bool) -> Iterator[str]:
    """Yield the curves of all turns and of those before the first error, each with its slope."""
    from horizon.analysis.drift import ALL, UNERRED, drift

    yield f"{len(scored)} turns scored; log-likelihood of the right reply after the history and without it, in nats"
    yield "natural - fresh below 0: the history harms; bands hold for all turns together (95 %)"
    for selection in (ALL, UNERRED):
        yield from _selection(selection, drift(scored, selection, ends_at_errors=ends_at_errors))


def _selection(name: str, estimates: "DriftEstimates") -> Iterator[str]:
    if estimates.difference:
        yield f"{name:<26}  natural    fresh  {'natural - fresh':<26}  episodes  turns"
        curves = zip(estimates.natural, estimates.fresh, estimates.difference, strict=True)
        yield from (_line(*points) for points in curves)
    slope = estimates.slope
    if slope.estimate is None:
        yield f"per doubling of the turn: unknown ({slope.note})"
    else:
        span = "[open]" if slope.low is None or slope.high is None else f"[{slope.low:+.3f}, {slope.high:+.3f}]"
        yield f"per doubling of the turn: {slope.estimate:+.3f} {span}, {slope.n_episodes} episodes"
    if estimates.n_impossible:
        yield f"left out: {estimates.n_impossible} turns whose right reply is impossible to the model"


def _line(natural: "Estimate", fresh: "Estimate", difference: "Estimate") -> str:
    first, last = difference.at["first_turn"], difference.at["last_turn"]
    turns = f"  turn {first}" if first == last else f"  turns {first}-{last}"
    low, high = difference.at["band_low"], difference.at["band_high"]
    band = f"[{low:+.3f}, {high:+.3f}]" if isinstance(low, float) and isinstance(high, float) else "[open]"
    effect = f"{difference.estimate or 0.0:+.3f} {band}"
    levels = f"{natural.estimate or 0.0:>7.3f}  {fresh.estimate or 0.0:>7.3f}"
    return f"{turns:<26}  {levels}  {effect:<26}  {difference.n_episodes:>8}  {difference.n_turns:>5}"
