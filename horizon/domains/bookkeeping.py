"""What execution environments share: a world that events change, and a question about it every turn.

The plan is given, only bookkeeping is tested. A subclass says what events do and what is asked; ways of asking, levels
of telling, shifts and judging are done here, once. Knows no world.
"""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

from horizon.core.answers import LONGEST_SPOKEN, answer_line, last_line, strip_thinking
from horizon.core.environment import Mover
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import NO_EXTRA, Answer, Json, Scores, Verdict
from horizon.core.seeds import derive
from horizon.domains import answer_series
from horizon.domains.wording_shifts import SHIFT_HELP, language, read_shift, with_distractor

W = TypeVar("W", bound=Hashable)
E = TypeVar("E", bound=Hashable)
_WORDS = re.compile(r"[^\s,.:;!?\"'()*`]+")


@dataclass(frozen=True, slots=True)
class Moment(Generic[W]):
    """A state: the instance's seed, the turn from 0, and the world before this turn's event."""

    seed: int
    played: int
    world: W


@dataclass(frozen=True)
class Questions(Generic[W, E]):
    """The environment contract for worlds whose events are given and whose state is asked for.

    A subclass is a frozen dataclass that sets the class variables and overrides what raises NotImplementedError. This
    turn's event follows from the seed, the turn and the world, so that any state can be posed afresh. A wrong answer
    changes nothing: the truth goes on. `loss` is 0 or 1; under `ask=plan` the share of `ahead` answers not reached.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    summary: ClassVar[str]
    oracle_kind: ClassVar[str] = "exact"
    has_opponent: ClassVar[bool] = False

    ask: str = parameter("interactive", "one answer a turn, or `ahead` answers", choices=("interactive", "plan"))
    restate: str = parameter(
        "event",
        "what later turns are told: state and event, the event, or nothing (`ahead` events are told at once)",
        choices=("state", "event", "nothing"),
    )
    shift: str = parameter("none", SHIFT_HELP)
    ahead: int = parameter(10, "events told at once under restate=nothing and ask=plan", low=1, high=1000)

    def __post_init__(self) -> None:
        """Refuse impossible settings; a subclass that adds its own calls this one."""
        read_shift(self.shift)

    # What a world is. ------------------------------------------------------------------------------------------

    def start(self, seed: int) -> W:
        """Return the world before the first event."""
        raise NotImplementedError

    def event(self, seed: int, played: int, world: W) -> E:
        """Return this turn's event together with its question; the same for equal arguments."""
        raise NotImplementedError

    def after(self, world: W, event: E) -> W:
        """Return the world after an event."""
        raise NotImplementedError

    def truth(self, world: W, event: E) -> str:
        """Return the canonical answer to the event's question, asked of the world after the event."""
        raise NotImplementedError

    def answers(self, world: W, event: E) -> tuple[str, ...]:
        """Return a finite set of canonical answers that make sense, the truth among them, in a fixed order."""
        raise NotImplementedError

    def instructions(self) -> str:
        """Return the rules in the language of the shift, all but the answer format."""
        raise NotImplementedError

    def answer_example(self) -> str:
        """Return how an answer is written, such as `7`, and nothing else."""
        raise NotImplementedError

    def told(self, seed: int, world: W) -> str:
        """Return the world in words, shifted; empty when there is nothing to tell."""
        raise NotImplementedError

    def announced(self, seed: int, event: E) -> str:
        """Return the event in words, shifted."""
        raise NotImplementedError

    def asked(self, seed: int, event: E) -> str:
        """Return the event's question in words, shifted."""
        raise NotImplementedError

    def said(self, seed: int, answer: str) -> str:
        """Return a canonical answer as it is spoken, shifted."""
        raise NotImplementedError

    def heard(self, seed: int, world: W, event: E, text: str) -> str | None:
        """Read a spoken answer, forgiving case and punctuation; null if it is none.

        Any answer of the right kind is heard, in `answers` or not: a wrong number is wrong, not unparsable.
        """
        raise NotImplementedError

    def write(self, world: W) -> str:
        """Return the world as text without `|` and line ends."""
        raise NotImplementedError

    def read(self, text: str) -> W:
        """Return the world of a text; UsageError in one line when it describes none."""
        raise NotImplementedError

    # The contract. ---------------------------------------------------------------------------------------------

    @cached_property
    def turns_told(self) -> int:
        """How many events one telling holds."""
        return self.ahead if self.ask == "plan" or self.restate == "nothing" else 1

    @cached_property
    def answers_a_turn(self) -> int:
        """How many answers one reply holds."""
        return self.ahead if self.ask == "plan" else 1

    def reset(self, seed: int) -> Moment[W]:
        """Return the first state of this seed's instance."""
        return Moment(seed, 0, self.start(seed))

    def rules(self) -> str:
        """Return the rules and the answer format."""
        return f"{self.instructions()}\n{self._answer_format()}"

    def pose(self, state: Moment[W]) -> str:
        """Return the world, the events told at once, and the question."""
        parts = (self.told(state.seed, state.world), *self._tell(state))
        return self._distracted(state, "\n".join(part for part in parts if part))

    def observe(self, state: Moment[W]) -> str:
        """Return what `restate` says; where a block of events told at once has run out, the next block is told."""
        if self.restate == "state":
            return self.pose(state)
        if self.restate == "nothing" and self.ask == "interactive" and state.played % self.ahead:
            event = self.event(state.seed, state.played, state.world)
            text = f"{self._carry_out_next()} {self.asked(state.seed, event)}"
        else:
            text = "\n".join(self._tell(state))
        return self._distracted(state, text)

    def parse(self, state: Moment[W], reply: str) -> Answer:
        """Read the answer line; without one, the last line. Of a whole sentence, the one answer that it names."""
        text = strip_thinking(reply)
        line = answer_line(text)
        spoken = last_line(text) if line is None else line
        heard = answer_series.heard(self, state, spoken) if spoken is not None else None
        if heard is None and spoken is not None and self.ask == "interactive":
            heard = self._named_alone(state, spoken[:LONGEST_SPOKEN])
        if heard is None:
            return Answer(None, "no_answer" if line is None else "unparsable")
        return Answer(heard)

    def actions(self, state: Moment[W]) -> tuple[str, ...]:
        """Return answers that make sense; under `ask=plan` only the true series and one without a right answer."""
        if self.ask == "plan":
            return answer_series.sample(self, state)
        return self.answers(state.world, self.event(state.seed, state.played, state.world))

    def render(self, state: Moment[W], action: str) -> str:
        """Return the answer line."""
        return "Answer: " + "; ".join(self.said(state.seed, each) for each in action.split("; "))

    def judge(self, state: Moment[W], action: str | None, scores: Scores | None = None) -> Verdict:
        """Compare with the truth, answer by answer up to the first error."""
        truths = answer_series.truths(self, state)
        extra = self.extra(state, action)
        best = "; ".join(truths)
        random_loss: float | None = None
        if self.ask == "interactive":
            possible = self.answers(state.world, self.event(state.seed, state.played, state.world))
            random_loss = 1 - 1 / len(possible)
        if action is None:
            return Verdict("no_answer", None, random_loss, best, extra)
        given = action.split("; ")
        right = answer_series.right_at_first(truths, given)
        if self.ask == "plan":
            extra = {**extra, "optimal_actions": len(truths), "correct_actions": right, "plan_actions": len(given)}
        is_right = right == len(truths) == len(given)
        loss = 0.0 if is_right else min(1.0, 1 - right / len(truths)) or 1.0
        return Verdict("none" if is_right else "wrong", loss, random_loss, best, extra)

    def oracle(self, state: Moment[W], scores: Scores | None = None) -> str | None:
        """Return the true answer, or the series of them."""
        return "; ".join(answer_series.truths(self, state))

    def step(self, state: Moment[W], action: str) -> Moment[W]:
        """Let this turn's events happen, whatever was answered."""
        if not self.is_playable(state, action):
            raise ContractError(f"{self.name}: '{action}' is no answer")
        world = state.world
        for ahead in range(self.answers_a_turn):
            world = self.after(world, self.event(state.seed, state.played + ahead, world))
        return Moment(state.seed, state.played + self.answers_a_turn, world)

    def is_playable(self, state: Moment[W], action: str) -> bool:
        """Any answer is: the truth goes on."""
        return bool(action)

    def mover(self, state: Moment[W]) -> Mover:
        """The model answers every time."""
        return "model"

    def done(self, state: Moment[W]) -> str | None:
        """Never: the turn limit ends the episode."""
        return None

    def difficulty(self, state: Moment[W]) -> float | None:
        """Return how hard this turn is, in the environment's unit; constant unless a subclass says otherwise."""
        return 1.0

    def engine_position(self, state: Moment[W]) -> str | None:
        """No engine is needed."""
        return None

    def extra(self, state: Moment[W], action: str | None) -> Mapping[str, Json]:
        """Return what the row's `extra` holds besides."""
        return NO_EXTRA

    def dump(self, state: Moment[W]) -> str:
        """Return `seed | played | world`."""
        return f"{state.seed} | {state.played} | {self.write(state.world)}"

    def load(self, text: str) -> Moment[W]:
        """Return the state of such a line."""
        parts = text.split(" | ")
        if len(parts) != 3 or not all(part.isdecimal() for part in parts[:2]):
            raise UsageError(f"'{text}' is no {self.name} state: write it as seed | turn | world")
        return Moment(int(parts[0]), int(parts[1]), self.read(parts[2]))

    # Between them. ---------------------------------------------------------------------------------------------

    def draw(self, seed: int, played: int, *labels: str | int) -> int:
        """Return a large number for this turn's draws; cheap, and the same for equal arguments."""
        return derive(seed, "event", played, *labels)

    def _tell(self, state: Moment[W]) -> list[str]:
        """Return the events told at once, in order, and the question."""
        # A block begins at multiples of `ahead`; posed in its middle, only what is left of it is told.
        n_told = self.turns_told
        if self.restate == "nothing" and self.ask == "interactive":
            n_told -= state.played % self.ahead
        lines: list[str] = []
        world = state.world
        question = ""
        for ahead in range(n_told):
            event = self.event(state.seed, state.played + ahead, world)
            announced = self.announced(state.seed, event)
            lines.append(f"{ahead + 1}. {announced}" if self.turns_told > 1 else announced)
            asked = self.asked(state.seed, event)
            if self.ask == "plan" and n_told > 1:
                lines[-1] += f" {asked}"
            question = question or asked
            if ahead + 1 < n_told:
                world = self.after(world, event)
        if self.turns_told == 1:
            return [*lines, question]
        if self.ask == "plan":
            return [*lines, self._answer_all()]
        return [*lines, f"{self._carry_out_next()} {question}"]

    def _named_alone(self, state: Moment[W], sentence: str) -> str | None:
        """Return the only possible answer that a sentence names, whatever its other words; null for several."""
        event = self.event(state.seed, state.played, state.world)
        spoken = {self.said(state.seed, each).lower(): each for each in self.answers(state.world, event)}
        words = f" {' '.join(_WORDS.findall(sentence.lower()))} "
        named = [answer for shown, answer in spoken.items() if f" {shown} " in words]
        return named[0] if len(named) == 1 else None

    def _carry_out_next(self) -> str:
        return "Führe nur den nächsten Schritt aus." if self._german else "Carry out only the next step."

    def _answer_all(self) -> str:
        if self._german:
            return f"Beantworte nach jedem der {self.ahead} Schritte seine Frage, der Reihe nach."
        return f"Answer the question after each of the {self.ahead} steps, in order."

    def _answer_format(self) -> str:
        example = self.answer_example()
        if self.ask == "plan":
            example = f"{example}; {example}; ..."
        if self._german:
            return f"Antworte mit genau einer Zeile in dieser Form: Answer: {example}"
        return f"Reply with exactly one line in this form: Answer: {example}"

    def _distracted(self, state: Moment[W], text: str) -> str:
        return with_distractor(self.shift, state.seed, state.played, text)

    @cached_property
    def _german(self) -> bool:
        return language(self.shift) == "german"
