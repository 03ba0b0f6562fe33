"""Drift: the log-likelihood of the right reply at natural turns, after the history and afresh.

Scored, not counted, so that fading shows before the first error. Reads a finished run and needs its model; changes
nothing. The estimates are in `analysis.drift`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from horizon.core.environment import open_environment
from horizon.core.errors import ModelFailure, UsageError
from horizon.core.likelihood import ReplyScorer, refuse_continued, reply_scorer
from horizon.core.records import Turn
from horizon.core.seeds import derive, generator
from horizon.play.episode import LiveEpisode, restore
from horizon.play.opening import OpenParts, open_setting
from horizon.play.plan import scenario_of
from horizon.play.setting import Setting
from horizon.play.turn import request_for
from horizon.runs.drift_file import ScoredTurn
from horizon.runs.run_data import RunData
from horizon.scenarios.scenario import make


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """How many natural turns are scored, drawn by `seed`; `model` scores, None is the model that played."""

    turns: int = 240
    seed: int = 0
    model: str | None = None


def sample_turns(run: RunData, options: DriftOptions) -> list[tuple[str, int]]:
    """Return the natural turns to score, as (episode, turn), by episode and turn.

    Every episode gives as many as any other while it has them, spread over its length; a larger sample holds a
    smaller one of the same seed. Turns 1 have no history, and turns without a reference answer nothing to score.

    Raises
    ------
    UsageError
        A number of turns below 1, an imported run, or a run without such turns.
    """
    if options.turns < 1:
        raise UsageError(f"turns={options.turns} is out of range: at least 1")
    if "imported" in run.manifest:
        raise UsageError(f"{run.name} was imported: what its model was shown is not in it")
    rows = run.turns.filter(
        (pl.col("condition") == "natural") & (pl.col("turn") > 1) & pl.col("optimal_action").is_not_null()
    )
    turns: dict[str, list[int]] = {}
    for episode, turn in sorted(rows.select("episode_id", "turn").iter_rows()):
        turns.setdefault(str(episode), []).append(int(turn))
    if not turns:
        raise UsageError(f"{run.name} has no natural turn after turn 1 with a reference answer: nothing can be scored")
    episodes = generator(options.seed, "drift").sample(sorted(turns), len(turns))
    orders = {episode: spread_order(turns[episode], derive(options.seed, "drift", episode)) for episode in episodes}
    deepest = max(len(order) for order in orders.values())
    rounds = (
        (episode, orders[episode][place])
        for place in range(deepest)
        for episode in episodes
        if place < len(orders[episode])
    )
    return sorted(chosen for chosen, _ in zip(rounds, range(options.turns), strict=False))


def spread_order(turns: Sequence[int], seed: int) -> list[int]:
    """Return the turns in an order whose every beginning is spread over their range, from a start by seed.

    Source: van der Corput (1935), Verteilungsfunktionen, Proc. Kon. Ned. Akad. v. Wetensch. 38, 813-821 (base 2), with
    a random shift, by which every turn is equally likely to be in a sample of any size.
    """
    n_turns, n_bits = len(turns), max(1, (len(turns) - 1).bit_length())
    reversed_bits = (int(f"{number:0{n_bits}b}"[::-1], 2) for number in range(2**n_bits))
    places = (number * n_turns // 2**n_bits for number in reversed_bits)
    return [turns[(place + seed) % n_turns] for place in dict.fromkeys(places)]


def score_turns(run: RunData, options: DriftOptions, done: Collection[tuple[str, int]] = ()) -> Iterator[ScoredTurn]:
    """Yield each sampled turn that is not done yet, scored.

    Raises
    ------
    UsageError
        As `sample_turns`; or the model can't score replies.
    ModelFailure
        The model could not be loaded, or a conversation does not fit into its context.
    """
    places = [place for place in sample_turns(run, options) if place not in done]
    if not places:
        return
    scenario = make(scenario_of(run.manifest), run.name)
    task = open_environment(scenario.environment, dict(scenario.parameters))
    refuse_continued(task)
    changes: dict[str, Any] = {"conditions": ("natural",), "answer": "generate", "constrain": "none"}
    if options.model is not None:
        changes["model"] = options.model
    parts = OpenParts(task, opponents={}, is_judged=False)
    with open_setting(scenario.model_copy(update=changes), parts) as setting:
        scorer = reply_scorer(setting.model)
        rows: list[Turn] = []
        for episode, turn in places:
            if not rows or rows[0].episode_id != episode:
                natural = (row for row in run.turns_of(episode) if row.condition == "natural")
                rows = sorted(natural, key=lambda row: row.turn)
            yield _score(setting, scorer, rows[:turn])


def _score(setting: Setting, scorer: ReplyScorer, rows: Sequence[Turn]) -> ScoredTurn:
    """Return the turn of the last row, its right reply scored after the rows before it and without them."""
    task, row = setting.task, rows[-1]
    live = LiveEpisode(row.episode_id, 0, None, row.seed, task.reset(row.seed))
    restore(setting, live, rows[:-1], keep_text=True)
    live.state = task.load(row.state)
    reply = task.render(live.state, row.optimal_action or "")
    requests = [request_for(setting, live, condition, None).request for condition in ("natural", "fresh")]
    scores = []
    for likelihood in scorer(requests, [reply, reply]):
        if isinstance(likelihood, ModelFailure):
            raise likelihood
        scores.append(likelihood)
    natural, fresh = scores
    return ScoredTurn(
        row.episode_id,
        row.seed,
        row.turn,
        natural.log_likelihood,
        fresh.log_likelihood,
        natural.reply_tokens,
        row.prior_errors > 0,
        row.correct,
    )
