"""States that return within an episode, so that a correct reply earlier in the history answers the present turn.

A history whose errors were corrected shows the right reply to every earlier message. Where a message asks what an
earlier one asked, that reply is the answer, and the gain by correct replies is in part that of copying.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from horizon.core.environment import Environment
from horizon.core.errors import HorizonError
from horizon.runs.run_data import RunData

_MOST_EPISODES = 50


@dataclass(frozen=True, slots=True)
class Returning:
    """Of `n_states` states that a condition posed after turn 1, `n_returning` were posed before in their episode."""

    n_returning: int
    n_states: int


def posed_before(task: Environment[Any], states: Sequence[str]) -> list[bool]:
    """Return for each state of an episode, in the order of turns, whether an earlier one is posed by the same words.

    The words are those of a fresh dialogue: whatever a state counts, as turns or rounds, is no difference by itself.
    """
    known: set[str] = set()
    answers = []
    for state in states:
        words = task.pose(task.load(state))
        answers.append(words in known)
        known.add(words)
    return answers


def returning_states(run: RunData, condition: str) -> Returning:
    """Return the counts of a condition over the first 50 episodes of a run; 0 states if there are none to look at.

    Nor are there if the run's environment can't be opened here.
    """
    if run.turns.is_empty() or "state" not in run.turns.columns:
        return Returning(0, 0)
    asked = run.turns.filter((pl.col("condition") == condition) & (pl.col("turn") > 1))
    if asked.is_empty():
        return Returning(0, 0)
    episodes = run.turns.filter(pl.col("condition") == "natural")["episode_id"].unique().sort().head(_MOST_EPISODES)
    try:
        first = run.turns.filter(pl.col("episode_id").is_in(episodes.to_list()))
        returns = turns_that_return(run.open_environment(), first)
    except HorizonError:
        return Returning(0, 0)
    marks = [returns[place] for place in asked.select("episode_id", "turn").iter_rows() if place in returns]
    return Returning(sum(marks), len(marks))


def turns_that_return(task: Environment[Any], turns: pl.DataFrame) -> dict[tuple[str, int], bool]:
    """Return by episode and turn whether the state was posed before."""
    natural = turns.filter(pl.col("condition") == "natural").sort("episode_id", "turn")
    marks: dict[tuple[str, int], bool] = {}
    for (episode,), own in natural.group_by("episode_id", maintain_order=True):
        returns = posed_before(task, own["state"].to_list())
        marks |= {(str(episode), turn): mark for turn, mark in zip(own["turn"].to_list(), returns, strict=True)}
    return marks
