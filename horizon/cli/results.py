"""What `play`, `report`, `analyze`, `merge` and `grade` print: the results, then paths. Heavy imports are inside."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from horizon.core.escaping import visible

if TYPE_CHECKING:
    from horizon.runs.prices import PriceList


def report_runs(
    folders: Sequence[Path],
    out: Path | None = None,
    frozen: Path | None = None,
    prices: "PriceList | None" = None,
    log: Sequence[str] = (),
) -> None:
    """Print the results of runs, write their report, and print where it is; `out` is the first folder by default.

    With a frozen plan it is also printed whether that was kept; with prices, what the runs cost. `log` are the
    trackers that get it.
    """
    from horizon.api.run import load
    from horizon.report.chart_builders import MOST_DRAWN, few_drawn
    from horizon.report.console import open_console
    from horizon.report.damaged_files import damage_notes
    from horizon.report.results_table import print_results
    from horizon.report.tracking import check_trackers, log_analysis
    from horizon.report.write import refuse_empty, write_analysis

    check_trackers(log)
    run = load(folders)
    if prices is not None:
        run = run.with_prices(prices)
    refuse_empty(run.analyze())
    print_results(run.analyze(), open_console())
    target = out or folders[0]
    registered = run.check_registration(frozen) if frozen is not None else []
    for line in registered:
        typer.echo(line)
    for line in damage_notes(run.analyze().runs):
        typer.echo(f"horizon: {line}", err=True)
    write_analysis(run.analyze(), target, registered)
    typer.echo(f"report: {target / 'report.html'}")
    typer.echo(f"figures, tables and rows: {target}")
    if (n_groups := len(run.analyze().groups)) > MOST_DRAWN:
        typer.echo(few_drawn(n_groups))
    for line in log_analysis(log, run.analyze(), target / "report.html"):
        typer.echo(f"horizon: {line}", err=True)


def report_site(folders: Sequence[Path], out: Path, prices: "PriceList | None" = None) -> None:
    """Write the site of runs, and print where it is and which runs it lacks."""
    from horizon.report.site import write_site

    site = write_site(folders, out, prices)
    for line in site.left_out:
        typer.echo(f"horizon: left out: {visible(line)}", err=True)
    n_pages = len(site.pages)
    typer.echo(f"site: {site.index} ({n_pages} page{'' if n_pages == 1 else 's'} of runs)")


def print_runs(folders: Sequence[Path]) -> None:
    """Print the results of runs and how to draw them; writes nothing."""
    from horizon.api.run import load
    from horizon.report.console import open_console
    from horizon.report.results_table import print_results
    from horizon.report.write import refuse_empty

    run = load(folders)
    refuse_empty(run.analyze())
    print_results(run.analyze(), open_console())
    typer.echo(f"run folder: {folders[0]} (horizon report {folders[0]} draws its curves)")
