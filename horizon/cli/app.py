"""The command line. Imports of anything heavy stand inside the commands, so that help comes at once.

Data goes to standard output, progress to standard error. Exit codes: 0 done, 1 a gate failed, 2 bad input or a
broken plug-in, 130 interrupted.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from horizon.cli import imports as imports_command
from horizon.cli import play as play_command
from horizon.cli import puzzles as puzzle_commands
from horizon.cli.play import show_results
from horizon.core.errors import HorizonError, PluginError, UsageError

app = typer.Typer(
    help="Measure how a model's error rate changes as a task gets longer, and why.\n\n"
    "Start with: horizon doctor; horizon play --model smollm2 --opponent random --episodes 2 --turns 10",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(context_settings=play_command.ANY_KEY)(play_command.play)
app.command("import")(imports_command.import_)
app.add_typer(puzzle_commands.app, name="puzzles")
Folders = Annotated[list[Path], typer.Argument(help="run folders, as written by horizon play")]
Runs = Annotated[list[Path], typer.Argument(help="run folders, as written by horizon play, or folders of them")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for programs")]


@app.command()
def merge(
    folders: Folders,
    out: Annotated[Path, typer.Option(help="run folder to make of them")],
) -> None:
    """Join the shards of a run that was split by play --shards.

    Example: horizon merge results/play/part-1 results/play/part-2 --out results/play/whole
    """
    from horizon.runs.shards import merge as merged

    show_results([merged(folders, out)])


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="a finished run folder")],
    nodes: Annotated[int, typer.Option(help="nodes a position for the judging engine")] = 20_000,
    out: Annotated[Path | None, typer.Option(help="folder for the graded copy [FOLDER-graded]")] = None,
) -> None:
    """Judge a run's turns again, with other nodes or after playing with --judge none.

    Example: horizon grade results/play/chess-random-0 --nodes 200000
    """
    from horizon.play.regrade import grade as graded

    target = graded(folder, out or folder.with_name(folder.name + "-graded"), nodes)
    show_results([target])


@app.command()
def report(
    folders: Runs,
    out: Annotated[Path | None, typer.Option(help="where figures and tables go [the first folder]")] = None,
) -> None:
    """Draw the curves of runs and write their tables.

    Example: horizon report results/play/chess-smollm2-0
    """
    from horizon.report.write import write_report
    from horizon.runs.run_folder import runs_in

    for path in write_report(runs_in(*folders), out or folders[0]):
        typer.echo(path)


@app.command()
def analyze(
    folders: Runs,
    as_json: AsJson = False,
    badge: Annotated[Path | None, typer.Option(help="write a badge for shields.io too, as badge.json")] = None,
) -> None:
    """Print every estimate with its interval.

    Example: horizon analyze results/play/chess-smollm2-0 --json
    """
    from horizon.analysis.analyze import analyze as analyzed
    from horizon.report.badge import write_badge
    from horizon.runs.run_folder import runs_in

    runs = runs_in(*folders)
    if badge is not None:
        write_badge(runs, badge)
    if as_json:
        typer.echo(json.dumps(analyzed(runs), indent=2, ensure_ascii=True))
    else:
        show_results(runs, folders[0] if runs != folders else None, err=False)


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
    from horizon.analysis.power_plan import plan, told

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
    from horizon.analysis.compare import DEMANDS, keeps
    from horizon.analysis.compare_runs import compare as compared
    from horizon.analysis.compare_runs import print_comparison
    from horizon.core.registry import nearest

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
    what: Annotated[str, typer.Argument(help="environments, models, estimators, importers, engines or scenarios")],
    as_json: AsJson = False,
) -> None:
    """List what can be played.

    Example: horizon list environments
    """
    from horizon.cli.listing import listing

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
    from horizon.scenarios.check import check_suite
    from horizon.scenarios.json_schema import file_schema

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
    from horizon.cli.listing import shown
    from horizon.play.replay import lines, replay

    is_run = (Path(what) / "manifest.json").is_file()
    for line in lines(replay(Path(what), episode, turn, condition)) if is_run else shown(what, seed, turns):
        typer.echo(line)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Tell what is installed, what is missing and how to get it.

    Example: horizon doctor
    """
    from horizon.cli.doctor import examine

    found = examine()
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in found], indent=2))
    else:
        for each in found:
            typer.echo(f"{'ok     ' if each.is_found else 'MISSING'} {each.name:18} {each.detail}")
    if any(each.is_needed and not each.is_found for each in found):
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
    typer.echo(f"horizon: {problem}", err=True)
    sys.exit(2)
