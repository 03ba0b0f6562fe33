"""What an import format hands over: games and chats with the protocol they were played under.

The contract of a format: a module of `horizon.importers`, or of another package's entry point, with `IMPORTER`, a
class that makes a `Reader`. Knows records only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, Protocol

from horizon.archives.documents import Document, Problem
from horizon.core.records import Episode, ErrorKind, Json, Turn

Side = Literal["white", "black"]
History = Literal["natural", "fresh"]


@dataclass(frozen=True, slots=True)
class Harness:
    """What a harness showed the model and how it took replies; None where the archive does not record it.

    `history` is the condition of the rows: `natural` where the model sees the whole game at every move, `fresh` where
    a new dialogue begins at every move. `prompt` is a digest of the system message and the first prompt.
    """

    name: str
    history: History
    history_shown: str
    board: str | None
    legal_moves: str | None
    attempts: int | None
    after_failure: str
    answer: str
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning: str | None = None
    prompt: str | None = None
    records: str = "the reply of every turn"
    """What of the play the archive holds: a rate means only what was recorded."""

    def as_json(self) -> dict[str, Json]:
        """Return the fields by name, for a manifest."""
        return {column.name: getattr(self, column.name) for column in fields(self)}


@dataclass(frozen=True, slots=True)
class Said:
    """A reply: its whole text, and what the harness took for its move; `is_cut` where a token limit ended it."""

    text: str
    move: str | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class ArchivedGame:
    """One model's view of one game.

    `moves` are all that were played, as written (SAN or UCI), the first `given` plies before the model's turn 1.
    `replies` holds one reply per turn of the model, where the archive has them: one more than it moved when the last
    was no move. `result` is the recorded one, `ending` what the archive calls it; `outcome` is set where the game
    ended by the harness's own rule (`forfeited`), its limit (`turn_limit`) or its breakdown (`aborted`).
    """

    name: str
    model: str
    opponent: str
    side: Side
    harness: Harness
    moves: tuple[str, ...]
    root: str | None = None
    given: int = 0
    replies: tuple[Said, ...] = ()
    result: str | None = None
    outcome: str | None = None
    ending: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """One turn of a chat that the archive itself judged; `loss` in 0..1 where its score is a number."""

    turn: int
    state: str
    reply: str
    error: ErrorKind
    loss: float | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class ArchivedChat:
    """One chat that is no game: those of its turns that were judged, of `n_turns` in all."""

    name: str
    task: str
    model: str
    harness: Harness
    turns: tuple[JudgedTurn, ...]
    n_turns: int
    outcome: str
    failure: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArchivedRows:
    """One episode whose rows Horizon itself made inside another framework; `plan` is its run's plan."""

    name: str
    model: str
    harness: Harness
    turns: tuple[Turn, ...]
    episode: Episode
    plan: Mapping[str, Json]


Found = ArchivedGame | ArchivedChat | ArchivedRows | Problem


class Reader(Protocol):
    """One format at work on one import: documents in, in any order, games out as soon as they are whole."""

    def recognises(self, document: Document) -> bool:
        """Return whether the document is of this format, by its name and its beginning."""
        ...

    def read(self, document: Document) -> Iterator[Found]:
        """Yield what the document, with those before it, holds."""
        ...

    def finish(self) -> Iterator[Found]:
        """Yield what is left when no more documents come."""
        ...
