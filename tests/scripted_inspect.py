"""A model of Inspect that needs no network: its reply depends on the conversation alone."""

import hashlib
from typing import Any

from inspect_ai.model import GenerateConfig, ModelAPI, ModelOutput, ModelUsage, modelapi

REPLIES = ["Move: A>B", "Move: A>C", "Move: B>C", "Move: C>B", "Answer: A C", "Answer: A B", "hm"]


def scripted(texts: list[str]) -> str:
    """Reply to a conversation: by its own hash a move of three disks, a wrong form, or nothing."""
    return REPLIES[hashlib.sha256("\n".join(texts).encode()).digest()[0] % len(REPLIES)]


@modelapi(name="scripted")
class Scripted(ModelAPI):
    """The provider `scripted/NAME`."""

    def __init__(self, model_name: str, config: GenerateConfig | None = None, **more: Any) -> None:
        super().__init__(model_name, config=config or GenerateConfig())

    async def generate(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:  # noqa: A002
        """Return the reply, counted as one token for each character."""
        texts = [message.text for message in input]
        output = ModelOutput.from_content(self.model_name, scripted(texts))
        n_in, n_out = sum(map(len, texts)), len(output.completion)
        output.usage = ModelUsage(input_tokens=n_in, output_tokens=n_out, total_tokens=n_in + n_out)
        return output
