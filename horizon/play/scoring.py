"""Turns of a finished run posed again to a model that scores replies: what `attribute` and `drift` share.

Opens the run's own setting without opponents and judge, and brings each turn back as it was posed. Changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, TypeVar

import polars as pl

from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.likelihood import Likelihood, ReplyScorer, refuse_continued, reply_scorer
from horizon.core.model import Request
from horizon.core.records import Turn
from horizon.play.episode import LiveEpisode, restore
from horizon.play.opening import OpenParts, open_setting
from horizon.play.plan import scenario_of
from horizon.play.setting import Setting
from horizon.runs.run_data import RunData
from horizon.scenarios.scenario import make

Scored = TypeVar("Scored")


class UnscoredConversation(ModelFailure):
    """A conversation that can't be scored, as one without room for the reply in the model's context."""


def refuse_unscored(failure: UnscoredConversation) -> None:
    """Raise the failure: what is done with a turn that can't be scored if no other way is given."""
    raise failure


def scorable_turns(run: RunData) -> pl.DataFrame:
    """Return the natural turns that can be scored.

    Turns 1 have no history, turns without a reference answer have no reply to score, and what did not fit into the
    context was never read.

    Raises
    ------
    UsageError
        It is an imported run.
    """
    refuse_imported(run)
    is_scorable = (
        (pl.col("turn") > 1) & pl.col("optimal_action").is_not_null() & pl.col("finish_reason").ne_missing("overflow")
    )
    return run.turns.filter((pl.col("condition") == "natural") & is_scorable)


def score_each(
    places: Iterator[tuple[LiveEpisode, list[Turn]]],
    score: Callable[[LiveEpisode, list[Turn]], Scored],
    leave_out: Callable[[UnscoredConversation], None],
) -> Iterator[Scored]:
    """Yield what `score` makes of each place; one that can't be scored is reported and left out."""
    for live, rows in places:
        try:
            scored = score(live, rows)
        except UnscoredConversation as failure:
            leave_out(failure)
            continue
        yield scored


def refuse_imported(run: RunData) -> None:
    """Refuse a run whose turns can't be posed again.

    Raises
    ------
    UsageError
        It was imported.
    """
    if "imported" in run.manifest:
        raise UsageError(f"{run.name} was imported: what its model was shown is not in it")


@contextmanager
def opened_for_scoring(run: RunData, model: str | None) -> Iterator[tuple[Setting, ReplyScorer]]:
    """Open a run's setting and the function that scores replies; `model` scores, None is the model that played.

    Raises
    ------
    UsageError
        The model can't score replies, or the run's replies continue a text.
    ModelFailure
        The model could not be loaded.
    """
    scenario = make(scenario_of(run.manifest), run.name)
    task = open_environment(scenario.environment, dict(scenario.parameters))
    refuse_continued(task)
    changes: dict[str, Any] = {"conditions": ("natural",), "answer": "generate", "constrain": "none"}
    if model is not None:
        changes["model"] = model
    parts = OpenParts(task, opponents={}, is_judged=False)
    with open_setting(scenario.model_copy(update=changes), parts) as setting:
        yield setting, reply_scorer(setting.model)


def posed_again(
    setting: Setting, run: RunData, places: Sequence[tuple[str, int]]
) -> Iterator[tuple[LiveEpisode, list[Turn]]]:
    """Yield the episode at each place (episode, turn) as it was posed, and its natural rows up to that turn.

    Places are in order of episode and turn: one live episode goes through its turns, so use it before the next.
    """
    for episode, own in groupby(places, key=lambda place: place[0]):
        natural = (row for row in run.turns_of(episode) if row.condition == "natural")
        rows = sorted(natural, key=lambda row: row.turn)
        live = LiveEpisode(episode, 0, None, rows[0].seed, setting.task.reset(rows[0].seed))
        n_restored = 0
        for _, turn in own:
            restore(setting, live, rows[n_restored : turn - 1], keep_text=True)
            n_restored = turn - 1
            live.state = setting.task.load(rows[turn - 1].state)
            yield live, rows[:turn]


def likelihoods(scorer: ReplyScorer, requests: Sequence[Request], reply: str) -> list[Likelihood]:
    """Return the likelihood of one reply to each request.

    Raises
    ------
    UnscoredConversation
        One of the conversations can't be scored.
    """
    scores = []
    for score in scorer(requests, [reply] * len(requests)):
        if isinstance(score, ModelFailure):
            raise UnscoredConversation(str(score))
        scores.append(score)
    return scores
