"""The scenario: everything that decides what is played, from a TOML file or from flags.

The edge where users' values come in: checked here, plain data behind. Knows no environment or model beyond names.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from horizon.errors import UsageError
from horizon.parameters import Value
from horizon.places import shipped
from horizon.records import Json
from horizon.registry import nearest

FOLDER = shipped("scenarios")
CONDITIONS = {
    "natural": "",
    "fresh": "",
    "healed": "",
    "corrupted": "p",
    "padded": "",
    "window": "k",
    "foreign": "",
    "recap": "",
}
"""Name of each condition, and what it takes after a colon: `k` a whole number, `p` a share, or nothing."""


class Scenario(BaseModel):
    """One set-up of environment, model, opponents, conditions and seeds; frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str = Field("chess", description="environment, such as chess or hanoi")
    parameters: dict[str, Value] = Field({}, description="the environment's parameters")
    model: str = Field("smollm2", description="model, such as smollm2, hf:ORG/NAME or random")
    opponents: tuple[str, ...] = Field((), description="opponents of two-sided environments")
    conditions: tuple[str, ...] = Field(("natural", "fresh"), description="natural first; the others are probes")
    episodes: int = Field(8, ge=1, le=1_000_000, description="episodes against each opponent")
    turns: int = Field(40, ge=1, le=1_000_000, description="most model turns an episode")
    seed: int = Field(0, ge=0, lt=2**63, description="seed of everything random")
    on_error: str = Field("substitute", description="substitute, retry:n or stop")
    substitute: str = Field("sound", description="what is played for an error: sound, oracle or legal")
    feedback: bool = Field(True, description="tell the model what was played in its place")
    max_tokens: int = Field(256, ge=1, le=100_000, description="most new tokens a reply")
    temperature: float = Field(0.0, ge=0.0, le=10.0, description="0 is greedy")
    top_p: float = Field(1.0, gt=0.0, le=1.0, description="nucleus sampling's share")
    dtype: str = Field("float32", description="numbers of local models: float32, bfloat16, float16 or auto")
    batch_size: int = Field(32, ge=1, le=4096, description="requests that a model works on at once")
    cache_gb: float | None = Field(None, gt=0, description="memory for what local models have read, GiB")
    answer: Literal["generate", "score"] = Field(
        "generate", description="score: the likeliest legal reply is the answer, nothing is generated"
    )
    constrain: Literal["none", "legal"] = Field("none", description="legal: only legal replies can be generated")
    timeout_s: float = Field(60.0, gt=0, le=86_400, description="most seconds that a server may take for a reply")
    server_retries: int = Field(
        5, ge=0, le=100, description="new attempts at a server that fails, with growing pauses"
    )
    context_tokens: int | None = Field(None, ge=16, description="bound on the conversation below the model's own")
    judge_engine: str = Field("auto", description="engine that scores: auto (the environment's own), a name, or none")
    judge_nodes: int = Field(20_000, ge=100, le=100_000_000, description="nodes for each judged position")
    probe_every: int = Field(1, ge=1, le=1_000_000, description="probe only every so many turns, from the first")
    probe_turns: int | None = Field(None, ge=1, description="probe only so many turns an episode, drawn by seed")
    live_episodes: int = Field(32, ge=1, le=4096, description="episodes played at once")

    @field_validator("conditions")
    @classmethod
    def _conditions(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            split_condition(text)
        if len(set(given)) != len(given):
            raise ValueError("a condition is named twice: keep one of each")
        # Probes re-pose the states of natural trajectories, so there is no run without them.
        return ("natural", *(text for text in given if text != "natural"))

    @field_validator("on_error")
    @classmethod
    def _on_error(cls, given: str) -> str:
        if not re.fullmatch(r"substitute|stop|retry:[1-9][0-9]?", given):
            raise ValueError(f"on_error '{given}' is none of substitute, stop, retry:n (n from 1 to 99)")
        return given

    @field_validator("substitute")
    @classmethod
    def _substitute(cls, given: str) -> str:
        if given not in ("sound", "oracle", "legal"):
            raise ValueError(f"substitute '{given}' is unknown: {nearest(given, ('sound', 'oracle', 'legal'))}")
        return given

    @property
    def retries(self) -> int:
        """How many further attempts a reply without a playable action gets."""
        return int(self.on_error.partition(":")[2] or 0)

    def as_json(self) -> dict[str, Json]:
        """Return plain data for the manifest."""
        plain: dict[str, Json] = self.model_dump(mode="json")
        return plain


def split_condition(text: str) -> tuple[str, float]:
    """Return a condition's name and its number (0 where it takes none).

    Raises:
        ValueError: an unknown condition, or a number missing, out of place or out of range.
    """
    name, colon, number = text.partition(":")
    if name not in CONDITIONS:
        raise ValueError(f"unknown condition '{name}': {nearest(name, CONDITIONS)}")
    takes = CONDITIONS[name]
    if bool(takes) != bool(colon):
        raise ValueError(f"condition '{text}': write it as {name}{':' + takes if takes else ''}")
    if takes == "k" and not re.fullmatch(r"[1-9][0-9]{0,5}", number):
        raise ValueError(f"condition '{text}': '{number}' is not a whole number from 1 to 999999")
    if takes == "p" and not re.fullmatch(r"0?\.[0-9]{1,4}|[01](\.0{1,4})?", number):
        raise ValueError(f"condition '{text}': '{number}' is not a share from 0 to 1, such as 0.25")
    return name, float(number or 0)


def make(given: dict[str, Any], where: str) -> Scenario:
    """Return the scenario of these values; `where` (a file, or "command line") stands in messages.

    Raises:
        UsageError: an unknown key (with the nearest), or a value of the wrong type or out of range.
    """
    try:
        return Scenario(**given)
    except ValidationError as problem:
        first = problem.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UsageError(f"{where}: unknown key '{key}': {nearest(key, Scenario.model_fields)}") from None
        said = str(first["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{where}: {key}={first['input']!r}: {said}") from None


def names() -> tuple[str, ...]:
    """Return the names of the shipped scenarios."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read(name_or_path: str, **more: Any) -> Scenario:
    """Return a shipped scenario by name, or one from a file; `more` overrides its keys.

    Raises:
        UsageError: no such scenario, unreadable TOML (with its line), or bad values.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml" and name_or_path in names():
        path = FOLDER / f"{name_or_path}.toml"
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"no scenario '{name_or_path}': {nearest(name_or_path, names())}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"{path}: {problem}") from None
    return make({**given, **more}, str(path))
