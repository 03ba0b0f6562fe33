"""The contract of a model: a batch of requests in, a reply or a failure for each out.

A request carries the conversation for models that read, and the posed state for those that don't (random, engines,
synthetic error processes). Knows nothing of environments' insides.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from horizon.core import registry
from horizon.core.continuation import Unit
from horizon.core.errors import ContractError, HorizonError, ModelFailure
from horizon.core.records import WHOLE, Json, Message, Recall, Reply


class Posed(Protocol):
    """The state behind a request, worked out only when asked; text models never look at it."""

    @property
    def environment(self) -> str:
        """The name of the environment played."""
        ...

    @property
    def state(self) -> str:
        """The state as text, as `Environment.dump` writes it."""
        ...

    def actions(self) -> Sequence[str]:
        """Return all legal actions in canonical form."""
        ...

    def render(self, action: str) -> str:
        """The reply that means this action."""
        ...

    def is_correct(self, action: str) -> bool:
        """Whether the judge calls this action correct; may wait for an engine."""
        ...

    def optimal_action(self) -> str | None:
        """The oracle's action; may wait for an engine."""
        ...

    def difficulty(self) -> float | None:
        """The state's difficulty in the environment's unit."""
        ...

    def position(self) -> str | None:
        """The position that an engine would be asked about, as `position_text` has it; None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One turn as a model gets it.

    `conversation` is equal for requests that continue one another, so that a backend can keep what it has already
        read; it proves nothing about the text, and a backend must check. `turn` and `prior_errors` are as shown: under
    `fresh` they are 1 and 0. `seed` is this request's own. `max_tokens` bounds the reply. `recall` is other than the
    whole only for a model whose backend declares `controls_recall`.
    """

    messages: tuple[Message, ...]
    seed: int
    conversation: str
    turn: int
    prior_errors: int
    posed: Posed
    max_tokens: int = 256
    recall: Recall = WHOLE


class Model(Protocol):
    """What replies. Made by `open_model`; holds its own resources until `close`."""

    @property
    def name(self) -> str:
        """The name the user gave."""
        ...

    @property
    def reads_text(self) -> bool:
        """Whether `Request.messages` is needed; the runner builds no conversation for a model that reads none."""
        ...

    def identity(self) -> Mapping[str, Json]:
        """Return what the manifest needs to identify this model (file hash, revision, dtype, sampling).

        `"reproducible": false`, with `"why"`, when the same seed may not give the same replies.
        """
        ...

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Answer every request, in order; a failure of the infrastructure takes its request's place.

        Raises:
            ModelFailure: nothing can be answered at all (out of memory, the model is gone).
        """
        ...

    def count_tokens(self, text: str) -> int | None:
        """Return the length of a text in the model's own tokens, or None when it has no tokenizer at hand."""
        ...

    def close(self) -> None:
        """Free processes, memory and connections; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What the command line sets for any backend; a backend ignores what it has no use for.

    `temperature` 0 is greedy. `seed` seeds sampling together with each request's own. `context_tokens` bounds the
    conversation below the model's own limit when given. `batch_size` bounds requests worked on at once, `cache_gb`
    (GiB; None: half of the free memory) what a backend keeps of the conversations it has read. `dtype` `auto` is
    bfloat16 where that is faster. `answer` score takes the likeliest legal reply instead of generating one;
    `constrain` legal generates nothing else; backends that know neither are refused by the session. With `continues`
    the last message is plain text that the model continues by that unit (`horizon.core.continuation`); a backend that
    does so has `"ask": "completion"` in its identity's `protocol`, and others are refused. With
    `calls_tools` the model gets the tool of `horizon.core.tool_calls`, and its `protocol` has `"ask": "tools"`.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    context_tokens: int | None = None
    batch_size: int = 32
    base_urls: tuple[str, ...] = ()
    timeout_s: float = 60.0
    retries: int = 5
    dtype: str = "float32"
    device: str = "auto"
    cache_gb: float | None = None
    answer: str = "generate"
    constrain: str = "none"
    continues: Unit = ""
    calls_tools: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend's module declares of itself as `CAPABILITIES`; a module without it has these defaults.

    Parameters
    ----------
    ranks_replies
        The backend implements `answer=score` and `constrain=legal`. Default: it does not, and both are refused.
    holds_weights
        An open model holds weights in this process, so that pytest plays all its scenarios in one worker. Default: it
        does; a backend that is cheap to open in every worker declares False.
    opens_cheaply
        Opening a model loads and reaches nothing, so that `horizon check` opens it to check its settings. Default: it
        may be slow, and `horizon check` only checks what `argument` declares.
    is_interactive
        A person replies: one episode at a time, no probes, and no progress bar over the input line. Default: a program
        does.
    argument
        What follows the colon of a model's name: `none`, a `name` or the path of a `file`, or `optional`, the
        default, of which nothing is checked.
    controls_recall
        An open model follows `Request.recall`, and has an attribute `controls_recall` that is True: the conditions
        that hide or round a history. Default: it does not, and these conditions are refused.
    constrains_replies
        The backend implements `constrain=legal`, and not `answer=score`. Default: the same as `ranks_replies`.
    """

    ranks_replies: bool = False
    holds_weights: bool = True
    opens_cheaply: bool = False
    is_interactive: bool = False
    argument: Literal["none", "name", "file", "optional"] = "optional"
    controls_recall: bool = False
    constrains_replies: bool = False


class Backend(Protocol):
    """What a module of `horizon.models`, or behind an entry point of that group, defines.

    It may also define `CAPABILITIES`, and `fastest_argument` (see `fastest_name`). The first line of its docstring is
    its summary in `horizon list models`.
    """

    def open_model(self, argument: str, options: ModelOptions) -> Model:
        """Return the model of a name `BACKEND:ARGUMENT`.

        Raises:
            UsageError: bad settings.
            ModelFailure: the model could not be loaded or reached.
        """
        ...


def learnt_by(model: Model) -> dict[str, dict[str, Json]]:
    """Return what a model found its servers to refuse, by server, and what it sent in its place.

    A model declares it by an optional method `learnt()`; most have none.
    """
    learnt = getattr(model, "learnt", None)
    return {str(server): dict(changes) for server, changes in learnt().items()} if callable(learnt) else {}


def capabilities_of(backend: str) -> Capabilities:
    """Return what the module of a backend declares, or the defaults.

    Raises:
        UsageError: an unknown backend (with the nearest names).
        ContractError: the module declares something else than `Capabilities`.
    """
    declared = getattr(registry.load("models", backend), "CAPABILITIES", Capabilities())
    if not isinstance(declared, Capabilities):
        raise ContractError(f"model backend {backend}: CAPABILITIES is {declared!r}: make it a Capabilities(...)")
    return declared


def holds_weights(model: str) -> bool:
    """Return whether a model of this name holds weights in its process once it is open; True for an unknown one."""
    backend = model.strip().partition(":")[0]
    with contextlib.suppress(HorizonError):
        return capabilities_of(backend).holds_weights
    return True


def is_interactive(model: str) -> bool:
    """Return whether a person replies under a model of this name; False for an unknown one."""
    with contextlib.suppress(HorizonError):
        return capabilities_of(model.strip().partition(":")[0]).is_interactive
    return False


def backends_that(capability: Literal["ranks_replies", "constrains_replies", "controls_recall"]) -> tuple[str, ...]:
    """Return the backends that declare a capability; broken plug-ins are left out."""
    names = []
    for backend in registry.names("models"):
        with contextlib.suppress(HorizonError):
            able = capabilities_of(backend)
            if getattr(able, capability) or (capability == "constrains_replies" and able.ranks_replies):
                names.append(backend)
    return tuple(names)


def fastest_name(text: str, options: ModelOptions, *, changes_recall: bool = False) -> str:
    """Return a model's name with the fastest installed engine that is exact enough, where its name leaves it open.

    A backend that has several engines chooses by a function `fastest_argument(argument, options, changes_recall)`,
    which returns the argument to open. `changes_recall`: requests will hide or round parts of their history.
    """
    backend, _, argument = text.strip().partition(":")
    choose = _engine_chooser(backend)
    if choose is None:
        return text
    argument = choose(argument, options, changes_recall=changes_recall)
    return f"{backend}:{argument}" if argument else backend


def leaves_engine_open(text: str, named: str) -> bool:
    """Return whether a name leaves open which engine plays it, and another name is that model with one engine."""
    return named.strip().partition(":")[0] == text.strip() and _engine_chooser(text.strip()) is not None


def _engine_chooser(backend: str) -> Callable[..., str] | None:
    with contextlib.suppress(HorizonError):
        choose: Callable[..., str] | None = getattr(registry.load("models", backend), "fastest_argument", None)
        return choose
    return None


def open_model(text: str, options: ModelOptions | None = None) -> Model:
    """Return the model of a name such as `smollm2`, `hf:ORG/NAME` or `uci:stockfish:level=3`.

    Raises:
        UsageError: an unknown backend (with the nearest names) or bad settings.
        ModelFailure: the model could not be loaded or reached.
        ContractError: the backend's module has no `open_model`.
    """
    backend, _, argument = text.strip().partition(":")
    module = registry.load("models", backend)
    if not callable(getattr(module, "open_model", None)):
        raise ContractError(
            f"model backend {backend}: {module.__name__} has no function open_model(argument, options)"
        )
    model: Model = module.open_model(argument, options or ModelOptions())
    return model
