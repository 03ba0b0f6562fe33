"""Progress of a run on standard error: episodes, turns per second, error rate so far, time left.

On a terminal a live bar, elsewhere a line every ten seconds; nothing where a person types the replies.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from horizon.core.model import is_interactive
from horizon.play.loop import Played
from horizon.scenarios.scenario import Scenario

_LINE_EVERY_S = 10.0
Place = TypeVar("Place")
Made = TypeVar("Made")


@contextmanager
def counting(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that takes how many are done: a bar on a terminal, elsewhere a line every ten seconds.

    For commands that continue by themselves: where Ctrl-C ends one, a line names how.
    """
    console = Console(stderr=True)
    try:
        if not console.is_terminal:
            yield _counted_lines(what, total, lambda text: console.print(text, markup=False))
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(
            *columns, TextColumn("left"), TimeRemainingColumn(), console=console, transient=True
        ) as progress:
            bar = progress.add_task(what, total=total)
            yield lambda done: progress.update(bar, completed=done)
    except KeyboardInterrupt:
        console.print(f"horizon: interrupted; what is {what} is kept, and the same command continues", markup=False)
        raise


def keep_counted(
    what: str, places: Collection[Place], done: Collection[Place], made: Iterable[Made], keep: Callable[[Made], None]
) -> None:
    """Keep each thing as it is made and count it, with those of `places` that were done before; as `counting`."""
    n_before = len(set(done) & set(places))
    with counting(what, len(places)) as watch:
        for number, one in enumerate(made, n_before + 1):
            keep(one)
            watch(number)


def _counted_lines(what: str, total: int | None, write: Callable[[str], None]) -> Callable[[int], None]:
    printed = started = time.monotonic()
    at_start: int | None = None

    def watch(done: int) -> None:
        nonlocal printed, at_start
        now = time.monotonic()
        at_start = done if at_start is None else at_start
        if now - printed >= _LINE_EVERY_S:
            printed = now
            of = f"/{total}" if total is not None else ""
            write(f"{what} {done}{of}, {(done - at_start) / (now - started):.0f}/s")

    return watch


@contextmanager
def watching(scenario: Scenario) -> Iterator[tuple[Callable[[Played], None], Callable[[str], None]]]:
    """Yield two functions: one takes the counts after each step, the other a line on what is being opened."""
    console = Console(stderr=True)
    episodes = scenario.episodes * max(1, len(scenario.opponents))
    requests = episodes * scenario.turns * len(scenario.conditions)
    started = time.monotonic()

    def print_line(text: str) -> None:
        console.print(text, markup=False)

    if is_interactive(scenario.model):
        # Nothing may be drawn over the line on which a person types.
        yield (lambda played: None), print_line
        return
    if not console.is_terminal:
        yield lines(scenario, print_line), print_line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("opening", total=requests, counts="")

        def watch(played: Played) -> None:
            # Episodes that ended early count in full, or the bar would never fill.
            waiting = episodes - played.episodes_done - played.episodes_live
            most = requests - waiting * scenario.turns * len(scenario.conditions)
            done = min(played.turns + played.probes, most)
            if played.episodes_live == 0 and waiting == 0:
                done = requests
            counts = _counts(played, episodes, time.monotonic() - started)
            progress.update(bar, completed=done, description="playing", counts=counts)

        yield watch, lambda text: progress.console.print(text, markup=False)


def lines(scenario: Scenario, write: Callable[[str], None]) -> Callable[[Played], None]:
    """Return a function that takes the counts after each step and writes a line of them every ten seconds."""
    episodes = scenario.episodes * max(1, len(scenario.opponents))
    printed = started = time.monotonic()

    def watch(played: Played) -> None:
        nonlocal printed
        now = time.monotonic()
        if now - printed >= _LINE_EVERY_S:
            printed = now
            write(_counts(played, episodes, now - started))

    return watch


def _counts(played: Played, episodes: int, seconds: float) -> str:
    rate = f"{100 * played.errors / played.turns:.0f} % in error" if played.turns else "no turn yet"
    aborted = f", {played.episodes_aborted} aborted" if played.episodes_aborted else ""
    every_s = (played.turns + played.probes) / max(seconds, 1e-9)
    return (
        f"{played.episodes_done}/{episodes} episodes{aborted}, {played.turns} turns + {played.probes} probes, "
        f"{every_s:.1f}/s, {rate}"
    )
