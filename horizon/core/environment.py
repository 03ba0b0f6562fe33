"""The contract of an environment: a family of tasks as a pure state machine.

An environment never sees a model, an engine, a file or a clock. Engine scores come in as data, an opponent's move
comes in through `step`, and every method returns the same for equal arguments.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from horizon.core.continuation import Unit, dialogue_text
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import Value, build, split_name
from horizon.core.records import Answer, Episode, Message, Scores, Turn, Verdict
from horizon.core.registry import load
from horizon.core.tool_calls import call_text

S = TypeVar("S", bound=Hashable)
Mover = Literal["model", "opponent"]
Export = Callable[[Iterable[Turn], Iterable[Episode], str], Iterator[str]]
"""Turns the rows of a run, and the time it was created, into the text of a file."""


class Environment(Protocol[S]):
    """What the runner asks of an environment; implementations are frozen dataclasses of their parameters.

    States are immutable, hashable and serialise to text. Actions are canonical texts (`e2e4`, `A>C`), so that equal
    actions are equal strings.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    summary: ClassVar[str]
    """One line for `horizon list environments`."""
    oracle_kind: ClassVar[str]
    """What judges: `exact`, `bound`, `tablebase` or `engine`."""
    has_opponent: ClassVar[bool]

    def reset(self, seed: int) -> S:
        """Return the first state of the instance that belongs to this seed."""
        ...

    def rules(self) -> str:
        """Return the system prompt: the rules and the answer format, complete, the same for every turn."""
        ...

    def pose(self, state: S) -> str:
        """Return the full text of a state, for a model that has seen nothing before: turn 1, every `fresh` probe."""
        ...

    def observe(self, state: S) -> str:
        """Return the text of a state that follows its history; may be less than `pose`."""
        ...

    def parse(self, state: S, reply: str) -> Answer:
        """Read the action out of any text at all; never raises; time linear in the text's length."""
        ...

    def actions(self, state: S) -> tuple[str, ...]:
        """Return all legal actions in canonical text, in a fixed order; for questions, a finite set of answers."""
        ...

    def render(self, state: S, action: str) -> str:
        """Return a perfect speaker's reply that means this action, so that `parse` of it gives the action back."""
        ...

    def judge(self, state: S, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge an action; None is a reply without an action (error `no_answer`, the other fields filled)."""
        ...

    def oracle(self, state: S, scores: Scores | None = None) -> str | None:
        """Return one optimal action, or None where none can be known (an engine is needed and gave no scores)."""
        ...

    def step(self, state: S, action: str) -> S:
        """Return the state after a legal action of whoever is to move.

        Raises:
            ContractError: the action is not playable here.
        """
        ...

    def is_playable(self, state: S, action: str) -> bool:
        """Return whether `step` takes this action. Wrong answers can be playable: the true state continues."""
        ...

    def mover(self, state: S) -> Mover:
        """Return who acts next: the model or its opponent."""
        ...

    def done(self, state: S) -> str | None:
        """Return the outcome (`won`, `lost`, `draw`, `solved`, ...), or None while the episode continues."""
        ...

    def difficulty(self, state: S) -> float | None:
        """Return how hard this state is, in the environment's documented unit (larger is harder), if known."""
        ...

    def engine_position(self, state: S) -> str | None:
        """Return the position that an engine must score for `judge`, whoever is to move; None when judging is exact.

        Its text is as `position_text` has it (a FEN, or `atomic:FEN`); None too once the game is over.
        """
        ...

    def dump(self, state: S) -> str:
        """Return the state as one line of text; `load(dump(state)) == state`."""
        ...

    def load(self, text: str) -> S:
        """Return the state that a text describes.

        Raises:
            UsageError: the text describes no possible state; the message gives the fault.
        """
        ...


@dataclass(frozen=True, slots=True)
class Road:
    """A way to a state: the states in which the model was to move with its action at each, and the state reached."""

    turns: tuple[tuple[Any, str], ...]
    end: Any


class OptionalMembers(Protocol):
    """What an environment may define besides `Environment`; the functions below return the default of the others.

    Nothing else reads these names, so an environment that defines none of them needs no base class.
    """

    @property
    def default_opponent(self) -> str:
        """The opponent that is played where none is named, such as `random`; without it one must be named."""
        ...

    @property
    def main_parameter(self) -> str:
        """The parameter whose value may follow the name alone, a class variable; default none."""
        ...

    @property
    def judge_engine(self) -> str:
        """The engine that can score the environment's positions; default `stockfish`."""
        ...

    @property
    def files(self) -> Mapping[str, Path]:
        """The files that the environment reads, by the parameter that names each; default none."""
        ...

    @property
    def knobs(self) -> Mapping[str, Sequence[Value]]:
        """The parameters that make it harder, each with values from easiest to hardest; default none."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about its parameters for the person who plays it, a line each; default none."""
        ...

    def game_record(self, state: Any, *, is_whole: bool) -> str:
        """Return the game so far as text that its next move continues, under `ask=completion`; default a dialogue.

        Unless `is_whole`, the state without its history.
        """
        ...

    @property
    def replies_carry_state(self) -> bool:
        """Whether the state follows from the model's earlier replies, as no later message restates it.

        Histories are then never shown with other replies than were played; default: tried in its first instances.
        """
        ...

    def roads(self, state: Any, n_turns: int, seed: int) -> tuple[Road, Road] | None:
        """Return the last turns that led to a state, and other ones from the same state to one that is posed alike.

        None where no other way is known; default: no conditions `road:own` and `road:other`.
        """
        ...

    @property
    def exports(self) -> Mapping[str, Export]:
        """What is made of a finished run beside its tables, by file name; default nothing."""
        ...

    @property
    def shift(self) -> str:
        """The parameter that rewords the same instance, `none` for the original wording; default `none`."""
        ...


def environment_class(name: str) -> type[Any]:
    """Return the class behind an environment's name.

    Raises:
        UsageError: an unknown name (with the nearest ones).
        ContractError: the module has no `ENVIRONMENT`, or its class lacks a member of `Environment`.
        PluginError: the module is another package's and can't be imported.
    """
    module = load("environments", name)
    kind = getattr(module, "ENVIRONMENT", None)
    if not isinstance(kind, type):
        raise ContractError(f"environment {name}: {module.__name__} has no class ENVIRONMENT")
    members = {*vars(Environment), *Environment.__annotations__}
    if missing := sorted(member for member in members if not member.startswith("_") and not hasattr(kind, member)):
        raise ContractError(f"environment {name}: {kind.__name__} lacks {', '.join(missing)}")
    return kind


def default_opponent_of(task: Environment[Any]) -> str | None:
    """Return the opponent to play against where none is named, or None where the environment declares none."""
    opponent = getattr(task, "default_opponent", None)
    return None if opponent is None else str(opponent)


def without_shift(task: Environment[Any]) -> Environment[Any]:
    """Return the environment with its original wording: `shift=none` where it has such a parameter."""
    if getattr(task, "shift", "none") == "none":
        return task
    original: Environment[Any] = replace(task, shift="none")  # type: ignore[type-var]
    return original


def engine_of(task: Environment[Any]) -> str:
    """Return the engine that can score an environment's positions."""
    return str(getattr(task, "judge_engine", "stockfish"))


def files_of(task: Environment[Any]) -> dict[str, Path]:
    """Return the files that an environment reads, by the parameter that names each: its `files`, or none."""
    return dict(getattr(task, "files", {}))


def notes_of(task: Environment[Any]) -> tuple[str, ...]:
    """Return what a person who plays an environment should know of its parameters: its `notes`, or nothing."""
    return tuple(getattr(task, "notes", ()))


def knobs_of(task: Environment[Any]) -> dict[str, Sequence[Value]]:
    """Return the parameters that make an environment harder, with values from easiest to hardest: its `knobs`."""
    return dict(getattr(task, "knobs", {}))


def exports_of(task: Environment[Any]) -> dict[str, Export]:
    """Return what an environment makes of a finished run, by file name: its `exports`, or nothing."""
    return dict(getattr(task, "exports", {}))


def open_environment(text: str, more: dict[str, Value] | None = None) -> Environment[Any]:
    """Return the environment of a name such as `chess:notation=uci`; `more` holds further settings.

    Raises:
        UsageError: an unknown name, parameter or value.
    """
    name, given = split_name(text)
    kind = environment_class(name)
    twice = sorted(set(given) & set(more or {}))
    if twice:
        raise UsageError(f"'{twice[0]}' is set twice for environment {name}: keep one of them")
    environment: Environment[Any] = build(kind, {**given, **(more or {})}, f"environment {name}")
    return environment


def continuation_unit(task: Any) -> Unit:
    """Return what a model continues under `ask=completion`: a line of the dialogue, or a word of a game's record."""
    if getattr(task, "ask", "") != "completion":
        return ""
    return "word" if hasattr(task, "game_record") else "line"


def uses_tools(task: Any) -> bool:
    """Return whether the model gives its actions by calling a tool: `ask=tools`."""
    return getattr(task, "ask", "") == "tools"


def reply_naming(task: Any, text: str) -> str:
    """Return the reply that names an action by this text, in the protocol of an environment."""
    return call_text(text) if uses_tools(task) else f"Answer: {text}"


def continued_text(task: Any, state: Any, messages: Sequence[Message], *, is_whole: bool) -> str:
    """Return the text to continue at a state: the game's record, or else the conversation as text."""
    if continuation_unit(task) == "word":
        return str(task.game_record(state, is_whole=is_whole))
    return dialogue_text(messages)
