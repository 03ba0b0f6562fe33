"""The positions of any run posed afresh to another model: the reference of difficulty that an archive lacks.

Every state that the source run's model faced, imported or played here, is put to the model without a history
(condition `fresh`) and judged. Episodes and turns keep their names, so that the two runs can be read side by side.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from horizon.core.environment import open_environment
from horizon.core.errors import EngineFailure, HorizonError, ModelFailure, UsageError
from horizon.core.model import Request
from horizon.core.records import Episode, Json, Message, Reply, Turn
from horizon.play.budget import Meter
from horizon.play.episode import LiveEpisode
from horizon.play.loop import Played
from horizon.play.metering import mark_cost_stop, open_meter, store_unrecorded
from horizon.play.model_call import FAILURES_PER_TURN, replies_of
from horizon.play.opening import OpenParts, open_setting
from horizon.play.plan import as_started, plan_of, scenario_of
from horizon.play.session import FinishedRun, RunOptions, manifest_of
from horizon.play.setting import Setting
from horizon.play.turn import PendingTurn, is_answered_once, request_for
from horizon.play.turn_row import judge_reply
from horizon.runs import run_folder
from horizon.runs.journal import Journal
from horizon.runs.manifest import run_id_of
from horizon.runs.plan_limits import with_limits_of
from horizon.scenarios.scenario import make

POSITIONS = "positions"
"""The manifest's key for the run that the positions are from."""
_CONDITION = "fresh"
Conversation = tuple[Message, ...] | str
_OF_THE_SOURCE = ("environment", "parameters", "opponents", "conditions")


@dataclass(frozen=True, slots=True)
class Source:
    """The run that positions are taken from, and which: the first episodes, and of these the first turns."""

    folder: Path
    episodes: int | None = None
    turns: int | None = None

    def as_json(self) -> dict[str, Json]:
        """Return what decides the positions, for the plan."""
        plan: Any = run_folder.read_manifest(self.folder)["plan"]
        return {"from": str(self.folder), "run_id": run_id_of(plan), "episodes": self.episodes, "turns": self.turns}


def source_of(manifest: Mapping[str, Any]) -> Source | None:
    """Return where a stored run's positions are from; None for a run that was played."""
    stored = manifest["plan"].get(POSITIONS)
    return Source(Path(stored["from"]), stored["episodes"], stored["turns"]) if stored else None


def pose_positions(
    source: Source,
    keys: Mapping[str, Any],
    folder: Path,
    options: RunOptions | None = None,
    *,
    watch: Callable[[Played], None] = lambda played: None,
    say: Callable[[str], None] = lambda text: None,
) -> FinishedRun:
    """Pose a run's positions to the model that `keys`, a scenario's, name; write or resume the run folder.

    A state that several episodes share is asked once where replies are greedy, and every row of it gets the reply.

    Raises:
        UsageError: keys that the source decides, an imported run of a task without states, or a taken folder.
        StoreError: the source can't be read.
        EngineFailure, ModelFailure: something needed is missing, or no position could be posed.
    """
    options = options or RunOptions()
    stored = scenario_of(run_folder.read_manifest(source.folder))
    for name in _OF_THE_SOURCE:
        if keys.get(name):
            raise UsageError(f"{name} can't be chosen with --positions: {source.folder} decides it")
    task = open_environment(stored["environment"], dict(stored["parameters"]))
    wanted = make({**keys, "environment": task.name, "parameters": stored["parameters"]}, "command line")
    if not options.resume:
        run_folder.check_new(folder)
    if options.resume:
        wanted = as_started(wanted, run_folder.read_manifest(folder))
    parts = OpenParts(task, opponents={}, base_urls=options.base_urls, chooses_engine=not options.resume)
    with open_setting(wanted, parts, say) as setting:
        plan: dict[str, Json] = {**plan_of(setting.scenario, task), "conditions": [_CONDITION]}
        plan |= {"opponents": stored.get("opponents", []), POSITIONS: source.as_json()}
        own_plan = plan
        if options.resume:
            stored_run: Any = run_folder.read_manifest(folder)
            own_plan = with_limits_of(stored_run["plan"], plan)
        setting = replace(setting, run_id=run_id_of(own_plan))
        started: dict[str, Json] = {**manifest_of(setting), "plan": plan}
        turns: list[Turn] = []
        episodes: list[Episode] = []
        warnings: list[str] = []
        if options.resume:
            journal, turns, episodes, warnings = run_folder.resume(folder, started)
        else:
            journal = run_folder.create(folder, started)
        with journal:
            meter, unpriced = open_meter(folder, setting, options.spending, turns)
            chosen = _episodes_of(source)
            try:
                played = _pose_all(setting, journal, chosen, (turns, episodes), watch, meter)
            finally:
                store_unrecorded(folder, meter)
            mark_cost_stop(folder, meter, played.episodes_done, len(chosen))
            run_folder.finish(folder)
    return FinishedRun(folder, played, (*warnings, *unpriced), meter)


def _episodes_of(source: Source) -> list[tuple[Episode, list[Turn]]]:
    """Return the source's episodes with their turns: the natural ones, or the fresh ones of a run without these."""
    rows: dict[str, dict[str, list[Turn]]] = {}
    for row in run_folder.iterate_turns(source.folder):
        if row.condition in ("natural", "fresh") and (source.turns is None or row.turn <= source.turns):
            rows.setdefault(row.episode_id, {}).setdefault(row.condition, []).append(row)
    episodes = sorted(run_folder.iterate_episodes(source.folder), key=lambda episode: episode.episode_id)
    chosen = []
    for episode in islice((episode for episode in episodes if episode.episode_id in rows), source.episodes):
        by_condition = rows[episode.episode_id]
        chosen.append((episode, by_condition.get("natural") or by_condition["fresh"]))
    if not chosen:
        raise UsageError(f"{source.folder} holds no position: nothing to pose")
    return chosen


def _pose_all(
    setting: Setting,
    journal: Journal,
    chosen: Sequence[tuple[Episode, list[Turn]]],
    done: tuple[Sequence[Turn], Sequence[Episode]],
    watch: Callable[[Played], None],
    meter: Meter,
) -> Played:
    """Pose every position that is not in the journal yet, episode by episode, so that a kill leaves whole ones.

    Where the meter's limit is reached, the positions after the batch under way are left.
    """
    posed = {(row.episode_id, row.turn) for row in done[0]}
    ended = {episode.episode_id for episode in done[1]}
    counts = dict.fromkeys(Played.__dataclass_fields__, 0)
    counts["episodes_done"] = len(ended)
    known: dict[Conversation, Reply] = {}
    failure: HorizonError | None = None
    for episode, rows in chosen:
        if episode.episode_id in ended:
            continue
        waiting = iter([row for row in rows if (row.episode_id, row.turn) not in posed])
        problem: HorizonError | None = None
        while problem is None and (batch := list(islice(waiting, setting.scenario.live_episodes))):
            if meter.is_exhausted:
                meter.has_stopped = True
                return Played(**counts)
            try:
                for row in _pose(setting, batch, known, meter):
                    journal.append(row)
                    meter.record(row)
                    counts["probes"] += 1
                    counts["errors"] += not row.correct
            except (EngineFailure, ModelFailure) as raised:
                problem = failure = raised
            watch(Played(**counts))
        outcome = "aborted" if problem else "turn_limit"
        source = replace(episode, run_id=setting.run_id, model=setting.model.name)
        journal.append(replace(source, outcome=outcome, failure=str(problem) if problem else None, extra="{}"))
        counts["episodes_done"] += 1
        counts["episodes_aborted"] += problem is not None
    if failure is not None and counts["episodes_aborted"] == counts["episodes_done"]:
        raise failure
    return Played(**counts)


def _pose(setting: Setting, batch: Sequence[Turn], known: dict[Conversation, Reply], meter: Meter) -> Iterator[Turn]:
    """Yield the rows of a batch of positions; a failed request is repeated, as while playing.

    `known` holds the replies to conversations that are answered once; `meter` counts those that arrive.

    Raises:
        EngineFailure, ModelFailure: a position could not be scored, or its reply was not to be had.
    """
    left = [(_request(setting, row), row) for row in batch]
    for attempt in range(1, FAILURES_PER_TURN + 1):
        asked: dict[Conversation, Request] = {}
        for turn, _ in left:
            if _conversation(setting, turn) not in known:
                asked.setdefault(_conversation(setting, turn), turn.request)
        replies = dict(zip(asked, replies_of(setting.model, list(asked.values())), strict=True))
        failed = [reply for reply in replies.values() if isinstance(reply, HorizonError)]
        answered = {conversation: reply for conversation, reply in replies.items() if isinstance(reply, Reply)}
        for reply in answered.values():
            meter.count(reply)
        if is_answered_once(setting, _CONDITION):
            known |= answered
        owned = set(answered)
        for turn, source in left:
            conversation = _conversation(setting, turn)
            turn.is_shared = conversation not in owned
            owned.discard(conversation)
            given = answered.get(conversation) or known.get(conversation)
            judged = judge_reply(setting, turn, given) if given is not None else None
            if judged is not None and judged.row is not None:
                yield replace(judged.row, parameters=source.parameters)
        if not failed:
            return
        if attempt == FAILURES_PER_TURN:
            raise failed[0]
        left = [pair for pair in left if isinstance(replies.get(_conversation(setting, pair[0])), HorizonError)]


def _conversation(setting: Setting, turn: PendingTurn) -> Conversation:
    """Return what names a request's conversation: its messages where these are answered once, else its own name."""
    return turn.request.messages if is_answered_once(setting, _CONDITION) else turn.request.conversation


def _request(setting: Setting, row: Turn) -> PendingTurn:
    state = setting.task.load(row.state)
    live = LiveEpisode(row.episode_id, 0, None, row.seed, state, turn=row.turn)
    return request_for(setting, live, _CONDITION, setting.submit(state))
