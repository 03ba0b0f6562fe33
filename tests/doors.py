"""A tiny environment for tests of what is built on environments: in every room one of four doors leads on."""

from dataclasses import dataclass
from typing import ClassVar

from horizon.core.answers import answer_line, strip_thinking
from horizon.core.environment import Mover
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Scores, Verdict
from horizon.core.seeds import derive


@dataclass(frozen=True, slots=True)
class Room:
    """A room: the instance's seed, how far in, and the last door taken."""

    seed: int
    depth: int
    last: str


@dataclass(frozen=True, slots=True)
class Doors:
    """Rooms with the doors a, b, c, d; `d` is always locked (illegal), one of the others is right, by seed."""

    name: ClassVar[str] = "doors"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "choose the right door"
    oracle_kind: ClassVar[str] = "exact"
    has_opponent: ClassVar[bool] = False
    rooms: int = parameter(1000, "rooms until the end", low=1)

    def reset(self, seed: int) -> Room:
        return Room(seed, 0, "")

    def rules(self) -> str:
        return "Choose a door: a, b or c. Answer with one line, as: Answer: a"

    def pose(self, state: Room) -> str:
        return f"You are in room {state.depth}; clue {derive(state.seed, state.depth) % 97}."

    def observe(self, state: Room) -> str:
        return f"Room {state.depth}."

    def parse(self, state: Room, reply: str) -> Answer:
        line = answer_line(strip_thinking(reply))
        if line is None:
            return Answer(None, "no_answer")
        if line not in "abcd" or len(line) != 1:
            return Answer(None, "unparsable")
        return Answer(line, "illegal" if line == "d" else "none")

    def actions(self, state: Room) -> tuple[str, ...]:
        return ("a", "b", "c")

    def render(self, state: Room, action: str) -> str:
        return f"Answer: {action}"

    def judge(self, state: Room, action: str | None, scores: Scores | None = None) -> Verdict:
        right = self.oracle(state)
        if action is None or action not in self.actions(state):
            return Verdict("no_answer" if action is None else "illegal", None, 2 / 3, right)
        return Verdict("none" if action == right else "wrong", float(action != right), 2 / 3, right)

    def oracle(self, state: Room, scores: Scores | None = None) -> str:
        return "abc"[derive(state.seed, "door", state.depth) % 3]

    def step(self, state: Room, action: str) -> Room:
        if not self.is_playable(state, action):
            raise ContractError(f"door '{action}' is locked: choose a, b or c")
        return Room(state.seed, state.depth + 1, action)

    def is_playable(self, state: Room, action: str) -> bool:
        return action in ("a", "b", "c")

    def mover(self, state: Room) -> Mover:
        return "model"

    def done(self, state: Room) -> str | None:
        return "solved" if state.depth >= self.rooms else None

    def difficulty(self, state: Room) -> float | None:
        return float(derive(state.seed, state.depth) % 97)

    def engine_position(self, state: Room) -> str | None:
        return None

    def dump(self, state: Room) -> str:
        return f"{state.seed} {state.depth} {state.last or '-'}"

    def load(self, text: str) -> Room:
        parts = text.split()
        if len(parts) != 3:
            raise UsageError(f"'{text}' is no room: give seed, depth and last door")
        return Room(int(parts[0]), int(parts[1]), parts[2].strip("-"))


ENVIRONMENT = Doors
