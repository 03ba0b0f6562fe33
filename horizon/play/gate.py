"""Playing scenarios as gates: into folders of their own, and finished runs used again where nothing has changed.

Knows sessions and run folders; no test framework, and nothing of how outcomes are shown. Scenarios of one model share
its weights where these are kept (`weights.keeping_weights`).
"""

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from horizon.analysis.gates import Outcome, is_settled, overall
from horizon.core.errors import StoreError
from horizon.core.model import open_model
from horizon.core.records import Json
from horizon.play import session
from horizon.play.loop import Played
from horizon.play.stopping import judge_run, mark_judged
from horizon.runs import manifest as manifests
from horizon.runs import run_folder
from horizon.runs.journal import Lock
from horizon.scenarios.scenario import Scenario

RELEVANT = ("plan", "files", "model", "opponents", "judge", "sources", "python", "packages")
"""Parts of a manifest that must agree for a run to be used again: all but the machine, the commit and the time."""


@dataclass(frozen=True, slots=True)
class GateRun:
    """A scenario's run as a gate sees it; `stopped_after` counts instances where it stopped before the last.

    `reused` tells that nothing was played now; `failure` is the reason of an aborted episode.
    """

    folder: Path
    outcomes: tuple[Outcome, ...]
    stopped_after: int | None
    n_episodes: int
    reused: bool
    failure: str | None
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The verdict on all claims: passed, failed or undecided; aborted where too many episodes were."""
        if any(outcome.claim.figure == "aborted" and outcome.verdict == "failed" for outcome in self.outcomes):
            return "aborted"
        return overall(self.outcomes)

    @property
    def said(self) -> str:
        """Figures, intervals and counts in one line: `error rate at most 0.98: 0.41 [0.30, 0.55], 4 episodes`."""
        told = []
        for outcome in self.outcomes:
            if outcome.claim.figure == "aborted" and outcome.verdict == "passed":
                continue
            marked = "" if outcome.verdict == "passed" else f" {outcome.verdict}"
            needed = f" (about {outcome.more_episodes} more episodes)" if outcome.more_episodes else ""
            figure = f"{outcome.estimate:g}" if outcome.claim.figure == "aborted" else outcome.figure
            told.append(f"{outcome.claim.said}: {figure}{marked}{needed}")
        return ", ".join(
            [
                "; ".join(told) or "no figure expected",
                f"{self.n_episodes} episode{'s' * (self.n_episodes != 1)}",
                *(["stopped early"] if self.stopped_after is not None else []),
                *(["reused"] if self.reused else []),
            ]
        )


def play_gate(
    scenario: Scenario,
    folder: Path,
    *,
    base_urls: tuple[str, ...] = (),
    reuse: bool = False,
    watch: Callable[[Played], None] = lambda played: None,
    say: Callable[[str], None] = lambda text: None,
) -> GateRun:
    """Play a scenario until its claims are settled; a run that lies in the folder already is replaced.

    With `reuse` it is judged as it lies there when nothing relevant has changed, and gone on with where it was
    interrupted or what is expected now is not settled by it. `base_urls` are the servers of `openai:` models.

    Raises:
        UsageError: a name or folder that can't be used.
        StoreError: another process is writing the run in the folder.
        EngineFailure, ModelFailure: something needed is missing or every episode was aborted.
    """
    say(f"loading {scenario.model}")
    with closing(open_model(scenario.model, session.options_of(scenario, base_urls))) as model:
        goes_on = False
        # What is left of a run that was half removed goes too.
        if (folder / manifests.MANIFEST).exists() or run_folder.is_left_over(folder):
            changed = why_not(folder, session.manifest_of(scenario, model)) if reuse else "not asked to"
            goes_on = changed is None
            if goes_on and run_folder.is_finished(folder):
                found = _judged(folder, scenario, reused=True)
                if found.stopped_after is None or is_settled(found.outcomes):
                    return found
            elif reuse and not goes_on:
                say(f"{folder} is played anew: {changed}")
            if not goes_on:
                # Under the lock: nobody else may be writing what is thrown away.
                with Lock(folder):
                    shutil.rmtree(folder)
        finished = session.run(scenario, folder, resume=goes_on, stop="settled", model=model, watch=watch, say=say)
    return _judged(folder, scenario, reused=False, warnings=finished.warnings)


def why_not(folder: Path, made: Mapping[str, Json]) -> str | None:
    """Return why a run can't be used again in place of one that would begin with this manifest; null where it can."""
    try:
        stored = run_folder.read_manifest(folder)
    except StoreError as problem:
        return str(problem)
    difference = manifests.first_difference(
        {name: stored.get(name) for name in RELEVANT},
        {name: manifests.plain(made.get(name), name) for name in RELEVANT},
    )
    if difference is not None:
        name, was, now = difference
        return f"{name} was {was} and is {now}"
    return "episodes of it were aborted" if _failure(folder) is not None else None


def _judged(folder: Path, scenario: Scenario, *, reused: bool, warnings: tuple[str, ...] = ()) -> GateRun:
    judged = judge_run(folder, scenario)
    episodes = max((outcome.n_episodes for outcome in judged.outcomes), default=0)
    found = GateRun(folder, judged.outcomes, judged.stopped_after, episodes, reused, _failure(folder), warnings)
    mark_judged(folder, found.outcomes, found.verdict)
    return found


def _failure(folder: Path) -> str | None:
    """Return the reason of the first aborted episode."""
    for episode in run_folder.iterate_episodes(folder):
        if episode.outcome == "aborted":
            return episode.failure or "unknown"
    return None
