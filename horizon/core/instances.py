"""The seeds of a run's instances: the same for every model, opponent and shift."""

import itertools
from collections.abc import Iterator
from typing import Any

from horizon.core.environment import Environment, unshifted
from horizon.core.seeds import derive

_DRAWS = 50


def episode_seed(seed: int, environment: str, index: int) -> int:
    """Return the seed of an instance: the same for every model and opponent, so that runs pair on it."""
    return derive(seed, "environment", environment, index)


def distinct_seeds(task: Environment[Any], seed: int) -> Iterator[int]:
    """Yield the seeds of instance 0, 1, 2, ...; an instance told as an earlier one was is drawn again.

    The same for every model, opponent and shift. Where an environment has few instances they come again all the same,
    after 50 draws in vain. Cost: one `pose` an instance.
    """
    told: set[int] = set()
    # Names or letters that go by seed would hide that two instances are one.
    task = unshifted(task)
    for index in itertools.count():
        found, attempt = episode_seed(seed, task.name, index), 1
        text = hash(task.pose(task.reset(found)))
        while text in told and attempt < _DRAWS:
            found, attempt = derive(seed, "environment", task.name, index, attempt), attempt + 1
            text = hash(task.pose(task.reset(found)))
        told.add(text)
        yield found
