"""Playing a scenario until its claims are settled: more instances from look to look, never more than it plans.

Looks come after fixed numbers of instances, all of them ended, in order of index: no episode counts for being quick,
and the same seed stops at the same place. Knows run folders and gates, no model and no environment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from horizon.analysis.gate_sums import Limits
from horizon.analysis.gates import Outcome, checkpoints, decide, is_settled, overall
from horizon.analysis.turn_frame import STORED
from horizon.analysis.turn_table import load_table
from horizon.core.records import Episode, Json, Turn
from horizon.play.loop import Played
from horizon.runs import manifest as manifests
from horizon.runs import run_folder
from horizon.scenarios.scenario import Scenario

STOPPED = manifests.STOPPED
"""The manifest's key for a run that was settled before all its episodes were played."""

GATE = manifests.GATE
"""The manifest's key for how the run kept what was expected of it when it was last judged."""


class PlaysSome(Protocol):
    """What plays the instances that are ours, less what `turns` and `episodes` hold: `runner.play`, its run given."""

    def __call__(
        self,
        *,
        turns: Sequence[Turn],
        episodes: Sequence[Episode],
        is_ours: Callable[[int], bool],
        watch: Callable[[Played], None],
    ) -> Played:
        """Return the counts of this call."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A run's outcomes, one a claim, and how many of the planned instances they rest on where not on all of them."""

    outcomes: tuple[Outcome, ...]
    stopped_after: int | None = None


def limits_of(scenario: Scenario) -> Limits:
    """Return the most that an instance of this scenario can be played and probed."""
    return Limits(scenario.turns, scenario.probe_every, scenario.probe_turns, max(1, len(scenario.opponents)))


def judge_run(folder: Path, scenario: Scenario) -> Judged:
    """Judge what a run folder holds by what the scenario expects.

    Raises:
        StoreError: the folder is no readable run.
    """
    stopped: Any = run_folder.read_manifest(folder).get(STOPPED)
    most = int(stopped["episodes"]) if stopped else None
    return Judged(_outcomes(folder, scenario, most or scenario.episodes), most)


def mark_judged(folder: Path, outcomes: Sequence[Outcome], verdict: str) -> None:
    """Write into the manifest what was expected and what came of it, for badges and for readers of the folder."""
    claims: list[Json] = [outcome.as_json() for outcome in outcomes]
    gate = manifests.plain({"verdict": verdict, "outcomes": claims})
    manifests.write(folder, {**run_folder.read_manifest(folder), GATE: gate})


def play_until_settled(
    scenario: Scenario,
    folder: Path,
    play_some: PlaysSome,
    turns: Sequence[Turn],
    episodes: Sequence[Episode],
    watch: Callable[[Played], None],
    is_cut: Callable[[], bool] = lambda: False,
) -> Played:
    """Play until every claim is settled or every planned episode played, and write into the manifest which it was.

    Where `is_cut` is true, playing stopped for another reason, and nothing is judged.

    Raises:
        EngineFailure, ModelFailure: every episode so far was aborted.
    """
    total = Played()
    for most in checkpoints(scenario.episodes):
        first = range(most)
        played = play_some(
            turns=turns, episodes=episodes, is_ours=first.__contains__, watch=partial(_watch_on, watch, total)
        )
        total = _add(total, played)
        if is_cut():
            return total
        outcomes = _outcomes(folder, scenario, most)
        if is_settled(outcomes):
            break
        episodes = list(run_folder.iterate_episodes(folder))
    if most == scenario.episodes:
        mark_stopped(folder, None)
    else:
        texts: list[Json] = [outcome.text for outcome in outcomes]
        stopped = {"episodes": most, "of": scenario.episodes, "verdict": overall(outcomes), "outcomes": texts}
        mark_stopped(folder, manifests.plain(stopped))
    return total


def mark_stopped(folder: Path, stopped: Json) -> None:
    """Write into the manifest where and why the run stopped early; None where it did not."""
    others = {key: value for key, value in run_folder.read_manifest(folder).items() if key != STOPPED}
    manifests.write(folder, {**others, STOPPED: stopped} if stopped else others)


def _outcomes(folder: Path, scenario: Scenario, most: int) -> tuple[Outcome, ...]:
    """Judge the ended episodes of the first instances; what an interrupted run played beyond them waits its turn."""
    ended = run_folder.read_episodes(folder)
    index = pl.col("episode_id").str.extract(r"#(\d+)$").cast(pl.Int64)
    ended = ended.filter(index < most)
    turns = run_folder.read_turns(folder, STORED).join(ended, on=("run_id", "episode_id"), how="semi")
    return decide(scenario.expect.claims(), load_table(turns, ended), scenario.alpha, limits_of(scenario))


def _watch_on(watch: Callable[[Played], None], before: Played, played: Played) -> None:
    watch(_add(before, played))


def _add(before: Played, played: Played) -> Played:
    """Return the counts of two calls: turns count what each has played, episodes already count the whole run."""
    return replace(
        played,
        turns=before.turns + played.turns,
        probes=before.probes + played.probes,
        errors=before.errors + played.errors,
    )
