"""The command line. Imports of anything heavy stand inside the commands, so that help comes at once.

Data goes to standard output, progress to standard error. Exit codes: 0 done, 1 a gate failed, 2 bad input,
130 interrupted.
"""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from horizon import puzzle_commands
from horizon.errors import HorizonError, UsageError

app = typer.Typer(
    help="Measure how a model's error rate changes as a task gets longer, and why.\n\n"
    "Start with: horizon doctor; horizon play --model smollm2 --opponent random --episodes 2 --turns 10",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(puzzle_commands.app, name="puzzles")
Folders = Annotated[list[Path], typer.Argument(help="run folders, as written by horizon play")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for programs")]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def play(
    context: typer.Context,
    model: Annotated[str | None, typer.Option(help="smollm2, hf:ORG/NAME, openai:NAME, random, ...")] = None,
    env: Annotated[str | None, typer.Option(help="environment with its parameters, as chess:notation=uci")] = None,
    opponent: Annotated[list[str] | None, typer.Option(help="random, stockfish:level=1, ...; repeatable")] = None,
    episodes: Annotated[int | None, typer.Option(help="episodes against each opponent [8]")] = None,
    turns: Annotated[int | None, typer.Option(help="most model turns an episode [40]")] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="natural, fresh, healed, corrupted:P, padded, foreign, window:K, recap; repeatable"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="seed of everything random [0]")] = None,
    out: Annotated[Path | None, typer.Option(help="run folder [results/play/ENV-MODEL-SEED]")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the run in --out")] = False,
    scenario: Annotated[str | None, typer.Option(help="a shipped scenario's name or a TOML file")] = None,
    judge: Annotated[str | None, typer.Option(help="nodes a position for the engine that judges, or none")] = None,
    probe_every: Annotated[int | None, typer.Option(help="probe only every N-th turn [1]")] = None,
    probe_turns: Annotated[int | None, typer.Option(help="probe only N turns an episode, drawn by seed")] = None,
    base_url: Annotated[list[str] | None, typer.Option(help="server of openai: models; repeatable")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="any scenario key, as max_tokens=64; so does --max-tokens 64")
    ] = None,
) -> None:
    """Play a model through many turns and judge every one.

    Large studies: --shards 4 --shard 1 plays a quarter of the episodes; horizon merge joins the run folders.
    --executor ray --shards 4 does both on a Ray cluster. --stop settled ends a run once what its scenario expects is
    settled; --stop never goes on with a run that ended so.

    A file of several scenarios is played into one folder for each, and what they expect decides the exit code;
    --select TEXT plays those alone that have TEXT in their names.

    Example: horizon play --model smollm2 --env chess --opponent stockfish:level=1 --episodes 4 --turns 30
    """
    from horizon import session, store
    from horizon.flags import read_flags
    from horizon.parameters import settings
    from horizon.progress import watching
    from horizon.scenarios import Scenario, make, read_suite
    from horizon.shards import shard_of
    from horizon.suite_runs import selected

    keys = {*Scenario.model_fields} - {"expect", "description"}
    flags = read_flags(context.args, {*keys, "shards", "shard", "executor", "select", "stop"}, others=context.params)
    select = flags.pop("select", "")
    parts: dict[str, str] = {name: flags.pop(name) for name in ("shards", "shard") if name in flags}
    executor = flags.pop("executor", None)
    stop = session.stop_of(flags.pop("stop", None))
    shard = shard_of(_whole(parts, "shard"), _whole(parts, "shards")) if parts and executor is None else None

    given: dict[str, Any] = {
        "model": model,
        "environment": env,
        "opponents": tuple(opponent) if opponent else None,
        "episodes": episodes,
        "turns": turns,
        "conditions": tuple(condition) if condition else None,
        "seed": seed,
        "probe_every": probe_every,
        "probe_turns": probe_turns,
        **settings(",".join(set_ or ())),
        **flags,
    }
    if judge is not None:
        given |= {"judge_engine": "none"} if judge == "none" else {"judge_nodes": judge}
    given = {key: value for key, value in given.items() if value is not None}
    if resume and scenario is None and out is not None:
        wanted = make({**session.scenario_of(store.read_manifest(out)), **given}, "command line")
    elif scenario is not None:
        suite = read_suite(scenario, **given)
        variants = selected(suite, select)
        is_split = bool(parts or executor)
        if is_split and len(variants) > 1:
            raise UsageError(f"{suite.path} holds several scenarios, and shards are of one: choose it by --select")
        if len(suite.variants) > 1 and not is_split:
            _play_suite(variants, out or Path("results") / "play" / suite.name, resume, stop, tuple(base_url or ()))
            return
        wanted = variants[0].scenario
    else:
        wanted = make({**_everyday_opponent(given), **given}, "command line")
    folder = out or _default_folder(wanted.environment, wanted.model, wanted.seed)
    if executor is not None:
        _show_results([_executed(executor, wanted, folder, parts, tuple(base_url or ()))])
        return
    try:
        with watching(wanted) as (watch, say):
            finished = session.run(
                wanted,
                folder,
                resume=resume,
                base_urls=tuple(base_url or ()),
                shard=shard,
                stop=stop,
                watch=watch,
                say=say,
            )
    except KeyboardInterrupt:
        typer.echo(
            f"horizon: interrupted; nothing is lost. Go on with: horizon play --resume --out {folder}", err=True
        )
        raise typer.Exit(130) from None
    for warning in finished.warnings:
        typer.echo(f"horizon: {warning}", err=True)
    _show_results([folder])
    if not parts:
        _end_by_gates([(folder.name, folder, wanted)])


@app.command()
def merge(
    folders: Folders,
    out: Annotated[Path, typer.Option(help="run folder to make of them")],
) -> None:
    """Join the shards of a run that was split by play --shards.

    Example: horizon merge results/play/part-1 results/play/part-2 --out results/play/whole
    """
    from horizon.shards import merge as merged

    _show_results([merged(folders, out)])


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="a finished run folder")],
    nodes: Annotated[int, typer.Option(help="nodes a position for the judging engine")] = 20_000,
    out: Annotated[Path | None, typer.Option(help="folder for the graded copy [FOLDER-graded]")] = None,
) -> None:
    """Judge a run's turns again, with other nodes or after playing with --judge none.

    Example: horizon grade results/play/chess-random-0 --nodes 200000
    """
    from horizon.grading import grade as graded

    target = graded(folder, out or folder.with_name(folder.name + "-graded"), nodes)
    _show_results([target])


@app.command()
def report(
    folders: Folders,
    out: Annotated[Path | None, typer.Option(help="where figures and tables go [the first folder]")] = None,
) -> None:
    """Draw the curves of runs and write their tables.

    Example: horizon report results/play/chess-smollm2-0
    """
    from horizon.report.write import write_report

    for path in write_report(folders, out or folders[0]):
        typer.echo(path)


@app.command()
def analyze(
    folders: Folders,
    as_json: AsJson = False,
    badge: Annotated[Path | None, typer.Option(help="write a badge for shields.io too, as badge.json")] = None,
) -> None:
    """Print every estimate with its interval.

    Example: horizon analyze results/play/chess-smollm2-0 --json
    """
    from horizon.report.badge import write_badge
    from horizon.report.tables import analyze as analyzed

    if badge is not None:
        write_badge(folders, badge)
    if as_json:
        typer.echo(json.dumps(analyzed(folders), indent=2, ensure_ascii=True))
    else:
        _show_results(folders, err=False)


@app.command()
def power(
    folders: Folders,
    gap: Annotated[float, typer.Option(help="smallest gap worth seeing, as a share: 0.1 is 10 points")] = 0.1,
    power: Annotated[float, typer.Option(help="chance to see it")] = 0.8,
    against: Annotated[str, typer.Option(help="condition that natural is compared with")] = "fresh",
    as_json: AsJson = False,
) -> None:
    """Tell how many episodes a study needs to see a focus gap, from a pilot run.

    Example: horizon power results/play/chess-smollm2-0 --gap 0.1 --power 0.8
    """
    from horizon.report.planning import plan, told

    for folder_plan in plan(folders, gap, power, against):
        typer.echo(json.dumps(folder_plan) if as_json else "\n".join(told(folder_plan)))


@app.command()
def compare(
    base: Annotated[Path, typer.Argument(help="run folder to compare with, or a folder of runs")],
    new: Annotated[
        Path, typer.Argument(help="run folder of the changed model, prompt or settings, or a folder of runs")
    ],
    figure: Annotated[
        list[str] | None,
        typer.Option(help="error_rate, error_by_turn, focus_gap, loss, skill; repeatable [all]"),
    ] = None,
    margin: Annotated[float, typer.Option(help="harm put up with, as a share: 0.02 is 2 points")] = 0.0,
    fail_on: Annotated[
        str,
        typer.Option(help="worse: exit 1 when a regression is proven; unproven: also unless every line is no worse"),
    ] = "worse",
    as_json: AsJson = False,
) -> None:
    """Tell whether a change of model, prompt or quantisation made anything worse, on the same instances.

    Example: horizon compare results/play/before results/play/after --margin 0.02
    """
    from horizon.comparing import DEMANDS, keeps
    from horizon.registry import nearest
    from horizon.report.comparing import compare as compared
    from horizon.report.comparing import print_comparison

    if fail_on not in DEMANDS:
        raise UsageError(f"--fail-on {fail_on} is unknown: {nearest(fail_on, DEMANDS)}")
    found = compared(base, new, tuple(figure or ()), margin)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        from rich.console import Console

        print_comparison(found, Console())
    if not keeps(found.lines, fail_on):
        raise typer.Exit(1)


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="environments, models, engines or scenarios")],
    as_json: AsJson = False,
) -> None:
    """List what can be played.

    Example: horizon list environments
    """
    from horizon.listing import listing

    rows = listing(what)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        oracle = f" (oracle: {row['oracle']})" if "oracle" in row else ""
        typer.echo(f"{row['name']:18}{row.get('summary', '')}{oracle}")
        for parameter in row.get("parameters", ()):
            typer.echo(
                f"    {parameter['name']}={parameter['default']}  {parameter['help']} {parameter['range']}".rstrip()
            )


@app.command()
def check(
    files: Annotated[list[str] | None, typer.Argument(help="scenario files, or names of shipped ones")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema of scenario files")] = False,
    as_json: AsJson = False,
) -> None:
    """Check scenario files: every mistake with its line, and what was meant.

    Example: horizon check scenarios/smoke.toml
    """
    from horizon.scenario_checks import check_suite
    from horizon.scenario_schema import file_schema

    if schema:
        typer.echo(json.dumps(file_schema(), indent=1))
        return
    if not files:
        raise UsageError("no file to check: name one, as in horizon check scenarios/smoke.toml")
    checked = [check_suite(each) for each in files]
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in checked], indent=2))
    for line in () if as_json else (line for each in checked for line in each.told()):
        typer.echo(line)
    if not all(each.is_right for each in checked):
        raise typer.Exit(2)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="a run folder, or an environment such as hanoi:disks=3")],
    seed: Annotated[int, typer.Option(help="of an environment: which instance")] = 0,
    turns: Annotated[int, typer.Option(help="of an environment: most turns of optimal play to print")] = 40,
    episode: Annotated[str, typer.Option(help="of a run: the episode's id or number")] = "0",
    turn: Annotated[int, typer.Option(help="of a run: which turn")] = 1,
    condition: Annotated[str, typer.Option(help="of a run: under which condition")] = "natural",
) -> None:
    """Print what the model is told: at a turn of a run, or in an instance of an environment with its optimal play.

    Example: horizon show hanoi --seed 3; horizon show results/play/RUN --episode 0 --turn 12 --condition fresh
    """
    from horizon.listing import shown
    from horizon.replay import lines, replay

    is_run = (Path(what) / "manifest.json").is_file()
    for line in lines(replay(Path(what), episode, turn, condition)) if is_run else shown(what, seed, turns):
        typer.echo(line)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Tell what is installed, what is missing and how to get it.

    Example: horizon doctor
    """
    from horizon.doctor import examine

    found = examine()
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in found], indent=2))
    else:
        for each in found:
            typer.echo(f"{'ok     ' if each.is_found else 'MISSING'} {each.name:18} {each.detail}")
    if any(each.is_needed and not each.is_found for each in found):
        raise typer.Exit(1)


def _play_suite(variants: tuple[Any, ...], out: Path, resume: bool, stop: Any, base_urls: tuple[str, ...]) -> None:
    from horizon.progress import watching
    from horizon.suite_runs import play_all

    folders = []
    try:
        for folder, warnings in play_all(variants, out, watching, resume=resume, stop=stop, base_urls=base_urls):
            folders.append(folder)
            for warning in warnings:
                typer.echo(f"horizon: {folder}: {warning}", err=True)
    except KeyboardInterrupt:
        typer.echo(
            f"horizon: interrupted; nothing is lost. Go on with the same command and --resume --out {out}", err=True
        )
        raise typer.Exit(130) from None
    _show_results(folders, out)
    _end_by_gates([(each.name, folder, each.scenario) for each, folder in zip(variants, folders, strict=True)])


def _end_by_gates(runs: list[tuple[str, Path, Any]]) -> None:
    """Print how each run keeps what its scenario says is expected; exit code 1 when one does not."""
    from horizon.gates import overall
    from horizon.stopping import judge_run, mark_judged

    verdicts = []
    for name, folder, scenario in runs:
        if "expect" in scenario.model_fields_set:
            outcomes = judge_run(folder, scenario).outcomes
            verdicts.append(overall(outcomes))
            mark_judged(folder, outcomes, verdicts[-1])
            for outcome in outcomes:
                typer.echo(f"{name}: {outcome.said}")
    if "failed" in verdicts:
        raise typer.Exit(1)


def _executed(executor: str, wanted: Any, folder: Path, parts: dict[str, str], base_urls: tuple[str, ...]) -> Path:
    from horizon.distributed import run_on_ray

    if executor != "ray":
        raise UsageError(f"executor '{executor}' is unknown: use ray, or leave it out")
    shards = _whole(parts, "shards") if "shards" in parts else 2
    return run_on_ray(wanted, folder, shards, base_urls=base_urls, say=lambda text: typer.echo(text, err=True))


def _whole(parts: dict[str, str], name: str) -> int:
    """Return a shard's number; both flags are needed."""
    if not parts.get(name, "").isdecimal():
        raise UsageError(f"--{name}={parts.get(name, '')} is no whole number: write --shards 4 --shard 1")
    return int(parts[name])


def _everyday_opponent(given: dict[str, Any]) -> dict[str, Any]:
    """Chess is the default environment, and level 1 its default opponent."""
    name = str(given.get("environment", "chess")).partition(":")[0]
    return {"opponents": ("stockfish:level=1",)} if name == "chess" else {}


def _default_folder(environment: str, model: str, seed: int) -> Path:
    slug = re.sub(r"[^A-Za-z0-9.=-]+", "_", f"{environment}-{model}-{seed}").strip("_.")
    return Path("results") / "play" / slug[:120]


def _show_results(folders: list[Path], out: Path | None = None, *, err: bool = True) -> None:
    from rich.console import Console

    from horizon.report.terminal import print_table
    from horizon.report.write import write_report

    print_table(folders, Console())
    for path in write_report(folders, out or folders[0]):
        # Of many runs only the page: its figures are many, and lie beside it.
        if out is None or path.name == "report.html":
            typer.echo(path, err=err)


def main() -> None:
    """Run the command line; every expected failure is one line on standard error."""
    try:
        app()
    except HorizonError as problem:
        typer.echo(f"horizon: {problem}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
