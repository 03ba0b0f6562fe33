"""The answer of `horizon power`: episodes needed to see a gap, for each group of a pilot run, as data and as lines."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from horizon.analysis.analyze import groups_of, load_runs
from horizon.analysis.power import needed, spread
from horizon.core.escaping import visible


def plan(folders: Sequence[Path], gap: float, power: float, against: str) -> Iterator[dict[str, Any]]:
    """Yield one object a group (model and setting) of the runs: the pilot's spread and the `plans`.

    Raises:
        UsageError: too small a pilot, or a gap or power out of range.
    """
    for labels, table in groups_of(load_runs(folders)):
        found = spread(table, "natural", against)
        yield {
            "group": " ".join(label for label in labels if label not in (None, "{}")),
            "contrast": f"natural - {against}",
            "gap": gap,
            "power": power,
            "pilot_episodes": found.n_episodes,
            "pilot_turns": found.n_turns,
            "standard_deviation_between": float(np.sqrt(found.between)),
            "standard_deviation_within": float(np.sqrt(found.within)),
            "plans": [asdict(each) for each in needed(found, gap, power)],
        }


def told(found: dict[str, Any]) -> Iterator[str]:
    """Yield the lines for a terminal."""
    yield visible(str(found["group"]))
    yield (
        f"a gap of {100 * found['gap']:g} points ({found['contrast']}) seen in {100 * found['power']:g} % of studies, "
        f"by a pilot of {found['pilot_episodes']} episodes and {found['pilot_turns']} states:"
    )
    yield f"{'probed turns an episode':>24}  {'episodes':>9}  {'95 % range by the pilot':>24}  {'states in all':>13}"
    for each in found["plans"]:
        bounds = f"{each['low']} to {each['high']}"
        yield f"{each['turns']:>24}  {each['episodes']:>9}  {bounds:>24}  {each['turns'] * each['episodes']:>13}"
