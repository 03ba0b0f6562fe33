"""What execution environments share: a world that events change, and a question about it every turn.

The plan is given, only bookkeeping is tested. A subclass defines the events, the questions and the wording; asking,
restating, shifts and judging are implemented here. Knows no world.
"""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from horizon.core.answer_start import LONGEST_ANSWER
from horizon.core.answers import read_action, read_reply
from horizon.core.environment import reply_naming
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import NO_EXTRA, Answer, Json, Scores, Verdict
from horizon.core.seeds import derive
from horizon.core.tool_calls import parse_call
from horizon.domains import answer_series
from horizon.domains.text_task import TextTask
from horizon.domains.wording_shifts import with_distractor

W = TypeVar("W", bound=Hashable)
E = TypeVar("E", bound=Hashable)
_WORDS = re.compile(r"[^\s,.:;!?\"'()\[\]{}*`]+")


@dataclass(frozen=True, slots=True)
class Moment(Generic[W]):
    """A state: the seed of the instance, the turn from 0, and the world before this turn's event."""

    seed: int
    played: int
    world: W


@dataclass(frozen=True)
class Questions(TextTask, Generic[W, E]):
    """The environment contract for worlds whose events are given and whose state is asked for.

    A subclass is a frozen dataclass that sets the class variables and overrides the methods that raise
    NotImplementedError. This turn's event follows from the seed, the turn and the world, so that any state can be
    posed without history. A wrong answer does not change the world. `loss` is 0 or 1; under `ask=plan` it is the share
    of the `ahead` answers from the first error on.
    """

    ask: str = parameter(
        "interactive",
        "one answer per turn, `ahead` answers, one answer as text that a base model continues, or by a tool call",
        choices=("interactive", "plan", "completion", "tools"),
    )
    restate: str = parameter(
        "event",
        "content of later turns: state and event, the event, or nothing (turns come in blocks of `ahead` events)",
        choices=("state", "event", "nothing"),
    )
    ahead: int = parameter(10, "events per block under restate=nothing and ask=plan", low=1, high=1000)

    # The world. ------------------------------------------------------------------------------------------------

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
        """Return the canonical answer to the event's question in the world after the event."""
        raise NotImplementedError

    def answers(self, world: W, event: E) -> tuple[str, ...]:
        """Return a finite set of plausible canonical answers, the true one included, in a fixed order."""
        raise NotImplementedError

    def describe(self, seed: int, world: W) -> str:
        """Return the world in words, shifted; empty if there is nothing to describe."""
        raise NotImplementedError

    def describe_event(self, seed: int, event: E) -> str:
        """Return the event in words, shifted."""
        raise NotImplementedError

    def describe_question(self, seed: int, event: E) -> str:
        """Return the event's question in words, shifted."""
        raise NotImplementedError

    def format_answer(self, seed: int, answer: str) -> str:
        """Return a canonical answer as it is written in a reply, shifted."""
        raise NotImplementedError

    def parse_answer(self, seed: int, world: W, event: E, text: str) -> str | None:
        """Return the canonical answer that a text names, or None; ignores case and punctuation.

        Any answer of the right kind is accepted, in `answers` or not: a wrong number is wrong, not unparsable.
        """
        raise NotImplementedError

    def write(self, world: W) -> str:
        """Return the world as text without `|` and line ends; the inverse of `read`."""
        raise NotImplementedError

    def read(self, text: str) -> W:
        """Return the world of a text.

        Raises:
            UsageError: the text describes no world.
        """
        raise NotImplementedError

    # The contract. ---------------------------------------------------------------------------------------------

    @property
    def replies_carry_state(self) -> bool:
        """False: answers change no world, and all events are in the messages."""
        return False

    @cached_property
    def events_per_block(self) -> int:
        """The number of events in one observation."""
        return self.ahead if self.ask == "plan" or self.restate == "nothing" else 1

    @cached_property
    def answers_per_turn(self) -> int:
        """The number of answers in one reply."""
        return self.ahead if self.ask == "plan" else 1

    def reset(self, seed: int) -> Moment[W]:
        return Moment(seed, 0, self.start(seed))

    def pose(self, state: Moment[W]) -> str:
        """Return the world, the events of the block, and the question."""
        parts = (self.describe(state.seed, state.world), *self._describe_events(state))
        return self._with_distractor(state, "\n".join(part for part in parts if part))

    def observe(self, state: Moment[W]) -> str:
        """Return the observation according to `restate`; after the last event of a block, the next block."""
        if self.restate == "state":
            return self.pose(state)
        if self.restate == "nothing" and self.ask != "plan" and state.played % self.ahead:
            event = self.event(state.seed, state.played, state.world)
            text = f"{self._carry_out_next()} {self.describe_question(state.seed, event)}"
        else:
            text = "\n".join(self._describe_events(state))
        return self._with_distractor(state, text)

    def parse(self, state: Moment[W], reply: str) -> Answer:
        """Parse the answers of a reply; a whole sentence counts if it names exactly one of the plausible answers."""

        def prompts() -> tuple[str, str]:
            return self.pose(state), self.observe(state)

        if self.ask == "plan":
            return answer_series.read(self, state, read_reply(reply, prompts))

        def parse(text: str) -> str | None:
            answer = answer_series.parse(self, state, text)
            return answer if answer is not None else self._only_named_answer(state, text[:LONGEST_ANSWER])

        if self.ask == "tools":
            return parse_call(reply, lambda text: read_action(text, parse, prompts))
        return read_action(reply, parse, prompts)

    def actions(self, state: Moment[W]) -> tuple[str, ...]:
        """Return plausible answers; under `ask=plan`, the true series and one that is as wrong as possible."""
        if self.ask == "plan":
            return answer_series.sample(self, state)
        return self.answers(state.world, self.event(state.seed, state.played, state.world))

    def render(self, state: Moment[W], action: str) -> str:
        return reply_naming(self, "; ".join(self.format_answer(state.seed, answer) for answer in action.split("; ")))

    def judge(self, state: Moment[W], action: str | None, scores: Scores | None = None) -> Verdict:
        """Compare with the true answers, up to the first error."""
        truths = answer_series.truths(self, state)
        extra = self.extra(state, action)
        best = "; ".join(truths)
        random_loss: float | None = None
        if self.ask != "plan":
            possible = self.answers(state.world, self.event(state.seed, state.played, state.world))
            random_loss = 1 - 1 / len(possible)
        if action is None:
            return Verdict("no_answer", None, random_loss, best, extra)
        given = action.split("; ")
        right = answer_series.count_correct_prefix(truths, given)
        if self.ask == "plan":
            extra = {**extra, "optimal_actions": len(truths), "correct_actions": right, "plan_actions": len(given)}
        is_right = right == len(truths) == len(given)
        loss = 0.0 if is_right else min(1.0, 1 - right / len(truths)) or 1.0
        return Verdict("none" if is_right else "wrong", loss, random_loss, best, extra)

    def oracle(self, state: Moment[W], scores: Scores | None = None) -> str | None:
        return "; ".join(answer_series.truths(self, state))

    def step(self, state: Moment[W], action: str) -> Moment[W]:
        """Apply this turn's events, whatever the answer.

        Raises:
            ContractError: the answer is empty.
        """
        if not self.is_playable(state, action):
            raise ContractError(f"{self.name}: '{action}' is not an answer: give a non-empty text")
        world = state.world
        for ahead in range(self.answers_per_turn):
            world = self.after(world, self.event(state.seed, state.played + ahead, world))
        return Moment(state.seed, state.played + self.answers_per_turn, world)

    def is_playable(self, state: Moment[W], action: str) -> bool:
        """Return whether the answer is not empty: wrong answers are playable, too."""
        return bool(action)

    def done(self, state: Moment[W]) -> str | None:
        """Return None: only the turn limit ends an episode."""
        return None

    def difficulty(self, state: Moment[W]) -> float | None:
        """Return the difficulty of this turn; constant unless a subclass overrides it."""
        return 1.0

    def extra(self, state: Moment[W], action: str | None) -> Mapping[str, Json]:
        """Return additional figures for the row's `extra`."""
        return NO_EXTRA

    def dump(self, state: Moment[W]) -> str:
        """Return `seed | played | world`."""
        return f"{state.seed} | {state.played} | {self.write(state.world)}"

    def load(self, text: str) -> Moment[W]:
        """Return the state of a line that `dump` wrote.

        Raises:
            UsageError: the line is malformed, or describes no world.
        """
        parts = text.split(" | ")
        if len(parts) != 3 or not all(part.isdecimal() for part in parts[:2]):
            raise UsageError(f"'{text}' is no {self.name} state: write it as seed | turn | world")
        return Moment(int(parts[0]), int(parts[1]), self.read(parts[2]))

    # Hooks. ----------------------------------------------------------------------------------------------------

    def draw(self, seed: int, played: int, *labels: str | int) -> int:
        """Return a 63-bit number for this turn's draws; the same for equal arguments."""
        return derive(seed, "event", played, *labels)

    def _describe_events(self, state: Moment[W]) -> list[str]:
        """Return the events of the block, in order, and the question."""
        # A block starts at multiples of `ahead`; posed in its middle, only the remaining events are shown.
        n_events = self.events_per_block
        if self.restate == "nothing" and self.ask != "plan":
            n_events -= state.played % self.ahead
        lines: list[str] = []
        world = state.world
        question = ""
        for ahead in range(n_events):
            event = self.event(state.seed, state.played + ahead, world)
            describe_event = self.describe_event(state.seed, event)
            lines.append(f"{ahead + 1}. {describe_event}" if self.events_per_block > 1 else describe_event)
            question_text = self.describe_question(state.seed, event)
            if self.ask == "plan" and n_events > 1:
                lines[-1] += f" {question_text}"
            question = question or question_text
            if ahead + 1 < n_events:
                world = self.after(world, event)
        if self.events_per_block == 1:
            return [*lines, question]
        if self.ask == "plan":
            return [*lines, self._answer_all()]
        return [*lines, f"{self._carry_out_next()} {question}"]

    def _only_named_answer(self, state: Moment[W], sentence: str) -> str | None:
        """Return the only plausible answer that a sentence names, whatever its other words; None for several."""
        event = self.event(state.seed, state.played, state.world)
        texts = {self.format_answer(state.seed, answer).lower(): answer for answer in self.answers(state.world, event)}
        words = f" {' '.join(_WORDS.findall(sentence.lower()))} "
        named = [answer for shown, answer in texts.items() if f" {shown} " in words]
        return named[0] if len(named) == 1 else None

    def _carry_out_next(self) -> str:
        return "Führe nur den nächsten Schritt aus." if self._german else "Carry out only the next step."

    def _answer_all(self) -> str:
        if self._german:
            return f"Beantworte nach jedem der {self.ahead} Schritte seine Frage, der Reihe nach."
        return f"Answer the question after each of the {self.ahead} steps, in order."

    def _answer_format(self) -> str:
        example = self.answer_example()
        return self._one_line(f"{example}; {example}; ..." if self.ask == "plan" else example)

    def _with_distractor(self, state: Moment[W], text: str) -> str:
        return with_distractor(self.shift, state.seed, state.played, text)
