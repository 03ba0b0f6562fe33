"""The turn loop: many episodes at once, one batched model call per step, the engine judging meanwhile.

Every planned turn and probe becomes one row in the journal, or its episode ends as `aborted`. Knows models,
environments, judge and journal by their contracts; draws nothing, reads no clock.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from horizon.core.errors import EngineFailure, HorizonError, ModelFailure
from horizon.core.instances import distinct_seeds
from horizon.core.records import Episode, Reply, Scores, Turn
from horizon.core.row_faults import naming
from horizon.core.seeds import generator
from horizon.play.budget import Meter
from horizon.play.ending import episode_row, outcome_of
from horizon.play.episode import Attempt, LiveEpisode, advance, restore
from horizon.play.model_call import FAILURES_PER_TURN, replies_of
from horizon.play.opponent import opponent_action, opponent_request
from horizon.play.setting import Setting
from horizon.play.turn import (
    Answered,
    Padding,
    PendingTurn,
    answered_before,
    is_answered_once,
    is_posed,
    is_twin,
    poses_the_same,
    request_for,
)
from horizon.play.turn_row import judge_reply
from horizon.runs.usage import counts_of
from horizon.scenarios.conditions import condition_of
from horizon.scenarios.scenario import Scenario


class Recording(Protocol):
    """What playing needs of a journal."""

    def append(self, record: Turn | Episode) -> None:
        """Write one record; it is safe when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """Progress so far. Turns and probes count what this process has played, episodes the whole run."""

    turns: int = 0
    probes: int = 0
    errors: int = 0
    episodes_done: int = 0
    episodes_aborted: int = 0
    episodes_live: int = 0


def play(
    setting: Setting,
    journal: Recording,
    *,
    turns: Sequence[Turn] = (),
    episodes: Sequence[Episode] = (),
    is_ours: Callable[[int], bool] = lambda index: True,
    watch: Callable[[Played], None] = lambda played: None,
    meter: Meter | None = None,
) -> Played:
    """Play everything that the scenario plans and that `turns` and `episodes` (read back on resume) lack.

    `is_ours` decides which instances, counted from 0, are played here and not in another shard. `meter` counts every
    reply; where its limit is reached, playing stops after the batch under way.

    Raises:
        EngineFailure, ModelFailure: every single episode was aborted; the message is the last failure's.
    """
    meter = meter or Meter()
    loop = _Loop(setting, journal, watch, meter)
    finished = {episode.episode_id for episode in episodes}
    loop.counts["episodes_done"] = len(finished)
    loop.counts["episodes_aborted"] = sum(episode.outcome == "aborted" for episode in episodes)
    rows: dict[str, list[Turn]] = {}
    for row in turns:
        if row.episode_id not in finished:
            rows.setdefault(row.episode_id, []).append(row)
    scenario, task = setting.scenario, setting.task
    opponents: tuple[str | None, ...] = tuple(setting.opponents) or (None,)
    planned = ((index, name) for index in range(scenario.episodes) if is_ours(index) for name in opponents)
    waiting = (place for place in planned if episode_id(task.name, *place) not in finished)
    while True:
        for index, opponent in islice(waiting, max(0, scenario.live_episodes - len(loop.live))):
            loop.admit(index, opponent, rows)
        if meter.is_exhausted:
            loop.settle()
            meter.has_stopped = bool(loop.live) or next(waiting, None) is not None
        if meter.has_stopped or not loop.step():
            break
    played = Played(**loop.counts)
    if loop.last_failure is not None and played.episodes_aborted == played.episodes_done:
        raise loop.last_failure
    return played


def is_probed(scenario: Scenario, episode_id: str, turn: int) -> bool:
    """Return whether a turn's state is posed again under the probe conditions: all, every n-th, or a seeded sample."""
    if scenario.probe_turns is not None and scenario.probe_turns < scenario.turns:
        drawn = generator(scenario.seed, "probe turns", episode_id)
        if turn not in drawn.sample(range(1, scenario.turns + 1), scenario.probe_turns):
            return False
    return (turn - 1) % scenario.probe_every == 0


def episode_id(environment: str, index: int, opponent: str | None) -> str:
    """Return the name of an episode within its run."""
    return f"{opponent or environment}#{index:05d}"


class _Loop:
    """The episodes under way, and what one step does to them."""

    def __init__(self, setting: Setting, journal: Recording, watch: Callable[[Played], None], meter: Meter) -> None:
        self.setting = setting
        self.journal = journal
        self.watch = watch
        self.meter = meter
        self.live: dict[str, LiveEpisode] = {}
        self.probes: list[PendingTurn] = []
        self.drawn = distinct_seeds(setting.task, setting.scenario.seed)
        self.seeds: list[int] = []
        self.counts = dict.fromkeys(Played.__dataclass_fields__, 0)
        self.last_failure: HorizonError | None = None
        # A changed history also matters to a model that reads no text: by its turn and its errors.
        needs_history = any(condition_of(text).needs_history for text in setting.scenario.conditions)
        self.keep_text = setting.model.reads_text or needs_history

    def admit(self, index: int, opponent: str | None, rows: dict[str, list[Turn]]) -> None:
        """Start an episode, or restore it from its rows on disk with the probes they lack."""
        task, scenario = self.setting.task, self.setting.scenario
        while len(self.seeds) <= index:
            self.seeds.append(next(self.drawn))
        seed = self.seeds[index]
        name = episode_id(task.name, index, opponent)
        live = LiveEpisode(name, index, opponent, seed, task.reset(seed))
        self.live[name] = live
        stored = rows.pop(name, [])
        done = {(row.turn, row.condition) for row in stored}
        for row in sorted((row for row in stored if row.condition == "natural"), key=lambda row: row.turn):
            with naming(row):
                live.state = task.load(row.state)
                missing = [
                    condition
                    for condition in (scenario.conditions[1:] if is_probed(scenario, name, row.turn) else ())
                    if (row.turn, condition) not in done
                ]
                if missing:
                    scores = self.setting.submit(live.state)
                    answered = answered_before(self.setting, live, row, scores)
                    for condition in missing:
                        self._probe(live, condition, scores, answered)
                        if name not in self.live:
                            return
                restore(self.setting, live, [row], keep_text=self.keep_text)

    def settle(self) -> bool:
        """Let opponents move, and close the episodes that are over; return whether there were any."""
        self._opponents_move()
        return self._retire()

    def step(self) -> bool:
        """Advance every live episode by one turn; false when nothing was left to do."""
        some_ended = self.settle()
        due = [
            request_for(self.setting, live, "natural", self.setting.submit(live.state))
            for live in self.live.values()
            if self._outcome(live) is None
        ]
        # Probes wait until they fill a batch: a batch's decoding costs little more than one reply's.
        if len(self.probes) >= self.setting.scenario.live_episodes or not due:
            due, self.probes = due + self.probes, []
        if not due:
            return some_ended
        for pending, reply in zip(due, replies_of(self.setting.model, [turn.request for turn in due]), strict=True):
            if isinstance(reply, Reply):
                self.meter.count(reply)
            if pending.live.episode_id not in self.live:
                continue
            try:
                if isinstance(reply, HorizonError):
                    raise reply
                self._take(pending, reply)
            except (EngineFailure, ModelFailure) as failure:
                self._count_failure(pending, failure)
        self.counts["episodes_live"] = len(self.live)
        self.watch(Played(**self.counts))
        return True

    def _take(self, pending: PendingTurn, reply: Reply) -> None:
        judged = judge_reply(self.setting, pending, reply)
        live, row = pending.live, judged.row
        if row is None:
            live.attempts.append(Attempt(reply.text, judged.error, reply.reasoning or "", counts_of(reply)))
            return
        self.journal.append(row)
        self.meter.record(row)
        self.counts["turns" if pending.is_natural else "probes"] += 1
        if not pending.is_natural:
            for twin in pending.twins:
                twin.is_shared = True
                self._take(twin, reply)
            return
        self.counts["errors"] += not row.correct
        scenario = self.setting.scenario
        answered = Answered(row, reply, pending.request)
        for condition in scenario.conditions[1:] if is_probed(scenario, live.episode_id, row.turn) else ():
            self._probe(live, condition, pending.scores, answered)
            if live.episode_id not in self.live:
                return
        advance(self.setting, live, row, judged.extra, keep_text=self.keep_text)

    def _probe(self, live: LiveEpisode, condition: str, scores: "Future[Scores] | None", answered: Answered) -> None:
        """Queue a probe; its conversation is built now, before the episode advances.

        A conversation that the model answered in this turn, or is about to, gets the same reply: a batch's rounding
        must not make two. A state that the condition can't pose is left out.
        """
        if not is_posed(self.setting, live, condition):
            return
        row, natural = answered.row, answered.request
        try:
            probe = request_for(self.setting, live, condition, scores, Padding(row.context_tokens), row)
            is_answered = is_answered_once(self.setting, condition) and bool(probe.request.messages)
            is_same = is_answered and natural is not None and poses_the_same(natural, probe.request)
            if probe.keeps_reply or is_same:
                probe.is_shared = True
                self._take(probe, answered.reply)
                return
            twin = None
            if is_answered:
                twin = next((other for other in self.probes if is_twin(self.setting, other, probe)), None)
            (twin.twins if twin else self.probes).append(probe)
        except EngineFailure as failure:
            self._abort(live, failure)

    def _count_failure(self, pending: PendingTurn, failure: HorizonError) -> None:
        """Count an infrastructure failure: the request is repeated, or its episode ends as aborted."""
        is_natural = pending.is_natural
        pending.failures += 1
        pending.live.failures += is_natural
        if max(pending.failures, pending.live.failures * is_natural) >= FAILURES_PER_TURN:
            self._abort(pending.live, failure)
        elif not is_natural:
            pending.scores = self.setting.submit(pending.state)
            self.probes.append(pending)

    def _abort(self, live: LiveEpisode, failure: HorizonError) -> None:
        self.last_failure = failure
        self.probes = [probe for probe in self.probes if probe.live is not live]
        self._close(live, "aborted", str(failure))

    def _outcome(self, live: LiveEpisode) -> str | None:
        return outcome_of(self.setting, live)

    def _retire(self) -> bool:
        probed = {id(probe.live) for probe in self.probes}
        ended = [(live, self._outcome(live)) for live in self.live.values() if id(live) not in probed]
        for live, outcome in ended:
            if outcome is not None:
                self._close(live, outcome, None)
        return any(outcome is not None for _, outcome in ended)

    def _close(self, live: LiveEpisode, outcome: str, failure: str | None) -> None:
        self.journal.append(episode_row(self.setting, live, outcome, failure))
        del self.live[live.episode_id]
        self.counts["episodes_done"] += 1
        self.counts["episodes_aborted"] += outcome == "aborted"

    def _opponents_move(self) -> None:
        """Let opponents play, in one batch each, until the model is to move or the episode is over."""
        task = self.setting.task
        while True:
            running = [live for live in self.live.values() if self._outcome(live) is None]
            due = [live for live in running if task.mover(live.state) == "opponent"]
            if not due:
                return
            for name, model in self.setting.opponents.items():
                waiting = [live for live in due if live.opponent == name]
                requests = [opponent_request(self.setting, name, model, live) for live in waiting]
                replies = replies_of(model, requests) if requests else []
                for live, reply in zip(waiting, replies, strict=True):
                    if isinstance(reply, HorizonError):
                        live.failures += 1
                        if live.failures >= FAILURES_PER_TURN:
                            self._abort(live, ModelFailure(f"opponent {name}: {reply}"))
                        continue
                    live.state = task.step(live.state, opponent_action(self.setting, live, reply))
