"""What planning environments share: positions, moves and an exact distance in, the environment contract out.

A subclass is a puzzle: it defines the transitions, the distance to the goal, and the wording. Asking for actions or
plans, restating, shifts, rounds and judging are implemented here. Knows no puzzle.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from horizon.core.answers import Prompts, read_action, read_reply
from horizon.core.environment import reply_naming
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Json, Scores, Verdict
from horizon.core.seeds import derive
from horizon.core.tool_calls import parse_call
from horizon.domains import plan_answers
from horizon.domains.prompt_versions import one_line, with_format
from horizon.domains.text_task import TextTask
from horizon.domains.wording_shifts import with_distractor

P = TypeVar("P", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Situation(Generic[P]):
    """A state: the instance's seed, the round (from 1), the turn over all rounds (from 0), position, last action."""

    seed: int
    round: int
    played: int
    position: P
    last: str = ""


@dataclass(frozen=True)
class Planning(TextTask, Generic[P]):
    """The environment contract for puzzles with an exact distance to the goal.

    A subclass is a frozen dataclass that sets the class variables and overrides the methods that raise
    NotImplementedError. Actions are canonical texts of the textbook form whatever the shift; only `describe`,
    `format_action` and `parse_action` apply it. The `loss` of a move is 0 if it shortens the shortest remaining
    solution, 0.5 if it leaves its length unchanged, 1 if it lengthens it or none remains; a move with a loss is
    `wrong`.
    """

    ask: str = parameter(
        "interactive",
        "one action per turn, the whole plan, one action as text that a base model continues, or by a tool call",
        choices=("interactive", "plan", "completion", "tools"),
    )
    restate: str = parameter(
        "state", "content of later turns: the state, the last event, nothing", choices=("state", "event", "nothing")
    )
    rounds: int = parameter(1, "number of consecutive puzzles in an episode; 0 is unlimited", low=0)

    # The puzzle. -----------------------------------------------------------------------------------------------

    def first_position(self, seed: int) -> P:
        """Return the first position of an instance."""
        raise NotImplementedError

    def moves(self, position: P) -> tuple[str, ...]:
        """Return the legal actions, in a fixed order."""
        raise NotImplementedError

    def after(self, position: P, action: str) -> P:
        """Return the position after a legal action."""
        raise NotImplementedError

    def distance(self, position: P) -> int | None:
        """Return the length of the shortest solution from here: 0 at the goal, None if there is none.

        With `oracle_kind` "bound" it is a proven lower bound, which `extra` describes as `bound_kind`.
        """
        raise NotImplementedError

    def distance_after(self, position: P, action: str) -> int | None:
        """Return the distance after a legal action; overridden where `after` is expensive."""
        return self.distance(self.after(position, action))

    def is_goal(self, position: P) -> bool:
        """Return whether the puzzle is solved; overridden where the distance is expensive."""
        return self.distance(position) == 0

    def describe(self, seed: int, position: P) -> str:
        """Return the position and the goal in words, shifted."""
        raise NotImplementedError

    def format_action(self, seed: int, position: P, action: str) -> str:
        """Return an action as it is written in a reply, shifted."""
        raise NotImplementedError

    def parse_action(self, seed: int, position: P, text: str) -> str | None:
        """Return the action, legal or not, that a text names, or None; ignores case, brackets and commas."""
        raise NotImplementedError

    def write(self, position: P) -> str:
        """Return the position as text without `|` and line ends; the inverse of `read`."""
        raise NotImplementedError

    def read(self, text: str) -> P:
        """Return the position of a text.

        Raises:
            UsageError: the text describes no position.
        """
        raise NotImplementedError

    # The contract. ---------------------------------------------------------------------------------------------

    @property
    def replies_carry_state(self) -> bool:
        """Whether later turns show the last action at most."""
        return self.restate != "state"

    def reset(self, seed: int) -> Situation[P]:
        return Situation(seed, 1, 0, self.first_position(seed))

    def pose(self, state: Situation[P]) -> str:
        text = self.describe(state.seed, state.position)
        return with_distractor(self.shift, state.seed, state.played, f"{text}\n{self._question()}")

    def observe(self, state: Situation[P]) -> str:
        """Return the position, the last action, or only the question, according to `restate`; a new round in full."""
        if self.restate == "state" or not state.last:
            return self.pose(state)
        text = self._question()
        if self.restate == "event":
            actions = plan_answers.split(state.last)
            texts = [self.format_action(state.seed, state.position, action) for action in actions]
            lead = "The last moves were" if len(texts) > 1 else "The last move was"
            played = self._choose_text(v1="Played", v2=lead, german="Gespielt")
            text = f"{played}: {'; '.join(texts)}.\n{text}"
        return with_distractor(self.shift, state.seed, state.played, text)

    def parse(self, state: Situation[P], reply: str) -> Answer:
        """Parse the action or plan that a reply means; an action that can't be played here is `illegal`."""

        def prompts() -> tuple[str, str]:
            return self.pose(state), self.observe(state)

        if self.ask == "tools":
            return parse_call(reply, lambda text: self._parse_line(state, text, prompts))
        if self.ask == "plan":
            return plan_answers.parse(self, state.seed, state.position, read_reply(reply, prompts))
        return self._parse_line(state, reply, prompts)

    def _parse_line(self, state: Situation[P], reply: str, prompts: Prompts) -> Answer:
        answer = read_action(reply, lambda text: self.parse_action(state.seed, state.position, text), prompts)
        if answer.action is None or answer.action in self.moves(state.position):
            return answer
        return Answer(answer.action, "illegal")

    def actions(self, state: Situation[P]) -> tuple[str, ...]:
        """Return the legal actions; under `ask=plan`, each as a plan of one action, and the oracle's plan."""
        legal = self.moves(state.position)
        best = self.oracle(state) if self.ask == "plan" else None
        return (*legal, best) if best is not None and best not in legal else legal

    def render(self, state: Situation[P], action: str) -> str:
        if self.ask == "plan":
            return f"Answer: {'; '.join(plan_answers.format_plan(self, state.seed, state.position, action))}"
        return reply_naming(self, self.format_action(state.seed, state.position, action))

    def judge(self, state: Situation[P], action: str | None, scores: Scores | None = None) -> Verdict:
        if self.ask == "plan":
            return plan_answers.judge(self, state.position, action)
        here = self.distance(state.position)
        at = state.position
        losses = {move: _loss(here, self.distance_after(at, move)) for move in self.moves(at)}
        random_loss = sum(losses.values()) / len(losses) if losses and here is not None else None
        best = min(losses, key=losses.__getitem__, default=None) if here is not None else None
        if action is None or action not in losses:
            return Verdict("no_answer" if action is None else "illegal", None, random_loss, best, self.extra(here))
        if here is None:
            return Verdict("none", None, None, None, self.extra(here))
        return Verdict("wrong" if losses[action] else "none", losses[action], random_loss, best, self.extra(here))

    def oracle(self, state: Situation[P], scores: Scores | None = None) -> str | None:
        """Return the first action that shortens the distance, or a shortest plan."""
        if self.ask == "plan":
            return plan_answers.join(plan_answers.shortest(self, state.position)) or None
        return plan_answers.shortening(self, state.position)

    def step(self, state: Situation[P], action: str) -> Situation[P]:
        """Play an action or a plan; at the goal, or if no solution remains, start the next round.

        Raises:
            ContractError: the action is not playable here.
        """
        if not self.is_playable(state, action):
            raise ContractError(f"{self.name}: '{action}' can't be played at {self.write(state.position)}")
        position = state.position
        for move in plan_answers.split(action) if self.ask == "plan" else (action,):
            position = self.after(position, move)
        more = self.rounds == 0 or state.round < self.rounds
        if more and (self.is_goal(position) or self.is_dead(position)):
            start = self.first_position(derive(state.seed, "round", state.round + 1))
            return Situation(state.seed, state.round + 1, state.played + 1, start)
        return Situation(state.seed, state.round, state.played + 1, position, action)

    def is_playable(self, state: Situation[P], action: str) -> bool:
        if self.ask == "plan":
            return plan_answers.is_legal(self, state.position, action)
        return action in self.moves(state.position)

    def done(self, state: Situation[P]) -> str | None:
        """Return `solved` at the goal of the last round, `stuck` if no solution remains."""
        if self.is_goal(state.position):
            return "solved"
        return "stuck" if self.is_dead(state.position) else None

    def difficulty(self, state: Situation[P]) -> float | None:
        """Return the number of actions to the goal."""
        here = self.distance(state.position)
        return None if here is None else float(here)

    def dump(self, state: Situation[P]) -> str:
        """Return `seed | round | played | position | last`."""
        parts = (state.seed, state.round, state.played, self.write(state.position), state.last or "-")
        return " | ".join(str(part) for part in parts)

    def load(self, text: str) -> Situation[P]:
        """Return the state of a line that `dump` wrote.

        Raises:
            UsageError: the line is malformed, or describes no position.
        """
        parts = text.split(" | ")
        if len(parts) != 5 or not all(part.isdecimal() for part in parts[:3]):
            raise UsageError(f"'{text}' is no {self.name} state: write it as seed | round | played | position | last")
        seed, number, played = (int(part) for part in parts[:3])
        return Situation(seed, number, played, self.read(parts[3]), "" if parts[4] == "-" else parts[4])

    # Hooks. ----------------------------------------------------------------------------------------------------

    def is_dead(self, position: P) -> bool:
        """Return whether no solution remains; overridden with False where every move can be undone."""
        return self.distance(position) is None

    def extra(self, distance: int | None) -> Mapping[str, Json]:
        """Return additional figures for the row's `extra`; a puzzle judged by a bound adds `bound_kind`."""
        return {"distance": distance}

    def _answer_format(self) -> str:
        example = self._form()
        if self.ask == "plan":
            return self._choose_text(
                v1=f"Reply with one line, all actions up to the goal, as: Answer: {example}",
                v2=one_line("all moves up to the goal, in order and with semicolons between them", example),
                german=f"Antworte mit einer Zeile, allen Zügen bis zum Ziel, als: Answer: {example}",
            )
        short = self._one_line(example)
        if self.ask == "tools":
            return short
        return self._choose_text(v1=short, v2=one_line("your move", example), german=short)

    def _form(self) -> str:
        example = self.answer_example()
        return f"{example}; {example}; ..." if self.ask == "plan" else example

    def _question(self) -> str:
        if self.ask == "plan":
            fuller = with_format("Which moves lead from here to the goal?", self._form())
            return self._choose_text(v1="What is the whole plan?", v2=fuller, german="Wie lautet der ganze Plan?")
        fuller = "What is your next move?"
        if self.ask == "interactive":
            fuller = with_format(fuller, self._form())
        return self._choose_text(v1="What is your next action?", v2=fuller, german="Was ist dein nächster Zug?")


def _loss(here: int | None, there: int | None) -> float:
    if there is None or here is None:
        return 1.0
    return 0.0 if there < here else 0.5 if there == here else 1.0
