"""Turns of a finished run posed again to a model that scores replies: what `attribute` and `drift` share.

Opens the run's own setting without opponents and judge, and brings each turn back as it was posed. Changes nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

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
    ModelFailure
        One of the conversations can't be scored.
    """
    scores = []
    for score in scorer(requests, [reply] * len(requests)):
        if isinstance(score, ModelFailure):
            raise score
        scores.append(score)
    return scores
