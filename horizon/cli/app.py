"""The command line: a thin layer over the Python API. Heavy imports are inside the commands, so that help is fast.

Data goes to standard output, progress to standard error. Exit codes: 0 done, 1 a gate failed, 2 bad input or a
broken plug-in, 130 interrupted.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from horizon.cli import calibrate as calibrate_command
from horizon.cli import distil as distil_command
from horizon.cli import exports as exports_command
from horizon.cli import freeze as freeze_command
from horizon.cli import imports as imports_command
from horizon.cli import play as play_command
from horizon.cli import puzzles as puzzle_commands
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
Folders = Annotated[list[Path], typer.Argument(help="run folders, as written by horizon play")]
Runs = Annotated[list[Path], typer.Argument(help="run folders, as written by horizon play, or folders of run folders")]
Prices = Annotated[
    Path | None, typer.Option(help="TOML file of prices per million tokens, a table for each model [the run's own]")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


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
) -> None:
    """Judge the turns of a run again, and print the results.

    For other search nodes, after horizon play --judge none, or after horizon import. The run itself stays as it is.
    Killed at any moment, the same command continues after the last graded turn.

    Example: horizon grade results/play/chess-random-0 --nodes 200000
    """
    from horizon.cli.results import print_runs
    from horizon.play.progress import counting
    from horizon.play.regrade import grade as judge_again
    from horizon.runs.run_folder import count_turns

    with counting("graded", count_turns(folder)) as watch:
        graded = judge_again(folder, out or folder.with_name(folder.name + "-graded"), nodes, watch)
    print_runs([graded])


@app.command()
def report(
    folders: Runs,
    out: Annotated[Path | None, typer.Option(help="folder for page, figures and tables [the first folder]")] = None,
    frozen: Annotated[
        Path | None, typer.Option(help="plan written by horizon freeze, to check whether it was kept")
    ] = None,
    site: Annotated[
        Path | None, typer.Option(help="folder for a static site of all runs: models by tasks, each with its page")
    ] = None,
    prices: Prices = None,
    log: Annotated[
        list[str] | None, typer.Option(help="wandb or mlflow: log results and page there; repeatable")
    ] = None,
) -> None:
    """Print results, and write their page, figures and tables.

    With --frozen the page shows whether a plan of horizon freeze was kept. With --site nothing is written but the
    site, a table of models by tasks whose cells link to a page for each run.

    The page is report.html; it steps through every turn and needs no network.

    Example: horizon report results/play/chess-smollm2-0
    """
    from horizon.cli.results import report_runs, report_site
    from horizon.runs.prices import read_prices

    listed = read_prices(prices) if prices is not None else None
    if site is not None:
        given = {"--out": out, "--frozen": frozen, "--log": log}
        if others := [flag for flag, value in given.items() if value]:
            raise UsageError(f"--site writes a site alone: leave out {others[0]}")
        report_site(folders, site, listed)
        return
    report_runs(folders, out, frozen, listed, log or ())


@app.command()
def analyze(
    folders: Runs,
    as_json: AsJson = False,
    badge: Annotated[
        Path | None, typer.Option(help="write a badge for shields.io to this file, as badge.json")
    ] = None,
    prices: Prices = None,
) -> None:
    """Print results of runs, then every estimate with its interval.

    Writes nothing but the badge. The points of smooth curves are printed with --json only.

    Example: horizon analyze results/play/chess-smollm2-0 --json
    """
    from horizon.api.run import load
    from horizon.report.badge import write_badge

    run = load(folders)
    analysis = (run if prices is None else run.with_prices(prices)).analyze()
    if badge is not None:
        write_badge(analysis, badge)
    if as_json:
        typer.echo(json.dumps(analysis.to_dict(), indent=2, ensure_ascii=True))
        return
    from horizon.report.console import open_console
    from horizon.report.estimates_table import print_estimates
    from horizon.report.results_table import print_results
    from horizon.report.terminal_table import print_analysis
    from horizon.report.write import refuse_empty

    refuse_empty(analysis)
    console = open_console()
    print_results(analysis, console)
    console.print()
    print_analysis(analysis, console)
    print_estimates(analysis, console)


@app.command()
def power(
    folders: Folders,
    gap: Annotated[float, typer.Option(help="smallest gap worth detecting, as a fraction: 0.1 is 10 points")] = 0.1,
    power: Annotated[float, typer.Option(help="probability of detecting it, 0.5 to 0.999")] = 0.8,
    against: Annotated[str, typer.Option(help="condition to compare natural with")] = "fresh",
    as_json: AsJson = False,
) -> None:
    """Print how many episodes are needed to detect a focus gap.

    Planned from the spread in a pilot run.

    Example: horizon power results/play/chess-smollm2-0 --gap 0.1 --power 0.8
    """
    from horizon.api.comparing import power as plan
    from horizon.api.run import load
    from horizon.cli.power import lines

    for group in plan(load(folders), gap=gap, power=power, against=against):
        typer.echo(json.dumps(group.as_json()) if as_json else "\n".join(lines(group)))


@app.command()
def compare(
    base: Annotated[Path, typer.Argument(help="run folder to compare with, or a folder of run folders")],
    new: Annotated[
        Path, typer.Argument(help="run folder of the changed model, prompt or settings, or a folder of run folders")
    ],
    figure: Annotated[
        list[str] | None,
        typer.Option(help="error_rate, error_by_turn, focus_gap, loss or skill; repeatable [all]"),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="tolerated regression as a fraction (0.02 = 2 percentage points)")
    ] = 0.0,
    fail_on: Annotated[
        str,
        typer.Option(help="worse: exit 1 if a regression is proven; unproven: also unless every figure is no worse"),
    ] = "worse",
    as_json: AsJson = False,
) -> None:
    """Compare a changed model or prompt with what it replaces.

    Paired on the instances that both runs played; each figure gets a verdict.

    Example: horizon compare results/play/before results/play/after --margin 0.02
    """
    from horizon.analysis.compare import DEMANDS, keeps
    from horizon.api.comparing import compare as compare_runs
    from horizon.core.registry import nearest

    if fail_on not in DEMANDS:
        raise UsageError(f"--fail-on {fail_on} is unknown: {nearest(fail_on, DEMANDS)}")
    comparison = compare_runs(base, new, figures=tuple(figure or ()), margin=margin)
    if as_json:
        typer.echo(json.dumps(comparison.as_json(), indent=2))
    else:
        from horizon.report.comparison_table import print_comparison
        from horizon.report.console import open_console

        print_comparison(comparison, open_console())
    if not keeps(comparison.lines, fail_on):
        raise typer.Exit(1)


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
    from horizon.cli.listing import line_of, listing

    rows = listing(what)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(line_of(row))


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

    Of a turn the messages, the reply and the verdict; of an instance its prompt and optimal play.

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

    Of a run folder the checksums, the counts of turns, and the tables against the journal are verified. The exit code
    is 1 if a required part is missing, or a run is damaged.

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

        fault = plugin_fault(problem)
        if fault is None:
            raise
        _exit(fault)


def _exit(problem: HorizonError) -> NoReturn:
    if isinstance(problem, PluginError):
        typer.echo(problem.trace, err=True)
    typer.echo(f"horizon: {visible(str(problem))}", err=True)
    sys.exit(2)
