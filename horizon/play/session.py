"""One run from start to finished folder: opens what the scenario names, plays, writes parquet and exports.

Where an open setting, the journal and the run folder meet.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from horizon.core.environment import exports_of, files_of, notes_of
from horizon.core.errors import UsageError
from horizon.core.model import Model, learnt_by
from horizon.core.records import Episode, Json, Turn
from horizon.play.budget import Meter, Spending
from horizon.play.calibration import open_calibrated
from horizon.play.loop import Played, play
from horizon.play.metering import mark_cost_stop, open_meter, store_unrecorded
from horizon.play.opening import OpenParts
from horizon.play.plan import as_started, expectations_json, plan_of
from horizon.play.setting import Setting
from horizon.play.stopping import STOPPED, mark_stopped, play_until_settled
from horizon.runs import calibration_file, manifest, run_folder
from horizon.runs.exports import write_exports
from horizon.runs.manifest import CALIBRATION, TRANSPLANTS
from horizon.runs.plan_limits import with_limits_of
from horizon.runs.shards import Shard, shard_in
from horizon.scenarios.scenario import Scenario

Stop = Literal["never", "settled"]

LEARNT = "learnt"
"""The manifest's key for what servers refused while the run was played, and what was sent in its place."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a scenario is played into a folder; no option changes the rows.

    `shard` is the part to play of a run split over machines; a resumed run keeps its own. With `stop` settled the run
    ends once every expectation is decided; resuming a run that stopped early requires an explicit `stop`. With
    `retry_aborted` a resumed run plays the episodes again that failures of the infrastructure ended, from the turn
    where they failed. `spending` holds prices and the cost at which the run stops.
    """

    resume: bool = False
    retry_aborted: bool = False
    base_urls: tuple[str, ...] = ()
    shard: Shard | None = None
    stop: Stop | None = None
    spending: Spending = field(default_factory=Spending)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a run left: its folder, its counts, warnings for the person who started it, and what it spent."""

    folder: Path
    played: Played
    warnings: tuple[str, ...]
    meter: Meter = field(default_factory=Meter)


def run(
    scenario: Scenario,
    folder: Path,
    options: RunOptions | None = None,
    *,
    watch: Callable[[Played], None] = lambda played: None,
    say: Callable[[str], None] = lambda text: None,
) -> FinishedRun:
    """Play a scenario into a folder, or resume the run in it.

    `say` gets a line about what is being opened; `watch` the counts after every step.

    Raises:
        UsageError: a name, parameter or folder that can't be used.
        EngineFailure, ModelFailure: something needed is missing or every episode was aborted.
    """
    options = options or RunOptions()
    # A run that was interrupted while it was calibrated has its calibration alone, and is itself new.
    is_calibrating = options.resume and run_folder.holds_calibration(folder)
    if is_calibrating:
        options = replace(options, resume=False, retry_aborted=False)
    # Refuse a folder that can't be used before the model's slow loading.
    shard, _ = _shard_and_stop(folder, options, is_calibrated=is_calibrating and scenario.calibrate is not None)
    if options.resume:
        scenario = as_started(scenario, run_folder.read_manifest(folder))
    if shard.of > 1 and scenario.calibrate is not None:
        raise UsageError("a shard is not calibrated by itself: run horizon calibrate first, and give its --env")
    # A resumed run keeps the engine that it was started with.
    parts = OpenParts(base_urls=options.base_urls, chooses_engine=not options.resume)
    with open_calibrated(scenario, parts, say, folder=folder, resume=is_calibrating) as setting:
        return run_opened(setting, folder, options, watch)


def run_opened(
    setting: Setting,
    folder: Path,
    options: RunOptions | None = None,
    watch: Callable[[Played], None] = lambda played: None,
) -> FinishedRun:
    """Play an open setting into a folder, or resume the run in it; the setting stays open.

    Raises:
        UsageError: the folder can't be used.
        StoreError: the run in it was started with another plan, or another process is writing it.
        EngineFailure, ModelFailure: every episode was aborted.
    """
    options = options or RunOptions()
    shard, stop = _shard_and_stop(folder, options, is_calibrated=setting.calibration is not None)
    started = {**manifest_of(setting), **expectations_json(setting.scenario), "shard": shard.as_json()}
    if setting.calibration is not None:
        started[CALIBRATION] = dict(setting.calibration)
    turns: list[Turn] = []
    episodes: list[Episode] = []
    warnings: list[str] = []
    if options.resume:
        stored: Any = run_folder.read_manifest(folder)
        plan = with_limits_of(stored["plan"], plan_of(setting.scenario, setting.task))
        setting = replace(setting, run_id=manifest.run_id_of(plan))
        journal, turns, episodes, warnings = run_folder.resume(
            folder, started, run_id=setting.run_id, retry_aborted=options.retry_aborted
        )
    else:
        journal = run_folder.create(folder, started)
    with journal:
        meter, unpriced = open_meter(folder, setting, options.spending, turns)
        play_some = partial(play, setting, journal, meter=meter)
        try:
            if stop == "settled":
                is_cut = partial(getattr, meter, "has_stopped")
                played = play_until_settled(setting.scenario, folder, play_some, turns, episodes, watch, is_cut)
            else:
                played = play_some(turns=turns, episodes=episodes, is_ours=shard.holds, watch=watch)
                if options.resume:
                    mark_stopped(folder, None)
        finally:
            notes = mark_learnt(folder, [setting.model, *setting.opponents.values()])
            store_unrecorded(folder, meter)
        planned = sum(map(shard.holds, range(setting.scenario.episodes))) * max(1, len(setting.opponents))
        mark_cost_stop(folder, meter, played.episodes_done, planned)
        del turns, episodes
        # Still under the folder's lock: a second process that resumes now must not write at the same time.
        run_folder.finish(folder)
        write_exports(folder, exports_of(setting.task))
    return FinishedRun(folder, played, (*warnings, *unpriced, *notes, *notes_of(setting.task)), meter)


def mark_learnt(folder: Path, models: Iterable[Model]) -> list[str]:
    """Write into the manifest what the models learnt of their servers, and return it as lines for the person."""
    learnt = {server: changes for model in models for server, changes in learnt_by(model).items()}
    if learnt:
        stored: Any = run_folder.read_manifest(folder)
        manifest.write(folder, {**stored, LEARNT: {**stored.get(LEARNT, {}), **learnt}})
    return [f"{server} refuses {name}: {done}" for server, changes in learnt.items() for name, done in changes.items()]


def manifest_of(setting: Setting) -> dict[str, Json]:
    """Return the manifest that a run of this setting would start with.

    Raises:
        StoreError: a file that the environment reads can't be read.
    """
    started = manifest.make(
        plan_of(setting.scenario, setting.task),
        files=files_of(setting.task),
        model_identity=dict(setting.model.identity()),
        opponent_identities={name: dict(model.identity()) for name, model in setting.opponents.items()},
        judge_identity=setting.judge_identity,
    )
    donors: dict[str, Json] = {condition: dict(donor.identity) for condition, donor in setting.donors.items()}
    return {**started, **({TRANSPLANTS: donors} if donors else {})}


def is_started(folder: Path) -> bool:
    """Return whether there is something to resume in a folder: a run, or the calibration before it."""
    return (folder / manifest.MANIFEST).is_file() or run_folder.holds_calibration(folder)


def read_started(folder: Path) -> dict[str, Any]:
    """Return what a run was started with: its manifest or, while it is calibrated, the start of its calibration.

    Raises:
        StoreError: there is no run, or its manifest or calibration is damaged.
    """
    if run_folder.holds_calibration(folder):
        started = calibration_file.read_started(folder / calibration_file.NAME)
        if started is not None:
            return started
    return run_folder.read_manifest(folder)


def stop_of(text: str | None) -> Stop | None:
    """Return when to stop, from the command line's text.

    Raises:
        UsageError: neither never nor settled.
    """
    if text not in (None, "never", "settled"):
        raise UsageError(f"--stop {text} is unknown: use settled (once the scenario's claims are) or never")
    return text  # type: ignore[return-value]


def _shard_and_stop(folder: Path, options: RunOptions, *, is_calibrated: bool) -> tuple[Shard, Stop | None]:
    """Return the shard to play and when to stop; refuse a folder that the options do not fit.

    `is_calibrated`: the folder may hold the run's own calibration.

    Raises:
        UsageError: nothing to resume, a taken folder, another shard than before, or an early stop that a shard
            can't decide.
    """
    shard, stop = options.shard or Shard(), options.stop
    if options.resume:
        if not (folder / manifest.MANIFEST).exists():
            raise UsageError(f"nothing to resume in {folder}: start it without --resume")
        stored = run_folder.read_manifest(folder)
        stop = _stop_again(folder, stored, stop)
        shard = shard_in(stored)
        if options.shard not in (None, shard):
            raise UsageError(f"{folder} is shard {shard.number} of {shard.of}: resume it without --shard")
    else:
        run_folder.check_new(folder, is_calibrated=is_calibrated)
    if stop == "settled" and shard.of > 1:
        raise UsageError("a shard can't decide the claims of the whole run: leave out --stop settled or the shards")
    return shard, stop


def _stop_again(folder: Path, stored: Mapping[str, Any], stop: Stop | None) -> Stop | None:
    """Return when a resumed run stops; one that stopped early and whose tables are gone stops where it did before."""
    stopped = stored.get(STOPPED)
    if stopped and stop is None and not run_folder.is_finished(folder):
        return "settled"
    if stopped and stop is None:
        raise UsageError(
            f"{folder} is complete: it stopped early, after {stopped['episodes']} of {stopped['of']} episodes, as its "
            "claims were settled; to play the others too add --stop never"
        )
    return stop
