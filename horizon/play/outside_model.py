"""A placeholder for a model that is called elsewhere: by another framework's loop, or earlier in a replayed run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horizon.core.errors import ModelFailure
from horizon.core.model import Request
from horizon.core.records import Json, Reply


@dataclass(frozen=True, slots=True)
class OutsideModel:
    """Takes the model's place in a setting where no reply is asked for here; it reads text."""

    name: str
    reads_text: bool = True
    controls_recall: bool = True

    def identity(self) -> Mapping[str, Json]:
        """Return that the replies come from elsewhere."""
        return {"backend": "outside", "reproducible": False, "why": "another framework asks the model"}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Refuse: no reply is asked for here."""
        return [ModelFailure(f"{self.name} is asked by another framework") for _ in requests]

    def count_tokens(self, text: str) -> int | None:
        """Return None: there is no tokenizer."""
        return None

    def close(self) -> None:
        """Free nothing, as nothing is held."""
