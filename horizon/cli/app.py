"""The command line: a thin layer over the Python API. Heavy imports are inside the commands, so that help is fast.

Data goes to standard output, progress to standard error. Exit codes: 0 done, 1 a gate failed, 2 bad input or a
broken plug-in, 130 interrupted.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from horizon.cli import analysis as analysis_commands
from horizon.cli import attribute as attribute_command
from horizon.cli import calibrate as calibrate_command
from horizon.cli import distil as distil_command
from horizon.cli import drift as drift_command
from horizon.cli import exports as exports_command
from horizon.cli import freeze as freeze_command
from horizon.cli import imports as imports_command
from horizon.cli import play as play_command
from horizon.cli import puzzles as puzzle_commands
from horizon.cli.analysis import AsJson, Folders
from horizon.core.errors import HorizonError, PluginError, UsageError
from horizon.core.escaping import visible
from horizon.core.version import __version__

app = typer.Typer(
    help="Measure how a model's error rate changes as a task gets longer, and why.\n\n"
    "Start with: horizon doctor; horizon play --model smollm2 --opponent random --episodes 2 --turns 10",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(context_settings=play_command.ANY_KEY)(play_command.play)
app.command()(freeze_command.freeze)
app.command("import")(imports_command.import_)
app.command("export")(exports_command.export)
app.command()(distil_command.distil)
app.command(context_settings=play_command.ANY_KEY)(calibrate_command.calibrate)
app.add_typer(puzzle_commands.app, name="puzzles")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"horizon {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Take the options of `horizon` itself; the help is that of `app`."""


@app.command()
def merge(
    folders: Folders,
    out: Annotated[Path, typer.Option(help="run folder to write")],
) -> None:
    """Join the shards of a split run, and print the results.

    The shards are those of horizon play --shards.

    Example: horizon merge results/play/part-1 results/play/part-2 --out results/play/whole
    """
    from horizon.cli.results import print_runs
    from horizon.runs.shards import merge as merge_shards

    print_runs([merge_shards(folders, out)])


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="run folder of a finished run")],
    nodes: Annotated[int, typer.Option(help="search nodes per position for the judge engine")] = 20_000,
    out: Annotated[Path | None, typer.Option(help="run folder of the graded copy [FOLDER-graded]")] = None,
    check_nodes: Annotated[int | None, typer.Option(help="judge a random few turns at so many nodes, too")] = None,
    check_share: Annotated[float, typer.Option(help="the share of turns for --check-nodes, above 0 to 1")] = 0.1,
) -> None:
    """Judge the turns of a run again, and print the results.

    For other search nodes, after horizon play --judge none, or after horizon import. The run itself is not changed.
    After an interruption, the same command continues after the last graded turn.

    With --check-nodes, checked_error_rate is the error rate by the expensive judge: its verdicts on a few turns, and
    the cheap ones on all.

    Example: horizon grade results/play/chess-random-0 --nodes 1000 --check-nodes 200000
    """
    from horizon.cli.results import print_runs
    from horizon.play.progress import counting
    from horizon.play.regrade import SecondJudgement
    from horizon.play.regrade import grade as judge_again
    from horizon.runs.run_folder import count_turns

    check = SecondJudgement(check_nodes, check_share) if check_nodes is not None else None
    with counting("graded", count_turns(folder)) as watch:
        graded = judge_again(folder, out or folder.with_name(folder.name + "-graded"), nodes, watch, check)
    print_runs([graded])


app.command()(analysis_commands.report)
app.command()(analysis_commands.analyze)
app.command()(analysis_commands.power)
app.command()(attribute_command.attribute)
app.command()(drift_command.drift)
app.command()(analysis_commands.compare)


@app.command("list")
def list_(
    what: Annotated[
        str,
        typer.Argument(
            help="environments, conditions, models, estimators, importers, exporters, trackers, engines, scenarios"
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """List what can be played, one line each.

    --json adds type, default and range of every parameter.

    Example: horizon list environments
    """
    from horizon.cli.listing import lines_of, listing

    rows = listing(what)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for line in lines_of(rows):
        typer.echo(line)


@app.command()
def check(
    files: Annotated[list[str] | None, typer.Argument(help="scenario files, or names of shipped scenarios")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema of scenario files")] = False,
    as_json: AsJson = False,
) -> None:
    """Check scenario files, and print every mistake with its line.

    Example: horizon check scenarios/smoke.toml
    """
    from horizon.scenarios.check import check_suite
    from horizon.scenarios.json_schema import file_schema

    if schema:
        typer.echo(json.dumps(file_schema(), indent=1))
        return
    if not files:
        raise UsageError("no file to check: name one, as in horizon check scenarios/smoke.toml")
    checked = [check_suite(name) for name in files]
    if as_json:
        typer.echo(json.dumps([suite.as_json() for suite in checked], indent=2))
    for line in () if as_json else (line for suite in checked for line in suite.lines()):
        typer.echo(line)
    if not all(suite.is_right for suite in checked):
        raise typer.Exit(2)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="a run folder, or an environment such as hanoi:disks=3")],
    seed: Annotated[int, typer.Option(help="environment: index of the instance")] = 0,
    turns: Annotated[int, typer.Option(help="environment: most turns of optimal play to print")] = 40,
    episode: Annotated[str, typer.Option(help="run: id or number of the episode, from 0")] = "0",
    turn: Annotated[int, typer.Option(help="run: the turn, from 1")] = 1,
    condition: Annotated[str, typer.Option(help="run: the condition")] = "natural",
) -> None:
    """Print a turn of a run, or an instance of an environment.

    For a turn: the messages, the reply and the verdict. For an instance: its prompt and optimal play.

    Example: horizon show hanoi --seed 3; horizon show results/play/RUN --episode 0 --turn 12 --condition fresh
    """
    if (Path(what) / "manifest.json").is_file():
        from horizon.api.run import load

        typer.echo(str(load(what).show(episode, turn, condition)))
        return
    from horizon.cli.listing import show_instance

    for line in show_instance(what, seed, turns):
        typer.echo(line)


@app.command()
def doctor(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="run folders, or folders of run folders, to verify")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what is installed and what is missing, or verify runs.

    For a run folder, verifies the checksums, the counts of turns, and the tables against the journal. The exit code is
    1 if a required part is missing or a run is damaged.

    Example: horizon doctor; horizon doctor results/play/chess-smollm2-0
    """
    from horizon.cli.doctor import examine, examine_runs

    findings = examine_runs(folders) if folders else examine()
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(finding.line())
    if any(finding.is_bad for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; an expected failure is one line on standard error, with a plug-in's traceback above it."""
    try:
        app()
    except HorizonError as problem:
        _exit(problem)
    except Exception as problem:
        from horizon.core.registry import plugin_fault

        fault: HorizonError | None = plugin_fault(problem)
        if fault is None and isinstance(problem, OSError) and problem.filename is not None:
            # A path that the system refuses, such as one that is too long.
            name, why = str(problem.filename), problem.strerror or type(problem).__name__
            fault = UsageError(
                f"{name[:80]}{'...' if len(name) > 80 else ''} can't be used: {why}; choose another path"
            )
        if fault is None:
            raise
        _exit(fault)


def _exit(problem: HorizonError) -> NoReturn:
    if isinstance(problem, PluginError):
        typer.echo(problem.trace, err=True)
    typer.echo(f"horizon: {visible(str(problem))}", err=True)
    sys.exit(2)
