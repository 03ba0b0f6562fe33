"""The pytest fixtures that play: the model of the command line, and episodes in memory.

The one file of this room, beside the collected items, that needs pytest; the package loads it when a fixture is used.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from horizon.core.environment import Environment
from horizon.core.model import Model, ModelOptions, open_model
from horizon.play.in_memory import PlayedEpisodes, play_episodes


class Playing(Protocol):
    """What the fixture `play_episode` is: `play_episodes`, with models named in it kept open."""

    def __call__(
        self, environment: str | Environment[Any], model: str | Model = "random", **settings: Any
    ) -> PlayedEpisodes:
        """Play episodes into memory; `settings` are a scenario's keys."""
        ...


@pytest.fixture(scope="session")
def horizon_model(request: pytest.FixtureRequest) -> Iterator[Model]:
    """The model of `--model` (smollm2 without it), opened once; or that of `parametrize(..., indirect=True)`."""
    given = getattr(request, "param", None) or request.config.getoption("horizon_model", None)
    # The option may be repeatable: a test that wants several parametrises.
    name = given if isinstance(given, str) else (given or ["smollm2"])[0]
    model = open_model(name)
    yield model
    model.close()


@pytest.fixture(scope="session")
def play_episode() -> Iterator[Playing]:
    """`play_episodes` that opens each model it is given by name once for the whole session."""
    opened: dict[tuple[str, ModelOptions], Model] = {}

    def opening(name: str, options: ModelOptions) -> Model:
        if (name, options) not in opened:
            opened[name, options] = open_model(name, options)
        return opened[name, options]

    def play(environment: str | Environment[Any], model: str | Model = "random", **settings: Any) -> PlayedEpisodes:
        return play_episodes(environment, model, opening=opening, **settings)

    yield play
    for model in opened.values():
        model.close()
