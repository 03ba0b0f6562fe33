"""What a run's plan sets beside its seed, episodes and model: runs that differ in it are never pooled.

Knows plans as plain data, no run folder and no estimator.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from horizon.core.parameters import distinguishing_parameters

FREE = ("seed", "episodes", "model")
"""What runs of one sample may differ in."""
LABELLED = ("parameters", "opponents")
"""What each episode says for itself; of its environment it does not say the version, which the plan does."""
SPEED = ("batch_size", "live_episodes", "cache_gb", "timeout_s", "server_retries")
"""How fast a run is played; by contract no reply depends on it."""
IMPORTED = ("protocol", "protocols")
"""An archive's protocols with their counts; the parameters of each episode hold its own."""
_LEFT_OUT = (*FREE, *LABELLED, *SPEED, *IMPORTED)


def plan_text(plan: Mapping[str, Any] | None) -> str | None:
    """Return as JSON what a plan sets beside `FREE`, in a fixed order; None without a plan."""
    if plan is None:
        return None
    kept = {
        key: sorted(value) if key == "conditions" else value for key, value in plan.items() if key not in _LEFT_OUT
    }
    return json.dumps(kept, sort_keys=True)


def plans_of(texts: Sequence[str | None], n_episodes: int) -> tuple[str | None, ...]:
    """Return each episode's plan; None for all where none is known."""
    return tuple(texts) if texts else (None,) * n_episodes


def differences(texts: Iterable[str | None]) -> dict[str | None, str]:
    """Return for each plan the settings that the others have differently, as `temperature=0.7`; empty where none has.

    Examples
    --------
    >>> differences(['{"temperature": 0.0, "turns": 20}', '{"temperature": 0.7, "turns": 20}'])
    {'{"temperature": 0.0, "turns": 20}': 'temperature=0.0', '{"temperature": 0.7, "turns": 20}': 'temperature=0.7'}
    """
    return distinguishing_parameters(dict.fromkeys(texts))
