"""The backend `random`: a legal action, all equally likely. The baseline of every skill.

Reads no text and knows no environment; the choice depends on the request's seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import Capabilities, ModelOptions, Request
from horizon.core.records import Json, Reply
from horizon.core.seeds import derive

CAPABILITIES = Capabilities(holds_weights=False, opens_cheaply=True, argument="none")


@dataclass(frozen=True, slots=True)
class RandomModel:
    """Draws uniformly among the legal actions."""

    name: str = "random"
    reads_text: bool = False

    def identity(self) -> Mapping[str, Json]:
        """Return that each legal action is equally likely; the same seed gives the same replies."""
        return {"backend": "random", "draw": "uniform over legal actions", "reproducible": True}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Answer every request with one of its legal actions. Cost: 2 microseconds each, beside the state's."""
        return [_reply(request) for request in requests]

    def count_tokens(self, text: str) -> int | None:
        """Return None: there is no tokenizer."""
        return None

    def close(self) -> None:
        """Free nothing, as nothing is held."""


def open_model(argument: str, options: ModelOptions) -> RandomModel:
    """Return the model `random`; options are ignored.

    Raises:
        UsageError: a setting was given: there are none.
    """
    if argument:
        raise UsageError(f"model random takes no settings, so not '{argument}': write just random")
    return RandomModel()


def _reply(request: Request) -> Reply | ModelFailure:
    actions = request.posed.actions()
    if not actions:
        return ModelFailure(f"no legal action in {request.posed.environment} state '{request.posed.state}'")
    # The remainder of a 63-bit number favours no action by more than one part in 2**55, and costs far less than
    # seeding a generator.
    return Reply(request.posed.render(actions[derive(request.seed, "random action") % len(actions)]))
