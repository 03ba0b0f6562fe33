"""The settings in a run's plan beside seed, episodes and model: runs that differ in them are never pooled.

Knows plans as plain data, no run folder and no estimator.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from horizon.core.parameters import distinguishing_parameters
from horizon.runs.manifest import ADDED

FREE = ("seed", "episodes", "model")
"""Settings in which runs of one sample may differ."""
LABELLED = ("parameters", "opponents")
"""Settings that every episode records itself; the version of its environment is in the plan alone."""
SPEED = ("batch_size", "live_episodes", "cache_gb", "timeout_s", "server_retries")
"""Settings of speed; by contract no reply depends on them."""
IMPORTED = ("protocol", "protocols")
"""An archive's protocols with their counts; each episode's parameters hold its own protocol."""
_MISSING = object()
_LEFT_OUT = (*FREE, *LABELLED, *SPEED, *IMPORTED)


def plan_text(plan: Mapping[str, Any] | None) -> str | None:
    """Return a plan's settings beside `FREE` and the like as JSON, in a fixed order; None without a plan."""
    if plan is None:
        return None
    kept = {
        key: sorted(value) if key == "conditions" else value
        for key, value in plan.items()
        if key not in _LEFT_OUT and ADDED.get(key, _MISSING) != value
    }
    return json.dumps(kept, sort_keys=True)


def plans_of(texts: Sequence[str | None], n_episodes: int) -> tuple[str | None, ...]:
    """Return each episode's plan; None for all if none is known."""
    return tuple(texts) if texts else (None,) * n_episodes


def differences(texts: Iterable[str | None]) -> dict[str | None, str]:
    """Return for each plan the settings in which others differ, as `temperature=0.7`; empty if there are none.

    Examples
    --------
    >>> differences(['{"temperature": 0.0, "turns": 20}', '{"temperature": 0.7, "turns": 20}'])
    {'{"temperature": 0.0, "turns": 20}': 'temperature=0.0', '{"temperature": 0.7, "turns": 20}': 'temperature=0.7'}
    """
    return distinguishing_parameters(dict.fromkeys(texts))
