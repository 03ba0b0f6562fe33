"""The versions of the text that a model reads: the parameter `prompt`, and the choice of a text by it.

A version rewords rules, messages and answer formats; states, actions, parsing and verdicts are the same in all. A new
wording gets a new version, so that a run's own stays reachable. Knows no environment.
"""

from typing import Any, Literal, cast

from horizon.core.parameters import parameter

PromptVersion = Literal["v1", "v2"]
VERSIONS: tuple[PromptVersion, ...] = ("v1", "v2")


def prompt_parameter() -> Any:
    """Declare the parameter `prompt`; at its default it is in no plan, so that earlier runs stay as they are."""
    return parameter("v1", "wording, in English: v1, or v2 in full sentences", choices=VERSIONS, added=True)


def one_line(what: str, example: str) -> str:
    """Return the answer format of v2: one line with this after its mark."""
    return (
        f"Write your reply on one line and add nothing else: the word 'Answer:' and then {what}, in this form: "
        f"Answer: {example}"
    )


def with_format(question: str, example: str) -> str:
    """Return the question of v2 with its answer format, which a model of 135M reads best at a message's end."""
    return f"{question} Reply with one line in this form: Answer: {example}"


def choose_text(prompt: str, *, v1: str, v2: str) -> str:
    """Return the text of a version."""
    return {"v1": v1, "v2": v2}[cast("PromptVersion", prompt)]
