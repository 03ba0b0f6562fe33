"""The turn loop: many episodes at once, one batched model call a step, the engine judging meanwhile.

Every planned turn and probe ends as one row in the journal, or its episode as `aborted`. Knows models, environments,
judge and journal by their contracts; draws nothing, reads no clock.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from horizon.core.environment import Environment
from horizon.core.errors import EngineFailure, HorizonError, ModelFailure
from horizon.core.instances import distinct_seeds
from horizon.core.model import Model, Request
from horizon.core.parameters import values
from horizon.core.records import Episode, Reply, Scores, Turn
from horizon.core.seeds import derive, generator
from horizon.play.conditions import show
from horizon.play.episode import Posed, Trajectory, advance, substitute, take_up
from horizon.play.turn import Judging, Setting, Work, judge_reply, request_for, submit
from horizon.scenarios.scenario import Scenario

FAILURES_PER_TURN = 3
"""After so many infrastructure failures at one turn the episode is aborted."""


class Recording(Protocol):
    """What playing needs of a journal."""

    def append(self, record: Turn | Episode) -> None:
        """Write one record; it is safe when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """Progress so far, for whoever watches. Turns count what this program has played, episodes the whole run."""

    turns: int = 0
    probes: int = 0
    errors: int = 0
    episodes_done: int = 0
    episodes_aborted: int = 0
    episodes_live: int = 0


def play(
    scenario: Scenario,
    run_id: str,
    task: Environment[Any],
    model: Model,
    opponents: Mapping[str, Model],
    judge: Judging | None,
    journal: Recording,
    *,
    turns: Sequence[Turn] = (),
    episodes: Sequence[Episode] = (),
    is_ours: Callable[[int], bool] = lambda index: True,
    watch: Callable[[Played], None] = lambda played: None,
) -> Played:
    """Play everything that the scenario plans and that `turns` and `episodes` (read back on resume) lack.

    `is_ours` tells which instances, counted from 0, are played here and not in another shard.

    Raises:
        EngineFailure, ModelFailure: every single episode was aborted; the message is the last failure's.
    """
    own = values(task)
    named = {each: {**own, **({"opponent": each} if each else {})} for each in (None, *opponents)}
    parameters = {each: json.dumps(all_of, sort_keys=True) for each, all_of in named.items()}
    setting = Setting(run_id, scenario, task, model, judge, parameters)
    loop = _Loop(setting, opponents, journal, watch)
    over = {episode.episode_id for episode in episodes}
    loop.counts["episodes_done"] = len(over)
    loop.counts["episodes_aborted"] = sum(episode.outcome == "aborted" for episode in episodes)
    rows: dict[str, list[Turn]] = {}
    for row in turns:
        if row.episode_id not in over:
            rows.setdefault(row.episode_id, []).append(row)
    sides: tuple[str | None, ...] = tuple(opponents) or (None,)
    planned = ((index, side) for index in range(scenario.episodes) if is_ours(index) for side in sides)
    waiting = (each for each in planned if episode_id(task.name, *each) not in over)
    while True:
        for index, side in islice(waiting, max(0, scenario.live_episodes - len(loop.live))):
            loop.admit(index, side, rows)
        if not loop.step():
            break
    played = Played(**loop.counts)
    if loop.last_failure is not None and played.episodes_aborted == played.episodes_done:
        raise loop.last_failure
    return played


def is_probed(scenario: Scenario, at: Trajectory, turn: int) -> bool:
    """Tell whether a turn's state is posed again under the probe conditions: all, every n-th, or a seeded sample."""
    if scenario.probe_turns is not None and scenario.probe_turns < scenario.turns:
        drawn = generator(scenario.seed, "probe turns", at.episode_id)
        if turn not in drawn.sample(range(1, scenario.turns + 1), scenario.probe_turns):
            return False
    return (turn - 1) % scenario.probe_every == 0


def episode_id(environment: str, index: int, opponent: str | None) -> str:
    """Return the name of an episode within its run."""
    return f"{opponent or environment}#{index:05d}"


class _Loop:
    """The episodes under way, and what one step does to them."""

    def __init__(
        self,
        setting: Setting,
        opponents: Mapping[str, Model],
        journal: Recording,
        watch: Callable[[Played], None],
    ) -> None:
        self.setting = setting
        self.opponents = opponents
        self.journal = journal
        self.watch = watch
        self.live: dict[str, Trajectory] = {}
        self.probes: list[Work] = []
        self.drawn = distinct_seeds(setting.task, setting.scenario.seed)
        self.seeds: list[int] = []
        self.counts = dict.fromkeys(Played.__dataclass_fields__, 0)
        self.last_failure: HorizonError | None = None
        # A model that reads no text is still told apart by what a changed history looks like.
        self.keep_text = setting.model.reads_text or not set(setting.scenario.conditions) <= {"natural", "fresh"}

    def admit(self, index: int, side: str | None, rows: dict[str, list[Turn]]) -> None:
        """Begin an episode, or take it up after its rows on disk with the probes they lack."""
        task, scenario = self.setting.task, self.setting.scenario
        while len(self.seeds) <= index:
            self.seeds.append(next(self.drawn))
        seed = self.seeds[index]
        name = episode_id(task.name, index, side)
        at = Trajectory(name, index, side, seed, task.reset(seed))
        self.live[name] = at
        found = rows.pop(name, [])
        done = {(row.turn, row.condition) for row in found}
        for row in sorted((row for row in found if row.condition == "natural"), key=lambda row: row.turn):
            at.state = task.load(row.state)
            for condition in scenario.conditions[1:] if is_probed(scenario, at, row.turn) else ():
                if (row.turn, condition) not in done:
                    self._probe(at, condition, submit(self.setting, at.state), row.context_tokens)
                if name not in self.live:
                    return
            take_up(task, at, [row], keep_text=self.keep_text, feedback=scenario.feedback)

    def step(self) -> bool:
        """Take every live episode one turn further; false when nothing was left to do."""
        self._opponents_move()
        retired = self._retire()
        work = [
            request_for(self.setting, at, "natural", submit(self.setting, at.state))
            for at in self.live.values()
            if self._outcome(at) is None
        ]
        # Probes wait until they fill a batch: a batch's decoding costs little more than one reply's.
        if len(self.probes) >= self.setting.scenario.live_episodes or not work:
            work, self.probes = work + self.probes, []
        if not work:
            return retired
        for each, reply in zip(work, _ask(self.setting.model, [each.request for each in work]), strict=True):
            if each.trajectory.episode_id not in self.live:
                continue
            try:
                if isinstance(reply, HorizonError):
                    raise reply
                self._take(each, reply)
            except (EngineFailure, ModelFailure) as failure:
                self._failed(each, failure)
        self.counts["episodes_live"] = len(self.live)
        self.watch(Played(**self.counts))
        return True

    def _take(self, work: Work, reply: Reply) -> None:
        outcome = judge_reply(self.setting, work, reply)
        at, row, natural = work.trajectory, outcome.row, work.condition == "natural"
        if row is None:
            at.attempts.append((reply.text, outcome.error))
            return
        self.journal.append(row)
        self.counts["turns" if natural else "probes"] += 1
        if natural:
            self.counts["errors"] += not row.correct
            scenario = self.setting.scenario
            for condition in scenario.conditions[1:] if is_probed(scenario, at, row.turn) else ():
                self._probe(at, condition, work.scores, row.context_tokens)
                if at.episode_id not in self.live:
                    return
            advance(self.setting.task, at, row, outcome.extra, keep_text=self.keep_text, feedback=scenario.feedback)

    def _probe(
        self, at: Trajectory, condition: str, scores: "Future[Scores] | None", natural_tokens: int | None
    ) -> None:
        """Queue a probe; what it is shown is built now, before the trajectory goes on."""
        try:
            self.probes.append(request_for(self.setting, at, condition, scores, natural_tokens))
        except EngineFailure as failure:
            self._abort(at, failure)

    def _failed(self, work: Work, failure: HorizonError) -> None:
        """Count an infrastructure failure: the request goes out again, or its episode ends as aborted."""
        natural = work.condition == "natural"
        work.failures += 1
        work.trajectory.failures += natural
        if max(work.failures, work.trajectory.failures * natural) >= FAILURES_PER_TURN:
            self._abort(work.trajectory, failure)
        elif not natural:
            work.scores = submit(self.setting, work.state)
            self.probes.append(work)

    def _abort(self, at: Trajectory, failure: HorizonError) -> None:
        self.last_failure = failure
        self.probes = [probe for probe in self.probes if probe.trajectory is not at]
        self._close(at, "aborted", str(failure))

    def _outcome(self, at: Trajectory) -> str | None:
        if self.setting.scenario.on_error == "stop" and at.errors:
            return "error"
        outcome = self.setting.task.done(at.state)
        if outcome is None and at.turn > self.setting.scenario.turns:
            return "turn_limit"
        return outcome

    def _retire(self) -> bool:
        probed = {id(work.trajectory) for work in self.probes}
        ended = [(at, self._outcome(at)) for at in self.live.values() if id(at) not in probed]
        for at, outcome in ended:
            if outcome is not None:
                self._close(at, outcome, None)
        return any(outcome is not None for _, outcome in ended)

    def _close(self, at: Trajectory, outcome: str, failure: str | None) -> None:
        setting = self.setting
        extra = json.dumps({"final_state": setting.task.dump(at.state)}, ensure_ascii=False)
        self.journal.append(
            Episode(
                run_id=setting.run_id,
                episode_id=at.episode_id,
                environment=setting.task.name,
                parameters=setting.parameters[at.opponent],
                seed=at.seed,
                model=setting.model.name,
                opponent=at.opponent,
                turns=at.turn - 1,
                outcome=outcome,
                failure=failure,
                extra=extra,
            )
        )
        del self.live[at.episode_id]
        self.counts["episodes_done"] += 1
        self.counts["episodes_aborted"] += outcome == "aborted"

    def _opponents_move(self) -> None:
        """Let opponents play, in one batch each, until the model is to move or the episode is over."""
        task = self.setting.task
        while True:
            due = [at for at in self.live.values() if self._outcome(at) is None and task.mover(at.state) == "opponent"]
            if not due:
                return
            for name, model in self.opponents.items():
                waiting = [at for at in due if at.opponent == name]
                replies = _ask(model, [self._opponent_request(name, model, at) for at in waiting]) if waiting else []
                for at, reply in zip(waiting, replies, strict=True):
                    if isinstance(reply, HorizonError):
                        at.failures += 1
                        if at.failures >= FAILURES_PER_TURN:
                            self._abort(at, ModelFailure(f"opponent {name}: {reply}"))
                        continue
                    answer = task.parse(at.state, reply.text)
                    seed = derive(self.setting.scenario.seed, "opponent error", at.episode_id, at.turn)
                    # A language model may be the opponent and err as well: a seeded legal action is played for it.
                    legal = answer.action if answer.error == "none" else None
                    at.state = task.step(at.state, legal or substitute(task, at.state, None, "legal", seed))

    def _opponent_request(self, name: str, model: Model, at: Trajectory) -> Request:
        task = self.setting.task
        text = task.pose(at.state) if model.reads_text else ""
        shown = show("fresh", task.rules() if model.reads_text else "", (), text, text)
        seed = derive(self.setting.scenario.seed, "opponent", name, at.episode_id, task.dump(at.state))
        return Request(shown.messages, seed, f"opponent/{at.episode_id}", 1, 0, Posed(task, at.state, None))


def _ask(model: Model, requests: list[Request]) -> Sequence[Reply | HorizonError]:
    try:
        return model.reply(requests)
    except (ModelFailure, EngineFailure) as failure:
        return [failure] * len(requests)
