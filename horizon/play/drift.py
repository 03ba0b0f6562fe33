"""Drift: the log-likelihood of the right reply at natural turns, after the history and afresh.

Scored, not counted, so that fading shows before the first error. Reads a finished run and needs its model; changes
nothing. The estimates are in `analysis.drift`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from horizon.core.errors import UsageError
from horizon.core.likelihood import ReplyScorer
from horizon.core.records import Turn
from horizon.core.seeds import derive, generator
from horizon.play.episode import LiveEpisode
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
from horizon.play.turn import request_for
from horizon.runs.drift_file import ScoredTurn
from horizon.runs.run_data import RunData


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """How many natural turns are scored, drawn by `seed`; `model` scores, None is the model that played."""

    turns: int = 240
    seed: int = 0
    model: str | None = None


def sample_turns(run: RunData, options: DriftOptions) -> list[tuple[str, int]]:
    """Return the natural turns to score, as (episode, turn), by episode and turn.

    Every episode gives as many as any other while it has them, spread over its length; a larger sample holds a
    smaller one of the same seed. Turns 1 have no history, turns without a reference answer nothing to score, and what
    did not fit into the context was not read.

    Raises
    ------
    UsageError
        A number of turns below 1, an imported run, or a run without such turns.
    """
    if options.turns < 1:
        raise UsageError(f"turns={options.turns} is out of range: at least 1")
    rows = scorable_turns(run)
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


def score_turns(
    run: RunData,
    options: DriftOptions,
    done: Collection[tuple[str, int]] = (),
    leave_out: Callable[[UnscoredConversation], None] = refuse_unscored,
) -> Iterator[ScoredTurn]:
    """Yield each sampled turn that is not done yet, scored; `leave_out` gets those that can't be scored.

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
    with opened_for_scoring(run, options.model) as (setting, scorer):
        again = posed_again(setting, run, places)
        yield from score_each(again, lambda live, rows: _score(setting, scorer, live, rows[-1]), leave_out)


def _score(setting: Setting, scorer: ReplyScorer, live: LiveEpisode, row: Turn) -> ScoredTurn:
    """Return the episode's present turn, its right reply scored after the history and without it."""
    reply = setting.task.render(live.state, row.optimal_action or "")
    requests = [request_for(setting, live, condition, None).request for condition in ("natural", "fresh")]
    natural, fresh = likelihoods(scorer, requests, reply)
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
