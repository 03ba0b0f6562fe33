"""One natural episode while it is played: its state, its history, and how it advances by a turn.

Mutable on purpose: `advance`, `restore` and `foreign_history` change the episode they are given, and nothing else
does but the turn loop that holds it. Knows environments by their contract; no model and no file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from horizon.core.environment import Environment
from horizon.core.errors import UsageError
from horizon.core.records import NO_EXTRA, ErrorKind, Json, Turn
from horizon.core.seeds import derive
from horizon.core.tool_calls import TOOL_NAME
from horizon.play.judging import substitute, wait_for
from horizon.play.padding import neutral_thinking
from horizon.play.replacement_replies import action_text, substitution_note
from horizon.play.setting import Setting
from horizon.scenarios.views import Exchange


@dataclass(frozen=True, slots=True)
class Attempt:
    """A reply without a playable action, under `retry:n`, and its error.

    `thinking` came apart from the reply; `counts` are its known tokens and time.
    """

    reply: str
    error: ErrorKind
    thinking: str = ""
    counts: Mapping[str, Json] = field(default_factory=lambda: NO_EXTRA)

    def as_json(self) -> dict[str, Json]:
        """Return the attempt as a row's `extra` keeps it."""
        thinking: dict[str, Json] = {"reasoning": self.thinking} if self.thinking else {}
        return {"reply": self.reply, "error": self.error, **thinking, **self.counts}


@dataclass(slots=True, eq=False)
class LiveEpisode:
    """An episode under way. `turn` is the number of the next turn; `errors` counts the turns in error so far.

    `note` is the next message's remark on an action that was substituted; `attempts` and `failures` are those of
    the present turn. `foreign` are the exchanges of another episode, `foreign_state` where that episode is.
    """

    episode_id: str
    index: int
    opponent: str | None
    seed: int
    state: Any
    turn: int = 1
    errors: int = 0
    note: str = ""
    history: list[Exchange] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    failures: int = 0
    foreign: list[Exchange] = field(default_factory=list)
    foreign_state: Any = None


def advance(setting: Setting, live: LiveEpisode, row: Turn, extra: dict[str, Json], *, keep_text: bool) -> None:
    """Advance the episode by a natural turn, given as its row: history, errors, note and state.

    The same whether the turn was just played or read back from the journal; `extra` is the row's, as data.
    """
    task = setting.task
    state = live.state
    if keep_text:
        *before, last = replied_exchanges(task, live, row, extra)
        live.history += [*before, _with_alternatives(task, live, row, extra, last)]
    live.errors += not row.correct
    live.note = ""
    played = _played_action(row, extra)
    if played is not None:
        if row.substituted and setting.scenario.feedback:
            live.note = substitution_note(task, state, played)
        live.state = task.step(state, played)
    live.turn += 1
    live.attempts = []
    live.failures = 0


def restore(setting: Setting, live: LiveEpisode, rows: Sequence[Turn], *, keep_text: bool) -> None:
    """Advance a new episode by its natural rows on disk; after the last of them the opponent may be to move."""
    for row in sorted(rows, key=lambda row: row.turn):
        live.state = setting.task.load(row.state)
        advance(setting, live, row, json.loads(row.extra), keep_text=keep_text)


def replied_exchanges(task: Environment[Any], live: LiveEpisode, row: Turn, extra: dict[str, Json]) -> list[Exchange]:
    """Return the exchanges of the present turn with its natural row: failed attempts, then the reply that counts."""
    attempts = [*failed_attempts(extra), Attempt(row.reply, row.error, _text(extra, "reasoning"))]
    *before, last = exchanges(task, live, attempts, erred=not row.correct)
    n_words = extra.get("thinking_words")
    if isinstance(n_words, int):
        last = replace(last, neutral=neutral_thinking(live.seed, live.episode_id, row.turn, n_words))
    return [*before, last]


def exchanges(
    task: Environment[Any], live: LiveEpisode, attempts: Sequence[Attempt], *, erred: bool
) -> list[Exchange]:
    """Return the exchanges of the present turn: its failed attempts, then the one that counts."""
    posed = task.pose(live.state)
    plain = task.observe(live.state) if live.turn > 1 else posed
    asked = live.note + plain
    turn_exchanges: list[Exchange] = []
    for place, attempt in enumerate(attempts):
        is_last = place == len(attempts) - 1
        turn_exchanges.append(
            Exchange(asked, posed, attempt.reply, erred and is_last, not is_last, plain, thinking=attempt.thinking)
        )
        asked = retry_note(task, live.state, attempt.error)
    return turn_exchanges


def failed_attempts(extra: dict[str, Json]) -> list[Attempt]:
    """Return each attempt before the last, from a row's `extra`."""
    attempts: Any = extra.get("attempts", [])
    return [Attempt(attempt["reply"], attempt["error"], attempt.get("reasoning", "")) for attempt in attempts]


def retry_note(task: Environment[Any], state: Any, error: ErrorKind) -> str:
    """Return the message that asks for a further attempt at the same turn."""
    reason = {
        "no_answer": "held no answer",
        "unparsable": "could not be read",
        "illegal": "named an action that is not legal here",
        "truncated": "was cut off before an answer",
        "refusal": "was a refusal",
        "malformed_call": f"was not exactly one valid call of the tool {TOOL_NAME}",
    }.get(error, "was wrong")
    return f"Your last reply {reason}. Try again.\n{task.observe(state)}"


def foreign_history(setting: Setting, live: LiveEpisode, n_turns: int) -> Sequence[Exchange]:
    """Return `n_turns` correct exchanges of another episode (condition `foreign`).

    They are kept in `live.foreign` and extended by what is missing; where that episode ends, another one follows.
    Its opponent plays legal actions drawn by seed.

    Raises:
        EngineFailure: a position could not be scored.
        UsageError: the environment has no oracle without a judge.
    """
    task = setting.task
    while len(live.foreign) < n_turns:
        number = len(live.foreign)
        seed = derive(live.seed, "foreign", live.episode_id, number)
        if live.foreign_state is None or task.done(live.foreign_state) is not None:
            live.foreign_state = task.reset(seed)
            opens = True
        else:
            opens = number == 0
        while task.mover(live.foreign_state) == "opponent" and task.done(live.foreign_state) is None:
            move = substitute(task, live.foreign_state, None, "legal", derive(seed, task.dump(live.foreign_state)))
            live.foreign_state = task.step(live.foreign_state, move)
        if task.done(live.foreign_state) is not None:
            continue
        state = live.foreign_state
        best = task.oracle(state, wait_for(setting.submit(state)))
        if best is None:
            raise UsageError(
                f"condition 'foreign' needs reference answers, which {task.name} has only with a judge engine: "
                "leave out judge_engine=none"
            )
        posed = task.pose(state)
        live.foreign.append(Exchange(posed if opens else task.observe(state), posed, task.render(state, best), False))
        live.foreign_state = task.step(state, best)
    return live.foreign[:n_turns]


def _with_alternatives(
    task: Environment[Any], live: LiveEpisode, row: Turn, extra: dict[str, Json], exchange: Exchange
) -> Exchange:
    """Return the exchange with what healed, corrupted and recap histories show in its place, as its row keeps it."""
    played = _played_action(row, extra)
    right, wrong = extra.get("right_reply"), extra.get("wrong_reply")
    return replace(
        exchange,
        right=row.reply if row.correct else right if isinstance(right, str) else None,
        wrong=wrong if isinstance(wrong, str) else None,
        wrong_note=_text(extra, "wrong_note"),
        draw=derive(live.seed, "corrupted", live.episode_id, row.turn) / 2**63,
        played=action_text(task, live.state, played) if played is not None else None,
    )


def _text(extra: dict[str, Json], key: str) -> str:
    value = extra.get(key)
    return value if isinstance(value, str) else ""


def _played_action(row: Turn, extra: dict[str, Json]) -> str | None:
    """Return the action that was played at a turn; None where an unplayable one ended the episode (policy `stop`)."""
    played = extra.get("played") if row.substituted else row.action if row.error in ("none", "wrong") else None
    return played if isinstance(played, str) else None
