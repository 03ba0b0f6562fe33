"""Maps of responsible turns, kept beside a run: one sealed line for each error, appended as it is computed.

A killed `horizon attribute` continues after the last whole line; a torn one is computed again.
"""

from dataclasses import dataclass
from pathlib import Path

from horizon.core.errors import StoreError
from horizon.runs.sealed_lines import Entry, SealedLines, convert_each, read_lines

NAME = "attribution-{edit}.jsonl"
EDITS = ("heal", "hide")
"""`heal` shows a correct reply in place of an error; `hide` removes a turn's messages from attention."""
_AGAIN = "map the errors again"


@dataclass(frozen=True, slots=True)
class TurnEffect:
    """What editing one earlier turn does to the log-likelihood of the right reply, in nats; `erred`: it was wrong."""

    turn: int
    erred: bool
    effect: float


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """One wrong turn, the log-likelihood of its right reply as played, and the effect of every edited earlier turn.

    `read_tokens` were read for the edited histories; `rescored_tokens` are those of the turns from each edited one to
    the scored reply, which no cache can hold.
    """

    episode_id: str
    turn: int
    log_likelihood: float
    effects: tuple[TurnEffect, ...]
    read_tokens: int
    rescored_tokens: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """All maps of one run by one edit, and the model that scored."""

    model: str
    edit: str
    maps: tuple[ErrorMap, ...]


def read_attribution(folder: Path, edit: str) -> Attribution | None:
    """Return what a run's file of an edit holds, up to a torn last line; None where there is none.

    Raises
    ------
    StoreError
        A line is damaged, lost or moved.
    """
    written = read_lines(folder / NAME.format(edit=edit), edit, _AGAIN)
    if written is None:
        return None
    path = folder / NAME.format(edit=edit)
    return Attribution(written.model, edit, tuple(convert_each(path, written.entries, _map, _AGAIN)))


class AttributionFile:
    """The open file of one edit: what is done already, and `append` for the rest."""

    def __init__(self, folder: Path, edit: str, model: str) -> None:
        """Open or begin the file.

        Raises
        ------
        UsageError
            It holds maps by another model.
        StoreError
            It is damaged, or can't be written.
        """
        self.path = folder / NAME.format(edit=edit)
        self._lines = SealedLines(self.path, edit, model, _AGAIN)
        try:
            self.maps = convert_each(self.path, self._lines.before.entries, _map, _AGAIN)
        except StoreError:
            self.close()
            raise

    def append(self, error: ErrorMap) -> None:
        """Write one map; when this returns it survives the death of the process.

        Raises
        ------
        StoreError
            The disk is full or gone.
        """
        self._lines.append(
            {
                "episode": error.episode_id,
                "turn": error.turn,
                "log_likelihood": error.log_likelihood,
                "effects": [[effect.turn, effect.erred, effect.effect] for effect in error.effects],
                "read_tokens": error.read_tokens,
                "rescored_tokens": error.rescored_tokens,
            }
        )
        self.maps.append(error)

    def close(self) -> None:
        """Release the file; what was appended is on disk."""
        self._lines.close()


def _map(entry: Entry) -> ErrorMap:
    effects = tuple(TurnEffect(int(turn), bool(erred), float(effect)) for turn, erred, effect in entry["effects"])
    return ErrorMap(
        str(entry["episode"]),
        int(entry["turn"]),
        float(entry["log_likelihood"]),
        effects,
        int(entry["read_tokens"]),
        int(entry["rescored_tokens"]),
    )
