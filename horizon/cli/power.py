"""The text of `horizon power`: one block of lines per group of the pilot."""

from collections.abc import Iterator

from horizon.analysis.power_plan import PowerPlan
from horizon.core.escaping import visible


def lines(plan: PowerPlan) -> Iterator[str]:
    """Yield the lines for a terminal."""
    yield visible(plan.group)
    yield (
        f"to detect a gap of {100 * plan.gap:g} points ({plan.contrast}) with power {100 * plan.power:g} %, "
        f"from a pilot of {plan.pilot_episodes} episodes and {plan.pilot_turns} states:"
    )
    yield f"{'probed turns per episode':>24}  {'episodes':>9}  {'95 % range by the pilot':>24}  {'states in all':>13}"
    for need in plan.plans:
        bounds = f"{need.low} to {need.high}"
        yield f"{need.turns:>24}  {need.episodes:>9}  {bounds:>24}  {need.turns * need.episodes:>13}"
