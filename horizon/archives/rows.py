"""The rows of an archived game: its seed and protocol, and the rows of a chat, whose verdicts the archive has.

A chess game's rows are made by `replay`. Pure: no disk, no engine.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from horizon.archives.games import ArchivedChat, Harness
from horizon.core.records import Episode, Turn
from horizon.core.seeds import derive


@dataclass(frozen=True, slots=True)
class Rows:
    """What one game or chat becomes in a run: its turns in order, and how it ended."""

    turns: tuple[Turn, ...]
    episode: Episode


@lru_cache(maxsize=256)
def game_seed(name: str) -> int:
    """Return a seed of the game's own, so that no two games pair as one instance."""
    return derive(0, "imported", name)


@lru_cache(maxsize=4096)
def protocol_text(harness: Harness, opponent: str | None) -> str:
    """Return the opponent and the known points of a protocol as JSON, the parameters of its rows."""
    known = {f"protocol.{name}": value for name, value in harness.as_json().items() if value is not None}
    return json.dumps(({"opponent": opponent} if opponent else {}) | known, ensure_ascii=False)


def rows_of_chat(chat: ArchivedChat, run_id: str) -> Rows:
    """Return the rows of a chat: its judged turns alone."""
    parameters = protocol_text(chat.harness, None)
    seed = game_seed(chat.name)
    turns = tuple(_chat_turns(chat, parameters, seed, run_id))
    facts = json.dumps({"turns_in_all": chat.n_turns, **chat.facts}, ensure_ascii=False)
    last = chat.turns[-1].turn if chat.turns else 0
    episode = Episode(
        run_id, chat.name, chat.task, parameters, seed, chat.model, None, last, chat.outcome, chat.failure, facts
    )
    return Rows(turns, episode)


def _chat_turns(chat: ArchivedChat, parameters: str, seed: int, run_id: str) -> Iterator[Turn]:
    errors = 0
    for turn in chat.turns:
        yield Turn(
            run_id=run_id,
            episode_id=chat.name,
            environment=chat.task,
            parameters=parameters,
            seed=seed,
            model=chat.model,
            condition=chat.harness.history,
            turn=turn.turn,
            state=turn.state,
            prompt_tokens=None,
            context_tokens=None,
            completion_tokens=turn.tokens,
            reply=turn.reply,
            action=None,
            error=turn.error,
            correct=turn.error == "none",
            loss=turn.loss,
            random_loss=None,
            optimal_action=None,
            attempts=1,
            substituted=False,
            prior_errors=errors,
            latency_ms=None,
            engine_ms=None,
            finish_reason="stop",
            extra="{}",
        )
        errors += turn.error != "none"
