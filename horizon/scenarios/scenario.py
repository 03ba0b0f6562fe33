"""The scenario: everything that decides what is played, from a TOML file or from flags; files hold one or many.

The edge where users' values come in: checked here, plain data behind. Knows no environment or model beyond names;
`scenario_checks` looks those up.

    extends = "chess"                 # a shipped scenario, or a file as "mine.toml": its keys unless set here
    models = ["smollm2", "random"]    # one scenario for each
    [grid]                            # one scenario for each combination
    temperature = [0.0, 0.7]
    [grid.parameters]
    opening = ["book", "start"]
    [[scenario]]                      # several scenarios, each with the keys above unless it sets its own
    name = "short"
    turns = 10
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from horizon.core.errors import UsageError
from horizon.core.parameters import Value
from horizon.core.records import Json
from horizon.core.registry import nearest
from horizon.scenarios.conditions import split_condition
from horizon.scenarios.expectations import ErrorRate, Expectations
from horizon.scenarios.files import FILE_KEYS, drafts_of
from horizon.scenarios.merge import Draft, KeySource, Layer, Mistake, holds, in_order, value_at
from horizon.scenarios.thinking import Thinking

_NOT_PLAYED = ("description", "expect", "alpha", "calibrate")
"""Keys that change no turn: two scenarios that differ in these alone make the same run."""


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
    thinking: Thinking = Field("drop", description="earlier thinking in histories: keep, drop, last or replace")
    max_tokens: int = Field(256, ge=1, le=100_000, description="most new tokens a reply")
    temperature: float = Field(0.0, ge=0.0, le=10.0, description="0 is greedy")
    top_p: float = Field(1.0, gt=0.0, le=1.0, description="nucleus sampling's share")
    dtype: str = Field(
        "float32", description="numbers of local models: float32, bfloat16, float16 or auto; openvino: int8"
    )
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
    calibrate: float | None = Field(
        None, gt=0, lt=1, description="error rate at turn 1 that the environment's difficulty is set to, per model"
    )
    description: str = Field("", description="one line for horizon list scenarios")
    expect: Expectations = Field(Expectations.model_validate({}), description="what the run must keep to")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="chance of a wrong verdict on what is expected")

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
        """Return what decides the turns, as plain data for the manifest: not what is expected of them."""
        plain: dict[str, Json] = self.model_dump(mode="json", exclude=set(_NOT_PLAYED))
        return plain


@dataclass(frozen=True, slots=True)
class NamedScenario:
    """One scenario of a file; `name` is readable and the same each time: `chess[model=smollm2,opening=start]`."""

    name: str
    scenario: Scenario

    @property
    def folder(self) -> str:
        """The name as one of a folder, at most 100 characters; different names have different folders."""
        plain = re.sub(r"[^A-Za-z0-9.,=+_-]+", "_", self.name).strip("_.")
        if len(plain) <= 100 and plain == self.name.replace("[", "_").replace("]", ""):
            return plain
        return f"{plain[:88]}-{blake2b(self.name.encode(), digest_size=4).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Suite:
    """All scenarios of a file."""

    name: str
    path: str
    description: str
    variants: tuple[NamedScenario, ...]


def make(given: dict[str, Any], where: str) -> Scenario:
    """Return the scenario of these values; `where` (a file, or "command line") is named in messages.

    Raises:
        UsageError: an unknown key (with the nearest), or a value of the wrong type or out of range.
    """
    made = check_draft(Draft(where, given, (Layer(KeySource(where, {}), given),)))
    if not isinstance(made, Scenario):
        raise UsageError(str(made[0]))
    return made


def read_suite(name_or_path: str, **more: Any) -> Suite:
    """Return all scenarios of a shipped file by name, or of a file; `more` overrides keys of each one.

    A key in `more` also replaces the list that a grid varies it over, so that `model="random"` plays no other model.

    Raises:
        UsageError: no such file, unreadable TOML (with its line), or bad values; the first problem of them all.
    """
    drafts = drafts_of(name_or_path, more)
    problems, variants = list(drafts.problems), list[NamedScenario]()
    for draft in drafts.drafts:
        made = check_draft(draft)
        if isinstance(made, Scenario):
            variants.append(NamedScenario(draft.name, made))
        else:
            problems += made
    if problems:
        first, *others = in_order(problems)
        more_text = f" ({len(others)} more: run horizon check {drafts.path})" if others else ""
        raise UsageError(f"{first}{more_text}")
    return Suite(drafts.name, drafts.path, drafts.description, tuple(variants))


def read(name_or_path: str, **more: Any) -> Scenario:
    """Return the scenario of a file that holds one; `more` overrides its keys.

    Raises:
        UsageError: as `read_suite`, or the file holds several.
    """
    suite = read_suite(name_or_path, **more)
    if len(suite.variants) != 1:
        names = ", ".join(variant.name for variant in suite.variants[:3])
        raise UsageError(f"{suite.path} holds {len(suite.variants)} scenarios ({names}, ...), and one is needed here")
    return suite.variants[0].scenario


def check_draft(draft: Draft) -> Scenario | tuple[Mistake, ...]:
    """Return the scenario of a draft, or everything that is wrong with its keys, types and ranges."""
    texts = tuple(_numbers_as_texts(draft))
    try:
        made = Scenario(**draft.given)
    except ValidationError as problem:
        return (*texts, *(_problem_of(draft, error) for error in problem.errors()))
    return texts or made


def _numbers_as_texts(draft: Draft) -> Iterator[Mistake]:
    """Yield the numbers that a file gives as texts; those of the command line are texts by nature."""
    for key, value in draft.given.items():
        field = Scenario.model_fields.get(key)
        if field is None or not isinstance(value, str) or str in (field.annotation, *get_args(field.annotation)):
            continue
        source = next((layer.source for layer in reversed(draft.layers) if layer.place((key,)) is not None), None)
        if source is not None and source.lines and re.fullmatch(r"\s*(true|false|[-+0-9._eE]+)\s*", value):
            yield draft.problem((key,), f"is a text: write it without quotes, {key} = {value.strip()}", repr(value))


def _problem_of(draft: Draft, error: Mapping[str, Any]) -> Mistake:
    path = tuple(error["loc"])
    while path and not holds(draft.given, path):
        # Pydantic adds which of several types it tried.
        path = path[:-1]
    if error["type"] == "extra_forbidden":
        return draft.problem(path, f"unknown key '{path[-1]}': {nearest(str(path[-1]), _known(path))}")
    if path == ("expect", "error_rate"):
        message = "write every bound as a table of its own: [[expect.error_rate]], and below it at_most = 0.2"
        return draft.problem(path, message, repr(value_at(draft.given, path))[:60])
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    value = value_at(draft.given, path)
    short = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    return draft.problem(path, message, short)


def _known(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that there are beside an unknown one."""
    if path[0] == "expect" and len(path) > 1:
        return tuple((Expectations if len(path) == 2 else ErrorRate).model_fields)
    return (*Scenario.model_fields, *FILE_KEYS)
