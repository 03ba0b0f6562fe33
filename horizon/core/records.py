"""The nouns as frozen records: messages, replies, answers, verdicts, scores and the row of one turn.

Standard library only; knows nothing of environments, models, files or clocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
ErrorKind = Literal["none", "no_answer", "unparsable", "illegal", "wrong", "truncated", "refusal", "malformed_call"]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
"""`malformed_call` is a fault of format under `ask=tools` alone."""
IllegalCause = Literal[
    "no_piece",
    "other_side",
    "cannot_move_so",
    "own_man",
    "path_blocked",
    "castling",
    "promotion",
    "king_attacked",
    "keeps_check",
    "exposes_king",
    "ambiguous",
]
ILLEGAL_CAUSES: tuple[IllegalCause, ...] = get_args(IllegalCause)
"""Why a chess move can be illegal, the grossest first; `illegal_cause` in a row's `extra` is one of them."""
FinishReason = Literal["stop", "length", "overflow", "refusal"]
NO_EXTRA: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation as chat templates know it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Recall:
    """What a model may use of a conversation's earlier messages: all of them, exactly, by default.

    `hidden` are the places, from 0, of the messages whose text no other message's tokens may attend to. With `bits`
    the keys and values of the history, from the end of the rules to the end of the last reply, are rounded to so many
    bits before the last message is read.
    """

    hidden: tuple[int, ...] = ()
    bits: int | None = None


WHOLE = Recall()


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's reply to one request.

    `context_tokens` counts the whole input of the request, `prompt_tokens` the part that this turn's own message
    added to it; both are None if the backend does not report them. `finish_reason` is `length` if the token limit
    cut the reply, `overflow` if the conversation did not fit the model's context, and `refusal` if the server marks
    the text as the model's refusal to answer.
    """

    text: str
    finish_reason: FinishReason = "stop"
    prompt_tokens: int | None = None
    context_tokens: int | None = None
    completion_tokens: int | None = None
    latency_ms: float | None = None
    reasoning: str | None = None
    extra: Mapping[str, Json] = field(default_factory=lambda: NO_EXTRA)


@dataclass(frozen=True, slots=True)
class Answer:
    """The action that an environment parsed from a reply.

    `error` is `none` only if `action` is a legal action in its canonical text. With `illegal`, `action` holds the
    action that the reply named, as far as it could be parsed.
    """

    action: str | None
    error: ErrorKind = "none"


@dataclass(frozen=True, slots=True)
class Score:
    """An engine's score of one action, for the side that plays it; `win` is a probability in 0..1.

    Exactly one of `centipawns` and `mate` is set; `mate` is in moves, negative if the mover gets mated.
    """

    win: float
    centipawns: int | None = None
    mate: int | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """An engine's scores of every legal action of one position, best first; ties in the engine's order."""

    actions: Mapping[str, Score]
    engine_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one turn.

    `loss` and `random_loss` are in 0..1; `random_loss` is the mean loss over all legal actions of the state.
    None means not graded. `extra` holds additional figures of the environment for the row's `extra`.
    """

    error: ErrorKind
    loss: float | None = None
    random_loss: float | None = None
    optimal_action: str | None = None
    extra: Mapping[str, Json] = field(default_factory=lambda: NO_EXTRA)


@dataclass(frozen=True, slots=True)
class Turn:
    """One row on disk: one turn and its verdict, in the column order of the schema.

    Under `retry:n` a turn takes up to n + 1 requests; `extra["attempts"]` lists the earlier ones. `parameters` and
    `extra` are JSON text.
    `episode_id` names the natural episode; a probe's row has the same `episode_id` and `turn` as the natural
    turn whose state it re-poses, and its own `condition`.
    """

    run_id: str
    episode_id: str
    environment: str
    parameters: str
    seed: int
    model: str
    condition: str
    turn: int
    state: str
    prompt_tokens: int | None
    context_tokens: int | None
    completion_tokens: int | None
    reply: str
    action: str | None
    error: ErrorKind
    correct: bool
    loss: float | None
    random_loss: float | None
    optimal_action: str | None
    attempts: int
    substituted: bool
    prior_errors: int
    latency_ms: float | None
    engine_ms: float | None
    finish_reason: str
    extra: str


TIME_COLUMNS: tuple[str, ...] = ("latency_ms", "engine_ms")
"""The columns that may differ between two runs of one seed."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One row of `episodes.parquet`: the end of an episode.

    `outcome` is the environment's outcome (`won`, `lost`, `draw`, `solved`, ...), `turn_limit`, `error` (under
    `on_error="stop"`) or `aborted`, an infrastructure failure, with its reason in `failure`.
    """

    run_id: str
    episode_id: str
    environment: str
    parameters: str
    seed: int
    model: str
    opponent: str | None
    turns: int
    outcome: str
    failure: str | None
    extra: str
