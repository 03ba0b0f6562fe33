"""What runs and judged turns cost, in words: lines beneath the table of results, and the page's section `Cost`.

Computes nothing: totals come from `horizon.runs.spending`, figures per turn from estimates.
"""

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.chart import single_of
from horizon.core.estimator import Estimate
from horizon.runs.prices import write_cost
from horizon.runs.spending import RunSpending, spending_of

PER_TURN = ("cost_per_turn", "seconds_per_turn", "tokens_per_turn")
"""The estimates of what a judged turn takes."""


def spending_lines(analysis: Analysis) -> list[str]:
    """Return for each run with prices what it cost, and for each model and setting what a judged turn costs."""
    totals = [row for row in spending_of(analysis.runs) if row.prices is not None]
    lines = [_turn_line(group) for group in analysis.groups] if totals else []
    return [line for line in lines if line] + [_total_line(row) for row in totals]


def write_amount(estimate: Estimate | None, unit: str = "") -> str:
    """Write an estimate of money, seconds or tokens as `0.00123 [0.00110, 0.00140]`; `-` where there is none."""
    if estimate is None or estimate.estimate is None:
        return "-"
    text = f"{write_cost(estimate.estimate, decimals=0)}{unit}"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{write_cost(estimate.low, decimals=0)}, {write_cost(estimate.high, decimals=0)}]"


def total_cells(row: RunSpending) -> tuple[str, ...]:
    """Return a run's line of the page's table: counts, tokens, cost."""
    usage = row.usage
    counts = (usage.requests, usage.input_tokens, usage.cached_tokens, usage.output_tokens)
    return (*(f"{count:,}" for count in counts), f"{usage.unknown:,}", _cost_words(row))


def _turn_line(group: Group) -> str:
    cost, seconds = (single_of(group.estimates, name) for name in ("cost_per_turn", "seconds_per_turn"))
    if cost is None:
        return ""
    time = f", {write_amount(seconds, ' s')}" if seconds is not None else ""
    return f"{group.model}, {group.setting}: {write_amount(cost)} per judged turn{time}"


def _total_line(row: RunSpending) -> str:
    usage = row.usage
    tokens = f"{usage.input_tokens:,} input and {usage.output_tokens:,} output tokens"
    names = ", ".join(row.uncounted)
    others = f"; not counted: the tokens of the opponent{'s' * (len(row.uncounted) > 1)} {names}" if names else ""
    return f"{row.run}: {_cost_words(row)} for {usage.requests:,} requests, {tokens} ({row.model}){others}"


def _cost_words(row: RunSpending) -> str:
    if row.known_cost is None:
        return "no prices"
    known = write_cost(row.known_cost, decimals=0)
    return known if not row.usage.unknown else f"{known} and what {row.usage.unknown:,} requests without counts cost"
