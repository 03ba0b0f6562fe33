"""The command `horizon play`: flags and files in, a finished run and its report out, the gates' exit code.

Heavy imports are inside the functions, as in `cli`.
"""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from horizon.cli.continuing import RETRY, default_folder, resume_command, telling_how_to_continue
from horizon.cli.positions import pose, poses_positions
from horizon.cli.results import report_runs
from horizon.cli.spending import FLAGS, LIMIT, advise_on_cost, spending_of
from horizon.core.errors import UsageError

ANY_KEY: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True}
"""How typer must take the command: every key of a scenario is a flag, and `flags` reads those that have none here."""


_RUN_FLAGS = ("shards", "shard", "executor", "select", "stop", "repeat_states", "log", *FLAGS)
"""Options that are no key of a scenario, and not declared below."""


def play(
    context: typer.Context,
    model: Annotated[str | None, typer.Option(help="smollm2, hf:ORG/NAME, openai:NAME, random, ... [smollm2]")] = None,
    env: Annotated[
        str | None, typer.Option(help="environment with its parameters, as chess:notation=uci [chess]")
    ] = None,
    opponent: Annotated[
        list[str] | None, typer.Option(help="random, stockfish:level=1, ...; repeatable [chess: stockfish:level=1]")
    ] = None,
    episodes: Annotated[int | None, typer.Option(help="episodes against each opponent [8]")] = None,
    turns: Annotated[int | None, typer.Option(help="most model turns per episode [40]")] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            help="natural, fresh, healed, corrupted:P, padded, foreign, window:K, recap, repeat:N, "
            "hide:own, hide:other, kv:BITS, recut:K, recut:all, transplant:RUN "
            "(horizon list conditions); repeatable [natural, fresh]"
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="seed of everything random [0]")] = None,
    out: Annotated[Path | None, typer.Option(help="run folder to write [results/play/ENV-MODEL-SEED]")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue the run in --out")] = False,
    scenario: Annotated[str | None, typer.Option(help="name of a shipped scenario, or a TOML file")] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="search nodes per position for the judge engine, or none to disable judging [20000]"),
    ] = None,
    base_url: Annotated[
        list[str] | None, typer.Option(help="server of openai: models; repeatable [the OpenAI API]")
    ] = None,
    positions: Annotated[
        Path | None, typer.Option(help="run, played or imported, whose positions are posed to --model without history")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="any scenario key, as max_tokens=64; --max-tokens 64 is the same")
    ] = None,
) -> None:
    """Play a model through many turns, and judge every turn.

    Every key of a scenario is an option, such as --max-tokens 64 or --on-error stop; --probe-every N and
    --probe-turns N probe fewer turns.

    To split a study over machines, --shards 4 --shard 1 plays a quarter of the episodes, and horizon merge joins the
    run folders; --executor ray --shards 4 does both on a Ray cluster.

    --scenario plays every scenario of a file into a folder of its own; --select TEXT keeps those with TEXT in their
    names. --resume --retry-aborted also repeats episodes that failed because of a server or an engine. The exit code
    is 1 if a claim of the scenario failed. --stop settled ends a run once every claim is decided; --stop never
    continues such a run to its end.

    Prices per million tokens, for costs in the report: --price-in 0.15 --price-out 0.60, also for tokens from a cache:
    --price-cached 0.07, or all in a file: --prices FILE.toml. --max-cost 0.50 ends playing once so much was spent,
    and prints how to continue.

    With --log wandb or --log mlflow it also logs parameters, curves and page there.

    With --repeat-states N every probed state is posed N more times with its natural history, so that the report shows
    how often the same prompt gets a different verdict.

    Example: horizon play --model smollm2 --env chess --opponent stockfish:level=1 --episodes 4 --turns 30
    """
    from horizon.cli.flags import read_flags
    from horizon.core.parameters import settings
    from horizon.play import plan, session
    from horizon.play.progress import watching
    from horizon.play.suite import select
    from horizon.report.tracking import check_trackers
    from horizon.runs import run_folder
    from horizon.runs.manifest import MANIFEST
    from horizon.runs.shards import part_folder, shard_of
    from horizon.scenarios.scenario import Scenario, make, read_suite

    # Lists have flags of their own, in the singular and repeatable: their values contain commas.
    keys = {*Scenario.model_fields} - {"expect", "description", "opponents", "conditions"}
    words = [word for word in context.args if word != RETRY]
    retry = len(words) < len(context.args)
    if retry and not resume:
        raise UsageError(f"{RETRY} is for a run that is there already: add --resume")
    flags = read_flags(words, {*keys, *_RUN_FLAGS}, others=context.params)
    part = flags.pop("select", "")
    repeats = flags.pop("repeat_states", None)
    parts: dict[str, str] = {name: flags.pop(name) for name in ("shards", "shard") if name in flags}
    executor = flags.pop("executor", None)
    stop = session.stop_of(flags.pop("stop", None))
    spending = spending_of(flags)
    log = tuple(filter(None, flags.pop("log", "").split(",")))
    check_trackers(log)
    if executor is not None and spending.max_cost is not None:
        raise UsageError(f"{LIMIT} is for one process: leave out --executor, or the limit")
    shard = shard_of(_whole(parts, "shard"), _whole(parts, "shards")) if parts and executor is None else None

    options = session.RunOptions(resume, retry, tuple(base_url or ()), stop=stop, spending=spending)
    given: dict[str, Any] = {
        "model": model,
        "environment": env,
        "opponents": tuple(opponent) if opponent else None,
        "episodes": episodes,
        "turns": turns,
        "conditions": tuple(condition) if condition else None,
        "seed": seed,
        **settings(",".join(set_ or ())),
        **flags,
    }
    if repeats is not None:
        given["conditions"] = with_repeats(given["conditions"], repeats)
    if judge is not None:
        given |= {"judge_engine": "none"} if judge == "none" else {"judge_nodes": judge}
    given = {key: value for key, value in given.items() if value is not None}
    if positions is not None or (resume and out is not None and poses_positions(out)):
        pose(positions, given, out, options, log)
        return
    if resume and scenario is None and out is not None:
        started = part_folder(out, 1) if executor is not None and not (out / MANIFEST).is_file() else out
        wanted = plan.resumed_scenario(session.read_started(started), given)
    elif scenario is not None:
        suite = read_suite(scenario, **given)
        variants = select(suite, part)
        is_split = bool(parts or executor)
        if is_split and len(variants) > 1:
            raise UsageError(
                f"{suite.path} holds several scenarios, and only one can be split into shards: choose it with --select"
            )
        if len(suite.variants) > 1 and not is_split:
            _play_suite(variants, out or Path("results") / "play" / suite.name, options, log)
            return
        wanted = variants[0].scenario
    else:
        wanted = make(given, "command line")
    folder = out or default_folder(f"{wanted.environment}-{wanted.model}-{wanted.seed}")
    if executor is not None:
        with telling_how_to_continue(folder.is_dir, partial(resume_command, folder), RETRY):
            joined = _execute(executor, wanted, folder, parts, options)
        report_runs([joined], log=log)
        return
    with (
        telling_how_to_continue(lambda: session.is_started(folder), partial(resume_command, folder), RETRY),
        watching(wanted) as (watch, say),
    ):
        finished = session.run(wanted, folder, replace(options, shard=shard), watch=watch, say=say)
    for warning in finished.warnings:
        typer.echo(f"horizon: {warning}", err=True)
    _advise_on_aborted(finished.played.episodes_aborted, folder)
    is_cut = advise_on_cost([finished], folder, spending.max_cost)
    if is_cut and not run_folder.count_turns(folder):
        return
    report_runs([folder], log=log)
    if not parts and not is_cut:
        _end_by_gates([(folder.name, folder, wanted)])


def with_repeats(conditions: tuple[str, ...] | None, repeats: str) -> tuple[str, ...]:
    """Return the conditions, and `repeat:1` to `repeat:n`, which pose every probed state n more times.

    Raises:
        UsageError: n is no number from 1 to 99.
    """
    if not re.fullmatch(r"[1-9][0-9]?", repeats):
        raise UsageError(f"--repeat-states {repeats} is not a whole number from 1 to 99")
    again = tuple(f"repeat:{number}" for number in range(1, int(repeats) + 1))
    return (*(conditions or ("natural", "fresh")), *again)


def _play_suite(variants: tuple[Any, ...], out: Path, options: Any, log: tuple[str, ...]) -> None:
    from horizon.play.progress import watching
    from horizon.play.suite import play_all
    from horizon.runs.run_folder import count_turns, iterate_episodes
    from horizon.runs.run_list import distinct_runs

    finished = []
    with telling_how_to_continue(out.is_dir, partial(resume_command, out), RETRY):
        for run in play_all(variants, out, watching, options):
            finished.append(run)
            for warning in run.warnings:
                typer.echo(f"horizon: {run.folder}: {warning}", err=True)
    is_cut = advise_on_cost(finished, out, options.spending.max_cost, len(variants))
    folders = [run.folder for run in finished if not is_cut or count_turns(run.folder)]
    if not folders:
        return
    n_aborted = sum(episode.outcome == "aborted" for folder in folders for episode in iterate_episodes(folder))
    _advise_on_aborted(n_aborted, out)
    report_runs(distinct_runs(folders), out, log=log)
    if not is_cut:
        _end_by_gates(
            [(variant.name, folder, variant.scenario) for variant, folder in zip(variants, folders, strict=True)]
        )


def _advise_on_aborted(n_aborted: int, folder: Path) -> None:
    if n_aborted:
        typer.echo(
            f"horizon: {n_aborted} episode{'s were' if n_aborted > 1 else ' was'} aborted by failures of the "
            f"infrastructure. Play what is missing with: {resume_command(folder, RETRY)}",
            err=True,
        )


def _end_by_gates(runs: list[tuple[str, Path, Any]]) -> None:
    """Print whether each run keeps the expectations of its scenario; exit code 1 when one does not."""
    from horizon.analysis.gates import overall
    from horizon.play.stopping import judge_run, mark_judged

    verdicts = []
    for name, folder, scenario in runs:
        if "expect" in scenario.model_fields_set:
            outcomes = judge_run(folder, scenario).outcomes
            verdicts.append(overall(outcomes))
            mark_judged(folder, outcomes, verdicts[-1])
            for outcome in outcomes:
                typer.echo(f"{name}: {outcome.text}")
    if "failed" in verdicts:
        raise typer.Exit(1)


def _execute(executor: str, wanted: Any, folder: Path, parts: dict[str, str], options: Any) -> Path:
    from horizon.play.ray_executor import run_on_ray

    if executor != "ray":
        raise UsageError(f"executor '{executor}' is unknown: use ray, or leave it out")
    shards = _whole(parts, "shards") if "shards" in parts else 2
    return run_on_ray(wanted, folder, shards, options, say=lambda text: typer.echo(text, err=True))


def _whole(parts: dict[str, str], name: str) -> int:
    """Return a shard's number; both flags are needed."""
    if not parts.get(name, "").isdecimal():
        raise UsageError(f"--{name}={parts.get(name, '')} is not a whole number: write --shards 4 --shard 1")
    return int(parts[name])
