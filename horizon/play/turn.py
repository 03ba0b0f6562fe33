"""One turn's request: the conversation that a condition shows, and which probes share a reply.

The episode is not changed, except that `foreign_history` extends the exchanges that it keeps of another one. Judging
the reply is `turn_row`. Knows no file.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from horizon.core.contracts import check_returned
from horizon.core.environment import continuation_unit, continued_text
from horizon.core.model import Request
from horizon.core.records import NO_EXTRA, Json, Message, Reply, Scores, Turn
from horizon.core.seeds import derive
from horizon.play.episode import (
    Attempt,
    LiveEpisode,
    exchanges,
    failed_attempts,
    foreign_history,
    replied_exchanges,
    retry_note,
)
from horizon.play.judging import PosedState
from horizon.play.padding import neutral_text, neutral_words, token_counter
from horizon.play.road import road_transcript, roads_of
from horizon.play.setting import Setting
from horizon.runs.usage import SHARED
from horizon.scenarios.conditions import condition_of, show
from horizon.scenarios.impulses import counted_exchange
from horizon.scenarios.views import Exchange, View


@dataclass(slots=True)
class PendingTurn:
    """One request under way: a natural turn, or a probe of one. `failures` counts those of the infrastructure.

    `shown_extra` is what the row keeps of the conversation, so that it can be shown again. `twins` are probes of the
    same conversation, which get the same reply; `is_shared` marks a reply that another row has. With `keeps_reply`
    nothing is asked: the natural reply of the turn counts.
    """

    live: LiveEpisode
    condition: str
    turn: int
    state: Any
    scores: "Future[Scores] | None"
    request: Request
    failures: int = 0
    shown_extra: Mapping[str, Json] = field(default_factory=lambda: NO_EXTRA)
    twins: "list[PendingTurn]" = field(default_factory=list)
    is_shared: bool = False
    keeps_reply: bool = False

    @property
    def is_natural(self) -> bool:
        """Whether this is the natural turn, and not a probe of its state."""
        return self.condition == "natural"


@dataclass(frozen=True, slots=True)
class Padding:
    """How long the text of condition `padded` must be.

    `natural_tokens` is the length of the natural conversation at this turn. `n_words`, as a row keeps it, gives the
    same text again without the model's tokenizer.
    """

    natural_tokens: int | None = None
    n_words: int | None = None


_NATURAL_ONLY = (
    "reasoning",
    "call_fault",
    "attempts",
    "right_reply",
    "wrong_reply",
    "wrong_note",
    "thinking_words",
    "played",
    "difficulty",
    SHARED,
)
"""Keys of a natural row's `extra` that its probes do not repeat, or have from elsewhere."""

ANY_LENGTH = Padding()
"""As long as the harness counts the natural conversation."""


def request_for(
    setting: Setting,
    live: LiveEpisode,
    condition: str,
    scores: "Future[Scores] | None",
    padding: Padding = ANY_LENGTH,
    natural: Turn | None = None,
) -> PendingTurn:
    """Return the request of the episode's present turn, as a condition shows it.

    `natural` is the turn's natural row, for conditions that show its reply.

    Raises:
        EngineFailure: a foreign episode's position could not be scored.
        UsageError: condition `foreign` without reference answers.
    """
    model, is_natural = setting.model, condition == "natural"
    n_attempts = len(live.attempts) if is_natural else 0
    posed = PosedState(setting.task, live.state, scores)
    seed = derive(setting.scenario.seed, "reply", live.episode_id, condition, live.turn, n_attempts)
    key = live.episode_id if is_natural else f"{live.episode_id}/{condition}/{live.turn}"
    max_tokens = setting.scenario.max_tokens
    if not model.reads_text and not condition_of(condition).needs_history:
        # No conversation is built for a model that reads none.
        turn, errors = (live.turn, live.errors) if is_natural else (1, 0)
        request = Request((), seed, key, turn, errors, posed, max_tokens)
        return PendingTurn(live, condition, live.turn, live.state, scores, request)
    if natural is not None and condition_of(condition).needs_reply:
        view = _replied_view(setting, live, natural)
    else:
        view = view_of(setting, live, padding, live.attempts if is_natural else ())
    donor = setting.donors.get(condition)
    if donor is not None:
        view = replace(view, transplant=lambda: donor.transcript(setting, live))
    if condition_of(condition).needs_impulse:
        view = replace(view, impulse=impulse_turn(setting, live))
    view = replace(view, road=lambda which: road_transcript(setting, live, which))
    shown = show(condition, view)
    messages = shown.messages
    if continuation_unit(setting.task):
        is_whole = is_natural or live.turn == 1
        text = continued_text(setting.task, live.state, messages, is_whole=is_whole)
        messages = (Message("user", text),)
    request = Request(messages, seed, key, shown.turn, shown.prior_errors, posed, max_tokens, shown.recall)
    return PendingTurn(
        live,
        condition,
        live.turn,
        live.state,
        scores,
        request,
        shown_extra=shown.extra,
        keeps_reply=shown.keeps_reply,
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """A natural turn that was answered: its row, the reply, and the conversation; None where that can't be shared."""

    row: Turn
    reply: Reply
    request: Request | None


def impulse_turn(setting: Setting, live: LiveEpisode) -> int:
    """Return the turn of the episode's impulses: drawn from the first half of the turn limit by the episode's seed."""
    return 1 + derive(live.seed, "impulse", live.episode_id) % max(1, setting.scenario.turns // 2)


def is_posed(setting: Setting, live: LiveEpisode, condition: str) -> bool:
    """Return whether a condition can pose the present state.

    No other transcript or order of moves may lead to it, and impulses need an earlier turn with the reply to show.
    """
    own = condition_of(condition)
    if own.needs_impulse:
        changed = counted_exchange(live.history, impulse_turn(setting, live))
        if changed is None:
            return False
        replies = {"right_reply": changed.right, "wrong_reply": changed.wrong}
        return all(replies[kind] is not None for kind in own.alternatives if kind in replies)
    if own.needs_roads:
        return roads_of(setting, live) is not None
    donor = setting.donors.get(condition)
    return donor is None or donor.came_to(setting.task, live)


def is_answered_once(setting: Setting, condition: str) -> bool:
    """Return whether a probe takes the reply that the same conversation got already: where replies are greedy.

    A model that reads no text draws by the request's seed, so it is asked again.
    """
    is_greedy = setting.model.reads_text and setting.scenario.temperature == 0
    return is_greedy and not condition_of(condition).repeats


def is_twin(setting: Setting, queued: PendingTurn, probe: PendingTurn) -> bool:
    """Return whether a queued probe of the same turn poses the same conversation."""
    is_same_turn = queued.live is probe.live and queued.turn == probe.turn
    is_shared = is_same_turn and is_answered_once(setting, queued.condition)
    return is_shared and poses_the_same(queued.request, probe.request)


def poses_the_same(one: Request, other: Request) -> bool:
    """Return whether two requests pose one conversation, of which the model may use the same."""
    return (one.messages, one.recall) == (other.messages, other.recall)


def answered_before(setting: Setting, live: LiveEpisode, row: Turn, scores: "Future[Scores] | None") -> Answered:
    """Return the natural turn of a row that is on disk; after failed attempts no probe has its conversation."""
    extra = json.loads(row.extra)
    reasoning = extra.get("reasoning")
    kept = {name: value for name, value in extra.items() if name not in _NATURAL_ONLY}
    reply = Reply(
        row.reply,
        prompt_tokens=row.prompt_tokens,
        context_tokens=row.context_tokens,
        completion_tokens=row.completion_tokens,
        latency_ms=row.latency_ms,
        finish_reason=row.finish_reason,  # type: ignore[arg-type]
        reasoning=reasoning,
        extra=kept,
    )
    is_shareable = row.attempts == 1 and setting.model.reads_text
    request = request_for(setting, live, "natural", scores).request if is_shareable else None
    return Answered(row, reply, request)


def view_of(setting: Setting, live: LiveEpisode, padding: Padding, attempts: Sequence[Attempt] = ()) -> View:
    """Return what conditions can choose from at the episode's present turn, after these failed attempts."""
    task = setting.task
    posed = check_returned(task.pose(live.state), str, f"environment {task.name}: pose")
    plain = (
        posed if live.turn == 1 else check_returned(task.observe(live.state), str, f"environment {task.name}: observe")
    )
    asked = posed if live.turn == 1 else live.note + plain
    history: Sequence[Exchange] = live.history
    if attempts:
        failed = exchanges(task, live, attempts, erred=False)
        history = [*history, *(replace(exchange, is_attempt=True) for exchange in failed)]
        asked = posed = retry_note(task, live.state, attempts[-1].error)
    view = View(
        task.rules(),
        history,
        asked,
        posed,
        plain,
        lambda: foreign_history(setting, live, live.turn - 1),
        thinking=setting.scenario.thinking,
    )
    return replace(view, padding=lambda: _padding_text(setting, live, view, padding))


def _replied_view(setting: Setting, live: LiveEpisode, row: Turn) -> View:
    """Return the view with the natural reply of the present turn, given as its row."""
    extra = json.loads(row.extra)
    view = view_of(setting, live, ANY_LENGTH, failed_attempts(extra))
    *_, replied = replied_exchanges(setting.task, live, row, extra)
    is_playable = row.error in ("none", "wrong") and not row.substituted
    again = None if is_playable else retry_note(setting.task, live.state, row.error)
    return replace(view, replied=replied, again=again)


def _padding_text(setting: Setting, live: LiveEpisode, view: View, padding: Padding) -> str:
    """Return neutral text as long as the history in the model's tokens, what the chat template adds included."""
    seed = derive(live.seed, "padding", live.episode_id)
    if padding.n_words is not None:
        return neutral_words(seed, padding.n_words)
    # Without a tokenizer the caller scales the count by what the server counted.
    count = token_counter(setting.model)
    natural = show("natural", view).messages
    counted = sum(count(message.content) for message in natural)
    own = count(natural[0].content) + count(view.posed)
    if padding.natural_tokens is None:
        n_tokens = counted - own
    elif setting.model.count_tokens("") is None:
        n_tokens = round((counted - own) * counted / max(1, padding.natural_tokens))
    else:
        # The template's tokens for each message, and for the reply that it opens, are the same everywhere.
        per_message = (padding.natural_tokens - counted) / (len(natural) + 1)
        n_tokens = round(padding.natural_tokens - own - 3 * per_message)
    return neutral_text(seed, n_tokens, count)
