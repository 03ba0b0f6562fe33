"""The backend `careless:rate=0.2`: plays the optimal action, but at a given rate any legal one.

Reads no text, only the state behind a request; the request's own seed decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horizon.core.errors import ModelFailure
from horizon.core.model import Capabilities, ModelOptions, Request
from horizon.core.parameters import build, parameter, settings
from horizon.core.records import Json, Reply
from horizon.core.seeds import generator

CAPABILITIES = Capabilities(holds_weights=False, opens_cheaply=True)


@dataclass(frozen=True, slots=True)
class Habits:
    """How careless the player is."""

    rate: float = parameter(0.2, "probability of a random legal action", low=0.0, high=1.0)


@dataclass(frozen=True, slots=True)
class CarelessModel:
    """Plays at a rate of random actions."""

    name: str
    habits: Habits
    reads_text: bool = False

    def identity(self) -> Mapping[str, Json]:
        """Return the rate; the same seed gives the same replies."""
        return {"backend": "careless", "rate": self.habits.rate, "reproducible": True}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Answer every request."""
        return [self._answer(request) for request in requests]

    def count_tokens(self, text: str) -> int | None:
        """Return None: there is no tokenizer."""
        return None

    def close(self) -> None:
        """Free nothing, as nothing is held."""

    def _answer(self, request: Request) -> Reply | ModelFailure:
        draw, actions = generator(request.seed, "careless"), request.posed.actions()
        optimal = request.posed.optimal_action()
        action = optimal if optimal is not None and draw.random() >= self.habits.rate else draw.choice(actions)
        return Reply(request.posed.render(action))


def open_model(argument: str, options: ModelOptions) -> CarelessModel:
    """Return the player of a name such as `careless:rate=0.2`.

    Raises:
        UsageError: an unknown setting, or a rate that is no probability.
    """
    return CarelessModel(f"careless:{argument}", build(Habits, settings(argument), "model careless"))
