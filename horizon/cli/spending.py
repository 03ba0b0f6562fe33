"""Prices and the cost limit on the command line, and what is printed when the limit stops a run."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from horizon.cli.continuing import resume_command
from horizon.core.errors import UsageError

if TYPE_CHECKING:
    from horizon.play.budget import Spending
    from horizon.play.session import FinishedRun

LIMIT = "--max-cost"
FLAGS = ("prices", "price_in", "price_out", "price_cached", "max_cost")
"""Options of `play` that are no key of a scenario: prices per million tokens, and the cost at which it stops."""


def spending_of(flags: dict[str, str]) -> "Spending":
    """Return prices and limit, which are removed from the flags.

    Raises:
        UsageError: a price or the limit is out of range, or one of two prices is missing.
    """
    from horizon.play.budget import Spending
    from horizon.runs.prices import price_list

    file, price_in, price_out, cached, limit = (flags.pop(name, None) for name in FLAGS)
    prices = price_list(None if file is None else Path(file), price_in, price_out, cached)
    return Spending(prices, None if limit is None else _amount(limit))


def advise_on_cost(finished: Sequence["FinishedRun"], folder: Path, limit: float | None, planned: int = 1) -> bool:
    """Print why the cost limit stopped playing and how to continue; return whether it did.

    `finished` are the runs that were started, of so many.
    """
    from horizon.runs.prices import write_cost

    if limit is None or not finished or not (finished[-1].meter.has_stopped or len(finished) < planned):
        return False
    meter = finished[-1].meter
    before = limit - meter.max_cost if meter.max_cost is not None else 0.0
    cost = meter.cost
    what = f"after {len(finished)} of {planned} runs" if planned > 1 else _episodes(finished[-1])
    if meter.has_stopped and cost is None:
        again = resume_command(folder, changed={LIMIT: None})
        reason = f"{meter.reason}, so that {LIMIT} can't be kept"
        typer.echo(f"horizon: stopped {what}: {reason}. Continue without a limit with: {again}", err=True)
        return True
    spent = before + (cost or 0.0)
    again = resume_command(folder, changed={LIMIT: _twice(max(limit, spent))})
    typer.echo(
        f"horizon: stopped at {LIMIT} {limit:g} {what}: {write_cost(spent)} spent; every turn is stored. "
        f"Continue with a higher limit, such as: {again}",
        err=True,
    )
    return True


def _episodes(finished: "FinishedRun") -> str:
    n_done = finished.played.episodes_done
    return f"with {n_done} episode{'' if n_done == 1 else 's'} ended"


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 < amount < math.inf:
        raise UsageError(f"{LIMIT} {text:.40} is no limit: give an amount above 0, as {LIMIT} 0.50")
    return amount


def _twice(amount: float) -> str:
    """Write twice an amount with two digits, rounded up."""
    digit = 10.0 ** (math.floor(math.log10(2 * amount)) - 1)
    return f"{math.ceil(2 * amount / digit) * digit:.12f}".rstrip("0").rstrip(".")
