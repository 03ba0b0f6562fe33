"""All scenarios of a file, one after the other, each into a folder of its own: `horizon play --scenario SUITE`.

Resumable: finished runs are left alone. Weights are loaded once for scenarios that follow one another with the same
model.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.registry import nearest
from horizon.core.weight_cache import keeping_weights
from horizon.play import session
from horizon.play.loop import Played
from horizon.play.metering import cost_of
from horizon.play.plan import as_started, plan_of
from horizon.play.stopping import STOPPED
from horizon.runs import manifest, run_folder
from horizon.scenarios.compatibility import adapt
from horizon.scenarios.scenario import NamedScenario, Scenario, Suite

Watching = Callable[[Scenario], AbstractContextManager[tuple[Callable[[Played], None], Callable[[str], None]]]]


def select(suite: Suite, part: str) -> tuple[NamedScenario, ...]:
    """Return the scenarios whose names contain a text; all for an empty one.

    Raises:
        UsageError: none does.
    """
    variants = tuple(variant for variant in suite.variants if part in variant.name)
    if not variants:
        known = nearest(part, [variant.name for variant in suite.variants])
        raise UsageError(f"no scenario of {suite.path} has '{part}' in its name: {known}")
    return variants


def play_all(
    variants: tuple[NamedScenario, ...], out: Path, watching: Watching, options: session.RunOptions | None = None
) -> Iterator[session.FinishedRun]:
    """Play each scenario, and yield its run when it is done; a cost limit holds for all of them together.

    Raises:
        UsageError: a folder holds a run already and is not to be resumed; raised before anything is played.
        StoreError: a folder to be resumed was started with another plan.
    """
    options = options or session.RunOptions()
    folders = [out / variant.folder for variant in variants]
    if not options.resume:
        for folder in folders:
            run_folder.check_new(folder)
    spending, spent = options.spending, 0.0
    with keeping_weights():
        for variant, folder in zip(variants, folders, strict=True):
            if spending.max_cost is not None and spent >= spending.max_cost:
                return
            if options.resume and _is_played(variant.scenario, folder, options):
                yield session.FinishedRun(folder, Played(), ())
                spent += cost_of(folder) if spending.max_cost is not None else 0.0
                continue
            is_started = options.resume and session.is_started(folder)
            with watching(variant.scenario) as (watch, say):
                say(f"{variant.name} into {folder}")
                own = replace(options, resume=is_started, spending=replace(spending, spent_before=spent))
                finished = session.run(variant.scenario, folder, own, watch=watch, say=say)
            yield finished
            if finished.meter.has_stopped:
                return
            spent += finished.meter.cost or 0.0


def _is_played(scenario: Scenario, folder: Path, options: session.RunOptions) -> bool:
    """Return whether a folder holds the whole run of a scenario: all its episodes ended, or its claims settled."""
    if not (folder / manifest.MANIFEST).is_file() or not run_folder.is_finished(folder):
        return False
    stored = run_folder.read_manifest(folder)
    scenario = as_started(scenario, stored)
    task = open_environment(scenario.environment, dict(scenario.parameters))
    manifest.refuse_other_plan(folder, stored, {"plan": plan_of(adapt(scenario, task), task)})
    if options.retry_aborted and any(episode.outcome == "aborted" for episode in run_folder.iterate_episodes(folder)):
        return False
    if stored.get(STOPPED) and options.stop != "never":
        return True
    return len(run_folder.read_episodes(folder)) >= scenario.episodes * max(1, len(scenario.opponents))
