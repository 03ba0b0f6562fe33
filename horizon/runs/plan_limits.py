"""Keys of a run's plan that change no reply, only which requests fail: a run may be resumed with others.

So that the advice to give a server more time can be followed. Knows plans as mappings.
"""

from collections.abc import Mapping

from horizon.core.records import Json

LIMITS = ("timeout_s", "server_retries")


def with_limits_of(started: Mapping[str, Json], plan: Mapping[str, Json]) -> dict[str, Json]:
    """Return a plan with the limits that a run was started with, so that its id stays what it is."""
    return {**plan, **{key: started[key] for key in LIMITS if key in started and key in plan}}


def changed_limits(started: Mapping[str, Json], plan: Mapping[str, Json]) -> dict[str, Json]:
    """Return the limits of a plan that are not those that its run was started with."""
    return {key: plan[key] for key in LIMITS if key in plan and started.get(key) != plan[key]}
