"""What planning environments share: positions, moves and an exact distance in, the environment contract out.

A subclass is a puzzle: it says how positions follow one another, how far the goal is, and how all that is told. Ways
of asking, levels of telling, shifts, rounds and judging are done here, once. Knows no puzzle.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from horizon.core.answers import LONGEST_SPOKEN, answer_line, last_line, strip_thinking
from horizon.core.environment import Mover
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Json, Scores, Verdict
from horizon.core.seeds import derive
from horizon.domains import plan_answers
from horizon.domains.wording_shifts import SHIFT_HELP, language, read_shift, with_distractor

P = TypeVar("P", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Situation(Generic[P]):
    """A state: the instance's seed, the round (from 1), the turn within all rounds (from 0), position, last action."""

    seed: int
    round: int
    played: int
    position: P
    last: str = ""


@dataclass(frozen=True)
class Planning(Generic[P]):
    """The environment contract for puzzles with an exact distance to the goal.

    A subclass is a frozen dataclass that sets the class variables and overrides what raises NotImplementedError.
    Actions are canonical texts of the textbook form whatever the shift; only `told`, `said` and `heard` see shifts.
    `loss` of a move is 0 when the shortest remaining solution got shorter, 0.5 when it stayed, 1 when it grew or
    none remains; a move with a loss is `wrong`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    summary: ClassVar[str]
    oracle_kind: ClassVar[str] = "exact"
    has_opponent: ClassVar[bool] = False

    ask: str = parameter("interactive", "one action a turn, or the whole plan", choices=("interactive", "plan"))
    restate: str = parameter(
        "state", "what later turns are told: the state, the last event, nothing", choices=("state", "event", "nothing")
    )
    shift: str = parameter("none", SHIFT_HELP)
    rounds: int = parameter(1, "puzzles one after the other in an episode; 0 is without end", low=0)

    def __post_init__(self) -> None:
        """Refuse impossible settings; a subclass that adds its own calls this one."""
        read_shift(self.shift)

    # What a puzzle is. -----------------------------------------------------------------------------------------

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
        """Return the length of the shortest solution from here: 0 at the goal, null when there is none.

        With `oracle_kind` "bound" it is a proven lower bound, said in `extra` by `bound_kind`.
        """
        raise NotImplementedError

    def distance_after(self, position: P, action: str) -> int | None:
        """Return the distance after a legal action; overridden where `after` is dear."""
        return self.distance(self.after(position, action))

    def is_goal(self, position: P) -> bool:
        """Tell whether the puzzle is solved; overridden where the distance is dear."""
        return self.distance(position) == 0

    def instructions(self) -> str:
        """Return the rules in the language of the shift, all but the answer format."""
        raise NotImplementedError

    def answer_example(self) -> str:
        """Return how an action is written in an answer, such as `A C`, and nothing else."""
        raise NotImplementedError

    def told(self, seed: int, position: P) -> str:
        """Return the position (and the goal) in words, shifted."""
        raise NotImplementedError

    def said(self, seed: int, position: P, action: str) -> str:
        """Return an action as it is spoken in an answer, shifted."""
        raise NotImplementedError

    def heard(self, seed: int, position: P, text: str) -> str | None:
        """Read one spoken action, forgiving case, brackets and commas; an illegal one too; null if it is none."""
        raise NotImplementedError

    def write(self, position: P) -> str:
        """Return the position as text without `|` and line ends."""
        raise NotImplementedError

    def read(self, text: str) -> P:
        """Return the position of a text; UsageError in one line when it describes none."""
        raise NotImplementedError

    # The contract. ---------------------------------------------------------------------------------------------

    def reset(self, seed: int) -> Situation[P]:
        """Return the first state of this seed's instance."""
        return Situation(seed, 1, 0, self.first_position(seed))

    def rules(self) -> str:
        """Return the rules and the answer format."""
        return f"{self.instructions()}\n{self._answer_format()}"

    def pose(self, state: Situation[P]) -> str:
        """Return the position in full."""
        text = self.told(state.seed, state.position)
        return with_distractor(self.shift, state.seed, state.played, f"{text}\n{self._question()}")

    def observe(self, state: Situation[P]) -> str:
        """Return the position, the last action, or only the question, as `restate` says; a new round in full."""
        if self.restate == "state" or not state.last:
            return self.pose(state)
        text = self._question()
        if self.restate == "event":
            played = "Played" if language(self.shift) == "english" else "Gespielt"
            spoken = [self.said(state.seed, state.position, each) for each in plan_answers.split(state.last)]
            text = f"{played}: {'; '.join(spoken)}.\n{text}"
        return with_distractor(self.shift, state.seed, state.played, text)

    def parse(self, state: Situation[P], reply: str) -> Answer:
        """Read the answer line; without one, a last line that is nothing but an action."""
        text = strip_thinking(reply)
        line = answer_line(text)
        if self.ask == "plan":
            return plan_answers.parse(self, state.seed, state.position, text, line)
        if line is not None:
            action = self.heard(state.seed, state.position, line[:LONGEST_SPOKEN])
        else:
            last = last_line(text)
            action = self.heard(state.seed, state.position, last) if last is not None else None
        if action is None:
            return Answer(None, "no_answer" if line is None else "unparsable")
        return Answer(action, "none" if action in self.moves(state.position) else "illegal")

    def actions(self, state: Situation[P]) -> tuple[str, ...]:
        """Return the legal actions; under `ask=plan` each as a plan of one, and the oracle's plan."""
        legal = self.moves(state.position)
        best = self.oracle(state) if self.ask == "plan" else None
        return (*legal, best) if best is not None and best not in legal else legal

    def render(self, state: Situation[P], action: str) -> str:
        """Return the answer line."""
        if self.ask == "plan":
            return f"Answer: {'; '.join(plan_answers.said(self, state.seed, state.position, action))}"
        return f"Answer: {self.said(state.seed, state.position, action)}"

    def judge(self, state: Situation[P], action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge by distance."""
        if self.ask == "plan":
            return plan_answers.judge(self, state.position, action)
        here = self.distance(state.position)
        at = state.position
        losses = {each: _loss(here, self.distance_after(at, each)) for each in self.moves(at)}
        random_loss = sum(losses.values()) / len(losses) if losses and here is not None else None
        best = min(losses, key=losses.__getitem__, default=None) if here is not None else None
        if action is None or action not in losses:
            return Verdict("no_answer" if action is None else "illegal", None, random_loss, best, self.extra(here))
        if here is None:
            return Verdict("none", None, None, None, self.extra(here))
        return Verdict("wrong" if losses[action] else "none", losses[action], random_loss, best, self.extra(here))

    def oracle(self, state: Situation[P], scores: Scores | None = None) -> str | None:
        """Return the first shortening action, or the whole shortest plan."""
        if self.ask == "plan":
            return plan_answers.join(plan_answers.shortest(self, state.position)) or None
        return plan_answers.shortening(self, state.position)

    def step(self, state: Situation[P], action: str) -> Situation[P]:
        """Play an action or a plan; at the goal, or where no solution remains, the next round begins."""
        if not self.is_playable(state, action):
            raise ContractError(f"{self.name}: '{action}' can't be played at {self.write(state.position)}")
        position = state.position
        for each in plan_answers.split(action) if self.ask == "plan" else (action,):
            position = self.after(position, each)
        more = self.rounds == 0 or state.round < self.rounds
        if more and (self.is_goal(position) or self.is_dead(position)):
            start = self.first_position(derive(state.seed, "round", state.round + 1))
            return Situation(state.seed, state.round + 1, state.played + 1, start)
        return Situation(state.seed, state.round, state.played + 1, position, action)

    def is_playable(self, state: Situation[P], action: str) -> bool:
        """Tell whether an action, or every action of a plan in its turn, is legal."""
        if self.ask == "plan":
            return plan_answers.is_legal(self, state.position, action)
        return action in self.moves(state.position)

    def mover(self, state: Situation[P]) -> Mover:
        """The model moves every time."""
        return "model"

    def done(self, state: Situation[P]) -> str | None:
        """`solved` at the last round's goal, `stuck` where no solution remains."""
        if self.is_goal(state.position):
            return "solved"
        return "stuck" if self.is_dead(state.position) else None

    def difficulty(self, state: Situation[P]) -> float | None:
        """Return the number of actions to the goal."""
        here = self.distance(state.position)
        return None if here is None else float(here)

    def engine_position(self, state: Situation[P]) -> str | None:
        """No engine is needed."""
        return None

    def dump(self, state: Situation[P]) -> str:
        """Return `seed | round | played | position | last`."""
        parts = (state.seed, state.round, state.played, self.write(state.position), state.last or "-")
        return " | ".join(str(part) for part in parts)

    def load(self, text: str) -> Situation[P]:
        """Return the state of such a line."""
        parts = text.split(" | ")
        if len(parts) != 5 or not all(part.isdecimal() for part in parts[:3]):
            raise UsageError(f"'{text}' is no {self.name} state: write it as seed | round | played | position | last")
        seed, number, played = (int(part) for part in parts[:3])
        return Situation(seed, number, played, self.read(parts[3]), "" if parts[4] == "-" else parts[4])

    # Between them. ---------------------------------------------------------------------------------------------

    def is_dead(self, position: P) -> bool:
        """Tell whether no solution remains; overridden with false where every move can be undone."""
        return self.distance(position) is None

    def extra(self, distance: int | None) -> Mapping[str, Json]:
        """Return what the row's `extra` holds besides; a puzzle judged by a bound says so here."""
        return {"distance": distance}

    def _answer_format(self) -> str:
        example = self.answer_example()
        if language(self.shift) == "german":
            if self.ask == "plan":
                return f"Antworte mit einer Zeile, allen Zügen bis zum Ziel, als: Answer: {example}; {example}; ..."
            return f"Antworte mit genau einer Zeile in dieser Form: Answer: {example}"
        if self.ask == "plan":
            return f"Reply with one line, all actions up to the goal, as: Answer: {example}; {example}; ..."
        return f"Reply with exactly one line in this form: Answer: {example}"

    def _question(self) -> str:
        if language(self.shift) == "german":
            return "Wie lautet der ganze Plan?" if self.ask == "plan" else "Was ist dein nächster Zug?"
        return "What is the whole plan?" if self.ask == "plan" else "What is your next action?"


def _loss(here: int | None, there: int | None) -> float:
    if there is None or here is None:
        return 1.0
    return 0.0 if there < here else 0.5 if there == here else 1.0
