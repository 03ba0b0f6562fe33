"""All scenarios of a file, one after the other, each into a folder of its own: `horizon play --scenario SUITE`.

Begun again with resume it goes on where it stopped: finished runs are left alone. Weights are loaded once for
scenarios that follow one another with the same model.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.registry import nearest
from horizon.core.weight_cache import keeping_weights
from horizon.play import session
from horizon.play.loop import Played
from horizon.play.stopping import STOPPED
from horizon.runs import manifest, run_folder
from horizon.scenarios.scenario import Scenario, Suite, Variant

Watching = Callable[[Scenario], AbstractContextManager[tuple[Callable[[Played], None], Callable[[str], None]]]]


def selected(suite: Suite, part: str) -> tuple[Variant, ...]:
    """Return the scenarios whose names hold a text, all for an empty one.

    Raises:
        UsageError: none does.
    """
    found = tuple(each for each in suite.variants if part in each.name)
    if not found:
        known = nearest(part, [each.name for each in suite.variants])
        raise UsageError(f"no scenario of {suite.path} has '{part}' in its name: {known}")
    return found


def play_all(
    variants: tuple[Variant, ...],
    out: Path,
    watching: Watching,
    *,
    resume: bool = False,
    stop: session.Stop | None = None,
    base_urls: tuple[str, ...] = (),
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Play each scenario; yield its folder and its warnings when it is done.

    Raises:
        UsageError: a folder holds a run already and is not to be resumed; told before anything is played.
        StoreError: a folder to be resumed was begun with another plan.
    """
    folders = [out / each.folder for each in variants]
    if not resume:
        for folder in folders:
            run_folder.check_new(folder)
    with keeping_weights():
        for variant, folder in zip(variants, folders, strict=True):
            if resume and _is_played(variant.scenario, folder, stop):
                yield folder, ()
                continue
            begun = resume and (folder / manifest.MANIFEST).is_file()
            with watching(variant.scenario) as (watch, say):
                say(f"{variant.name} into {folder}")
                finished = session.run(
                    variant.scenario, folder, resume=begun, stop=stop, base_urls=base_urls, watch=watch, say=say
                )
            yield folder, finished.warnings


def _is_played(scenario: Scenario, folder: Path, stop: session.Stop | None) -> bool:
    """Tell whether a folder holds the whole run of a scenario: all its episodes ended, or its claims settled."""
    if not (folder / manifest.MANIFEST).is_file() or not run_folder.is_finished(folder):
        return False
    task = open_environment(scenario.environment, dict(scenario.parameters))
    stored = run_folder.read_manifest(folder)
    manifest.refuse_other_plan(folder, stored, {"plan": session.plan_of(scenario, task)})
    if stored.get(STOPPED) and stop != "never":
        return True
    return len(run_folder.read_episodes(folder)) >= scenario.episodes * max(1, len(scenario.opponents))
