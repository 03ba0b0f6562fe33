"""One natural episode whose replies come from outside: the conversation out, a reply in, its verdict back.

For frameworks that hold the loop themselves (Gymnasium, Inspect). The turns are those of `horizon play`: the same
requests, verdicts, substitutes and opponents, since both are made of the same parts.
"""

from horizon.core.errors import HorizonError, ModelFailure
from horizon.core.model import Request
from horizon.core.records import Episode, Message, Reply, Turn
from horizon.play.ending import episode_row, outcome_of
from horizon.play.episode import Attempt, LiveEpisode, advance
from horizon.play.loop import episode_id
from horizon.play.model_call import FAILURES_PER_TURN, replies_of
from horizon.play.opponent import opponent_action, opponent_request
from horizon.play.setting import Setting
from horizon.play.turn import PendingTurn, request_for
from horizon.play.turn_row import judge_reply


class InteractiveEpisode:
    """An episode that waits for a reply at every turn.

    `index` is its number among the run's instances, `seed` the instance. `rows` are the turns so far.

    Raises:
        ModelFailure: the opponent can't move.
    """

    def __init__(self, setting: Setting, index: int, seed: int) -> None:
        opponent = next(iter(setting.opponents), None)
        name = episode_id(setting.task.name, index, opponent)
        self.setting = setting
        self.live = LiveEpisode(name, index, opponent, seed, setting.task.reset(seed))
        self.rows: list[Turn] = []
        self.outcome: str | None = None
        self._pending: PendingTurn | None = None
        self._continue()

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation that the model must answer now; empty after the end."""
        return self._pending.request.messages if self._pending is not None else ()

    @property
    def request(self) -> Request | None:
        """The whole request of the present turn; None after the end."""
        return self._pending.request if self._pending is not None else None

    def take(self, reply: Reply) -> Turn | None:
        """Judge the reply and advance; return the turn's row, or None where a further attempt at it is due.

        Raises:
            ModelFailure: the opponent can't move, or the episode is over.
            EngineFailure: the position could not be scored.
        """
        if self._pending is None:
            raise ModelFailure(f"{self.live.episode_id} is over ({self.outcome}): no reply is due")
        judged = judge_reply(self.setting, self._pending, reply)
        if judged.row is None:
            self.live.attempts.append(Attempt(reply.text, judged.error))
        else:
            self.rows.append(judged.row)
            advance(self.setting, self.live, judged.row, judged.extra, keep_text=True)
        self._continue()
        return judged.row

    def episode(self, failure: str | None = None) -> Episode:
        """Return the episode's row; with a failure it was aborted."""
        outcome = "aborted" if failure is not None else self.outcome or "aborted"
        return episode_row(self.setting, self.live, outcome, failure)

    def _continue(self) -> None:
        """Let the opponent play, then ask for the model's next reply, unless the episode is over."""
        self._pending = None
        task, live = self.setting.task, self.live
        while (outcome := outcome_of(self.setting, live)) is None and task.mover(live.state) == "opponent":
            live.state = task.step(live.state, self._opponents_action())
        self.outcome = outcome
        if outcome is None:
            self._pending = request_for(self.setting, live, "natural", self.setting.submit(live.state))

    def _opponents_action(self) -> str:
        name = str(self.live.opponent)
        model = self.setting.opponents[name]
        request = opponent_request(self.setting, name, model, self.live)
        failure: Reply | HorizonError | None = None
        for _ in range(FAILURES_PER_TURN):
            (failure,) = replies_of(model, [request])
            if isinstance(failure, Reply):
                return opponent_action(self.setting, self.live, failure)
        raise ModelFailure(f"opponent {name}: {failure}")
