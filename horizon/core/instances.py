"""The seeds of a run's instances: the same for every model, opponent and shift."""

import itertools
from collections.abc import Iterator
from typing import Any

from horizon.core.environment import Environment, without_shift
from horizon.core.seeds import derive

_DRAWS = 50


def episode_seed(seed: int, environment: str, index: int) -> int:
    """Return the seed of an instance: the same for every model and opponent, so that runs pair on it."""
    return derive(seed, "environment", environment, index)


def distinct_seeds(task: Environment[Any], seed: int) -> Iterator[int]:
    """Yield the seeds of instance 0, 1, 2, ...; an instance with the text of an earlier one is drawn again.

    The same for every model, opponent and shift. An environment with few instances repeats them after 50 failed draws.
    Cost: one `pose` per instance.
    """
    seen_texts: set[int] = set()
    # Compared without a shift: seeded names or letters would hide that two instances are equal.
    task = without_shift(task)
    for index in itertools.count():
        instance_seed, attempt = episode_seed(seed, task.name, index), 1
        text = hash(task.pose(task.reset(instance_seed)))
        while text in seen_texts and attempt < _DRAWS:
            instance_seed, attempt = derive(seed, "environment", task.name, index, attempt), attempt + 1
            text = hash(task.pose(task.reset(instance_seed)))
        seen_texts.add(text)
        yield instance_seed
