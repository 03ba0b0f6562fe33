"""Scored turns of a run, kept beside it: one sealed line for each turn, appended as it is scored.

A killed `horizon drift` continues after the last whole line; a torn one is scored again.
"""

from dataclasses import dataclass
from pathlib import Path

from horizon.core.errors import StoreError
from horizon.runs.sealed_lines import Entry, SealedLines, convert_each, read_lines

NAME = "drift.jsonl"
_AGAIN = "score the turns again"


@dataclass(frozen=True, slots=True)
class ScoredTurn:
    """The log-likelihood of one turn's right reply after the natural history and afresh, in nats.

    `n_tokens` is the length of that reply, 0 where the model has no tokenizer. `erred_before`: an earlier turn of the
    episode was an error; `is_correct`: the model's own reply at this turn was correct. `seed` is the instance.
    """

    episode_id: str
    seed: int
    turn: int
    natural: float
    fresh: float
    n_tokens: int
    erred_before: bool
    is_correct: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """All scored turns of one run, and the model that scored."""

    model: str
    turns: tuple[ScoredTurn, ...]


def read_drift(folder: Path) -> Drift | None:
    """Return what a run's file holds, up to a torn last line; None where there is none.

    Raises
    ------
    StoreError
        A line is damaged, lost or moved.
    """
    written = read_lines(folder / NAME, NAME, _AGAIN)
    if written is None:
        return None
    return Drift(written.model, tuple(convert_each(folder / NAME, written.entries, _turn, _AGAIN)))


class DriftFile:
    """The open file of a run's scored turns: what is done already, and `append` for the rest."""

    def __init__(self, folder: Path, model: str) -> None:
        """Open or begin the file.

        Raises
        ------
        UsageError
            It holds turns that another model scored.
        StoreError
            It is damaged, or can't be written.
        """
        self.path = folder / NAME
        self._lines = SealedLines(self.path, NAME, model, _AGAIN)
        try:
            self.turns = convert_each(self.path, self._lines.before.entries, _turn, _AGAIN)
        except StoreError:
            self.close()
            raise

    def append(self, scored: ScoredTurn) -> None:
        """Write one turn; when this returns it survives the death of the process.

        Raises
        ------
        StoreError
            The disk is full or gone.
        """
        self._lines.append(
            {
                "episode": scored.episode_id,
                "seed": scored.seed,
                "turn": scored.turn,
                "natural": scored.natural,
                "fresh": scored.fresh,
                "n_tokens": scored.n_tokens,
                "erred_before": scored.erred_before,
                "correct": scored.is_correct,
            }
        )
        self.turns.append(scored)

    def close(self) -> None:
        """Release the file; what was appended is on disk."""
        self._lines.close()


def _turn(entry: Entry) -> ScoredTurn:
    return ScoredTurn(
        str(entry["episode"]),
        int(entry["seed"]),
        int(entry["turn"]),
        float(entry["natural"]),
        float(entry["fresh"]),
        int(entry["n_tokens"]),
        bool(entry["erred_before"]),
        bool(entry["correct"]),
    )
