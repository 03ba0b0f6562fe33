"""Which earlier turn did it: at a wrong turn one earlier turn is edited at a time, and the right reply scored again.

An effect is the log-likelihood of the right reply with that turn edited, minus that with the history as it was, in
nats: above 0 the turn did harm. Reads a finished run and needs its model; changes nothing.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import polars as pl

from horizon.core.environment import Environment
from horizon.core.errors import UsageError
from horizon.core.likelihood import ReplyScorer
from horizon.core.model import Model, Request
from horizon.core.records import Recall, Turn
from horizon.core.restating import carries_state
from horizon.core.seeds import generator
from horizon.play.episode import LiveEpisode
from horizon.play.judging import PosedState
from horizon.play.scoring import (
    UnscoredConversation,
    likelihoods,
    opened_for_scoring,
    posed_again,
    refuse_unscored,
    scorable_turns,
    score_each,
)
from horizon.play.setting import Setting
from horizon.play.turn import ANY_LENGTH, view_of
from horizon.runs.attribution_file import EDITS, ErrorMap, TurnEffect
from horizon.runs.run_data import RunData
from horizon.scenarios.conditions import show
from horizon.scenarios.views import Exchange, Shown, View, continue_with


@dataclass(frozen=True, slots=True)
class AttributionOptions:
    """What is mapped: `errors` wrong turns at most, drawn by `seed`, each earlier turn edited by `edit`.

    `model` scores; None is the model that played.
    """

    edit: str = "heal"
    errors: int = 20
    seed: int = 0
    model: str | None = None


@dataclass(frozen=True, slots=True)
class _Variant:
    """A history with one earlier turn edited: its number, whether it was an error, and what is shown."""

    turn: int
    erred: bool
    shown: Shown


def sample_errors(run: RunData, options: AttributionOptions) -> list[tuple[str, int]]:
    """Return the wrong natural turns to map, as (episode, turn), by episode and turn.

    Turns 1 have no history, turns without a reference answer nothing to score, and what did not fit into the context
    is no error of an earlier turn's making.

    Raises
    ------
    UsageError
        An unknown edit, a number of errors below 1, an imported run, or a run without such turns.
    """
    if options.edit not in EDITS:
        raise UsageError(f"edit={options.edit} is unknown: choose one of {', '.join(EDITS)}")
    if options.errors < 1:
        raise UsageError(f"errors={options.errors} is out of range: at least 1")
    wrong = scorable_turns(run).filter(~pl.col("correct"))
    places = sorted(wrong.select("episode_id", "turn").iter_rows())
    if not places:
        raise UsageError(f"{run.name} has no natural error after turn 1 with a reference answer: there is no map")
    chosen = generator(options.seed, "attribution").sample(places, min(options.errors, len(places)))
    return sorted((str(episode), int(turn)) for episode, turn in chosen)


def map_errors(
    run: RunData,
    options: AttributionOptions,
    done: Collection[tuple[str, int]] = (),
    leave_out: Callable[[UnscoredConversation], None] = refuse_unscored,
) -> Iterator[ErrorMap]:
    """Yield the map of each sampled error that is not done yet; `leave_out` gets those that can't be scored.

    Raises
    ------
    UsageError
        As `sample_errors`; or the model can't score replies, or can't hide messages.
    ModelFailure
        The model could not be loaded, or a conversation does not fit into its context.
    """
    places = [place for place in sample_errors(run, options) if place not in done]
    if not places:
        return
    with opened_for_scoring(run, options.model) as (setting, scorer):
        if options.edit == "hide" and not getattr(setting.model, "controls_recall", False):
            raise UsageError(f"{setting.model.name} can't hide messages from attention: use --edit heal")
        again = posed_again(setting, run, places)
        yield from score_each(again, lambda live, rows: _map(setting, scorer, live, rows, options.edit), leave_out)


def _map(setting: Setting, scorer: ReplyScorer, live: LiveEpisode, rows: Sequence[Turn], edit: str) -> ErrorMap:
    """Return the map of the error in the last row."""
    task, row = setting.task, rows[-1]
    view = view_of(setting, live, ANY_LENGTH)
    reply = task.render(live.state, row.optimal_action or "")
    natural = show("natural", view)
    places = _places_by_turn(view.history)
    variants = list(_variants(task, view, natural, rows, places, edit))
    posed = PosedState(task, live.state, None)
    name = f"{row.episode_id}/{row.turn}"
    before = likelihoods(scorer, [_request(f"{name}/natural", natural, posed)], reply)[0]
    after = likelihoods(
        scorer, [_request(f"{name}/{variant.turn}", variant.shown, posed) for variant in variants], reply
    )
    effects = tuple(
        TurnEffect(variant.turn, variant.erred, edited.log_likelihood - before.log_likelihood)
        for variant, edited in zip(variants, after, strict=True)
    )
    tokens_from = _tokens_from(setting.model, natural, places, reply)
    rescored = sum(tokens_from[variant.turn - 1] for variant in variants)
    read = sum(edited.read_tokens for edited in after)
    return ErrorMap(row.episode_id, row.turn, before.log_likelihood, effects, read, rescored)


def _variants(
    task: Environment[Any],
    view: View,
    natural: Shown,
    rows: Sequence[Turn],
    places_by_turn: Sequence[Sequence[int]],
    edit: str,
) -> Iterator[_Variant]:
    """Yield the history with each earlier turn edited; turns that the edit leaves as they are have no variant."""
    for turn, places in enumerate(places_by_turn, start=1):
        exchange, row = view.history[places[-1]], rows[turn - 1]
        if edit == "hide":
            hidden = tuple(message for place in places for message in (1 + 2 * place, 2 + 2 * place))
            errors = natural.prior_errors - exchange.erred
            shown = replace(natural, recall=Recall(hidden=hidden), prior_errors=errors)
            yield _Variant(turn, exchange.erred, shown)
        elif exchange.erred:
            right = _right_reply(task, exchange, row)
            if right is not None:
                yield _Variant(turn, True, _heal(view, places, right))


def _right_reply(task: Environment[Any], exchange: Exchange, row: Turn) -> str | None:
    """Return the reply that heals a turn: a correct one or, where replies carry the state, what was played."""
    if carries_state(task):
        # A wrong action that was played can't be replaced: the state follows from it.
        played = json.loads(row.extra).get("played") if row.substituted else None
        return task.render(task.load(row.state), played) if isinstance(played, str) else None
    if exchange.right is None and row.optimal_action is not None:
        return task.render(task.load(row.state), row.optimal_action)
    return exchange.right


def _heal(view: View, places: Sequence[int], right: str) -> Shown:
    """Return the conversation in which one turn has a correct reply and no failed attempt, nor a note on its error."""
    last = places[-1]
    history = list(view.history)
    # Asked as at its first attempt, with the note on an error of the turn before.
    first = history[places[0]]
    healed = replace(history[last], reply=right, erred=False, thinking="", neutral="")
    history[last] = replace(healed, asked=first.asked, posed=first.posed)
    asked = view.asked
    if last + 1 < len(history):
        following = history[last + 1]
        history[last + 1] = replace(following, asked=following.plain or following.asked)
    else:
        asked = view.plain
    del history[places[0] : last]
    return continue_with(view, history, asked)


def _places_by_turn(history: Sequence[Exchange]) -> list[list[int]]:
    """Return the places of each turn's exchanges: its failed attempts, and the one that counts."""
    turns: list[list[int]] = [[]]
    for place, exchange in enumerate(history):
        turns[-1].append(place)
        if not exchange.is_attempt:
            turns.append([])
    return turns[:-1]


def _request(conversation: str, shown: Shown, posed: PosedState) -> Request:
    return Request(shown.messages, 0, conversation, shown.turn, shown.prior_errors, posed, recall=shown.recall)


def _tokens_from(model: Model, natural: Shown, places: Sequence[Sequence[int]], reply: str) -> list[int]:
    """Return, for each earlier turn, the tokens of the texts from it to the scored reply: what no cache can hold."""
    texts = [*(message.content for message in natural.messages), reply]
    counts = [model.count_tokens(text) or 0 for text in texts]
    left = list(accumulate(reversed(counts)))[::-1]
    return [left[1 + 2 * own[0]] for own in places]
