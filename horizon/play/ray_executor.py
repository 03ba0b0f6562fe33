"""A run's shards on a Ray cluster, and their folders joined at the end. Ray is optional, and needed by nothing else.

Every worker plays into a folder of its own on a disk that all machines see; a worker that dies is started again and
resumes from its journal, so that nothing that was played is lost.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from horizon.core.errors import HorizonError, ModelFailure, UsageError
from horizon.core.extras import require
from horizon.play import session
from horizon.runs import manifest, run_folder
from horizon.runs.building import check_replaceable
from horizon.runs.shards import Shard, merge, part_folder
from horizon.scenarios.scenario import Scenario

RESTARTS = 5
"""How often the shard of a worker that died is resumed."""


def run_on_ray(
    scenario: Scenario,
    folder: Path,
    shards: int,
    options: session.RunOptions | None = None,
    *,
    say: Callable[[str], None] = lambda text: None,
) -> Path:
    """Play all shards on the cluster that RAY_ADDRESS names, or on this machine, and join them into `folder`.

    Called again with the same folder it continues: finished shards stay, others resume from their journals, and a
    joining that was killed starts over. With `resume` a folder that is joined already is returned as it is.

    Raises:
        UsageError: Ray is not installed, or `folder` is taken.
        HorizonError: what a shard raised.
        ModelFailure: a shard's workers died more often than they are restarted.
    """
    require("ray", extra="ray", purpose="executor=ray")
    import ray

    options = options or session.RunOptions()
    if options.resume and (folder / manifest.MANIFEST).is_file() and run_folder.is_finished(folder):
        if options.retry_aborted:
            raise UsageError(f"{folder} is joined already: retry its aborted episodes without --executor ray")
        return folder
    check_replaceable(folder)
    parts = [part_folder(folder, number) for number in range(1, shards + 1)]
    began_here = not ray.is_initialized()
    if began_here:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        task = ray.remote(max_retries=RESTARTS)(_play)
        waiting = {
            task.remote(scenario.as_json(), str(part.absolute()), Shard(number, shards), options): part
            for number, part in enumerate(parts, 1)
        }
        say(f"playing {shards} shards")
        left = list(waiting)
        while left:
            done, left = ray.wait(left)
            _wait_for(ray, done[0], waiting[done[0]])
            say(f"{shards - len(left)} of {shards} shards done")
    finally:
        if began_here:
            ray.shutdown()
    return merge(parts, folder)


def _play(given: dict[str, Any], folder: str, shard: Shard, options: session.RunOptions) -> None:
    """Play one shard, or resume it; runs in a worker."""
    path = Path(folder)
    is_started = (path / manifest.MANIFEST).exists()
    if is_started and run_folder.is_finished(path) and not options.retry_aborted:
        return
    own = session.RunOptions(
        resume=is_started, retry_aborted=options.retry_aborted, base_urls=options.base_urls, shard=shard
    )
    session.run(Scenario(**given), path, own)


def _wait_for(ray: Any, reference: Any, part: Path) -> None:
    try:
        ray.get(reference)
    except ray.exceptions.RayTaskError as problem:
        cause = getattr(problem, "cause", None)
        if isinstance(cause, HorizonError):
            raise cause from None
        raise ModelFailure(f"{part}: {str(problem).strip().splitlines()[-1]}") from None
    except ray.exceptions.RayError as problem:
        first = str(problem).strip().partition("\n")[0]
        raise ModelFailure(f"{part}: its worker died too often ({first}); start it again to continue") from None
