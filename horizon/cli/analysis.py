"""The commands that read finished runs: `report`, `analyze`, `power` and `compare`, and the arguments they share.

Heavy imports are inside the commands, so that help is fast.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from horizon.core.errors import UsageError

Folders = Annotated[list[Path], typer.Argument(help="run folders, as written by horizon play")]
Runs = Annotated[list[Path], typer.Argument(help="run folders, as written by horizon play, or folders of run folders")]
Prices = Annotated[
    Path | None, typer.Option(help="TOML file of prices per million tokens, a table for each model [the run's own]")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


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

    The page is report.html; it steps through every turn and needs no network. With --frozen it shows whether a plan of
    horizon freeze was kept. With --site nothing is written but the site, a table of models by tasks whose cells link
    to a page for each run.

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


def analyze(
    folders: Runs,
    as_json: AsJson = False,
    badge: Annotated[
        Path | None, typer.Option(help="write a badge for shields.io to this file, as badge.json")
    ] = None,
    prices: Prices = None,
) -> None:
    """Print results of runs, then every estimate with its interval.

    Writes no file but the badge. Details (assumptions, bands, points of smooth curves) are printed with --json only.

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
