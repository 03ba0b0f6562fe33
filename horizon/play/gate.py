"""Scenarios as gates: each is played into its own folder, and a finished run is reused where nothing has changed.

Knows sessions and run folders; no test framework, and not how outcomes are shown. Scenarios of one model share its
weights where these are kept (`weight_cache.keeping_weights`).
"""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from horizon.analysis.gates import Outcome, is_settled, overall
from horizon.core.environment import exports_of
from horizon.core.errors import StoreError
from horizon.core.records import Json
from horizon.play import session
from horizon.play.calibration import open_calibrated
from horizon.play.loop import Played
from horizon.play.opening import OpenParts
from horizon.play.plan import as_started
from horizon.play.stopping import judge_run, mark_judged
from horizon.runs import manifest as manifests
from horizon.runs import run_folder
from horizon.runs.lock import Lock
from horizon.scenarios.scenario import Scenario

RELEVANT = ("plan", "files", "model", "opponents", "judge", "sources", "python", "packages")
"""Parts of a manifest that must agree for a run to be reused: all but the machine, the commit and the time."""


@dataclass(frozen=True, slots=True)
class GateRun:
    """A scenario's run and its outcomes; `stopped_after` counts the instances of a run that stopped early.

    `reused`: nothing was played now. `failure` is the reason of the first aborted episode.
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
    def text(self) -> str:
        """Figures, intervals and counts in one line: `error rate at most 0.98: 0.41 [0.30, 0.55], 4 episodes`."""
        figures = []
        for outcome in self.outcomes:
            if outcome.claim.figure == "aborted" and outcome.verdict == "passed":
                continue
            marked = "" if outcome.verdict == "passed" else f" {outcome.verdict}"
            needed = f" (about {outcome.more_episodes} more episodes)" if outcome.more_episodes else ""
            figure = f"{outcome.estimate:g}" if outcome.claim.figure == "aborted" else outcome.figure
            figures.append(f"{outcome.claim.text}: {figure}{marked}{needed}")
        return ", ".join(
            [
                "; ".join(figures) or "no figure expected",
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
    """Play a scenario until its claims are settled; an existing run in the folder is replaced.

    With `reuse`, an existing run is judged again if its inputs are unchanged, and resumed if it is incomplete or does
    not yet decide the present expectations. `base_urls` are the servers of `openai:` models.

    Raises:
        UsageError: a name or folder that can't be used.
        StoreError: another process is writing the run in the folder.
        EngineFailure, ModelFailure: something needed is missing or every episode was aborted.
    """
    chooses_engine = True
    if reuse and (folder / manifests.MANIFEST).exists():
        # A damaged run is calibrated and played again.
        with suppress(StoreError):
            scenario, chooses_engine = as_started(scenario, run_folder.read_manifest(folder)), False
    parts = OpenParts(base_urls=base_urls, chooses_engine=chooses_engine)
    with open_calibrated(scenario, parts, say) as setting:
        resume = False
        # The rest of a partly removed run is removed too.
        if (folder / manifests.MANIFEST).exists() or run_folder.is_left_over(folder, exports_of(setting.task)):
            changed = why_not(folder, session.manifest_of(setting)) if reuse else "not asked to"
            resume = changed is None
            is_cut = resume and run_folder.read_manifest(folder).get(manifests.COST_STOP)
            if resume and run_folder.is_finished(folder) and not is_cut:
                stored = _gate_run(folder, setting.scenario, reused=True)
                if stored.stopped_after is None or is_settled(stored.outcomes):
                    return stored
            elif reuse and not resume:
                say(f"{folder} is played again: {changed}")
            if not resume:
                # Under the lock, so that no other process is writing the files.
                with Lock(folder):
                    shutil.rmtree(folder)
        options = session.RunOptions(resume=resume, stop="settled")
        finished = session.run_opened(setting, folder, options, watch)
        return _gate_run(folder, setting.scenario, reused=False, warnings=finished.warnings)


def why_not(folder: Path, made: Mapping[str, Json]) -> str | None:
    """Return why a run can't be reused in place of one that would start with this manifest; None where it can."""
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


def _gate_run(folder: Path, scenario: Scenario, *, reused: bool, warnings: tuple[str, ...] = ()) -> GateRun:
    judged = judge_run(folder, scenario)
    n_episodes = max((outcome.n_episodes for outcome in judged.outcomes), default=0)
    failure = _failure(folder)
    gate = GateRun(folder, judged.outcomes, judged.stopped_after, n_episodes, reused, failure, warnings)
    mark_judged(folder, gate.outcomes, gate.verdict)
    return gate


def _failure(folder: Path) -> str | None:
    """Return the reason of the first aborted episode."""
    for episode in run_folder.iterate_episodes(folder):
        if episode.outcome == "aborted":
            return episode.failure or "unknown"
    return None
