"""The environment `nim`: heaps of stones, two players, and whoever takes the last stone wins."""

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import ClassVar

from horizon.core.answers import ANSWER_FORMAT, read_action
from horizon.core.environment import Mover
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Scores, Verdict
from horizon.core.seeds import generator

_NAMES = "ABCDEFGH"


@dataclass(frozen=True, slots=True)
class Heaps:
    """The stones of each heap, and whose turn it is."""

    stones: tuple[int, ...]
    mover: Mover


@dataclass(frozen=True, slots=True)
class Nim:
    """Play Nim against an opponent.

    Rules: Two players take turns. A move takes one or more stones from one heap. Whoever takes the last stone wins.
    Observation: The stones of every heap.
    Action: The heap's letter and the number of stones, as `B3`.
    Oracle: Exact: a position is lost for the player to move if and only if the exclusive or of its heaps is 0. A move
        is wrong if it leaves a lost position for oneself where a winning one could be kept.
    Difficulty: The number of legal moves.
    References: Bouton (1901), Nim, a game with a complete mathematical theory, Annals of Mathematics 3.
    Versions: 1: first.
    """

    name: ClassVar[str] = "nim"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "take stones from heaps; whoever takes the last one wins"
    oracle_kind: ClassVar[str] = "exact"
    has_opponent: ClassVar[bool] = True
    default_opponent: ClassVar[str] = "random"

    heaps: int = parameter(4, "number of heaps", low=2, high=8)
    stones: int = parameter(9, "most stones in a heap at the start", low=2, high=99)

    def reset(self, seed: int) -> Heaps:
        """Return heaps that the model can win, drawn by seed."""
        draw = generator(seed, "nim")
        while True:
            stones = tuple(draw.randint(1, self.stones) for _ in range(self.heaps))
            if reduce(xor, stones):
                return Heaps(stones, "model")

    def rules(self) -> str:
        """Return the system prompt."""
        return (
            "You play Nim. A move takes one or more stones from one heap. Whoever takes the last stone wins. "
            f"Reply with one line and nothing else: {ANSWER_FORMAT}MOVE, where MOVE is the heap's letter and the "
            "number of stones."
        )

    def pose(self, state: Heaps) -> str:
        """Return the position."""
        heaps = ", ".join(f"{name}: {stones}" for name, stones in zip(_NAMES, state.stones, strict=False))
        return f"The heaps are {heaps}. Which move do you play?"

    def observe(self, state: Heaps) -> str:
        """Return the position, as `pose` does."""
        return self.pose(state)

    def parse(self, state: Heaps, reply: str) -> Answer:
        """Read the move as every environment does: in any usual form, and refused where it is one of several."""
        answer = read_action(reply, _named_move)
        if answer.action is None or answer.action in self.actions(state):
            return answer
        return Answer(None, "illegal")

    def actions(self, state: Heaps) -> tuple[str, ...]:
        """Return all legal moves, heap by heap."""
        return tuple(
            f"{name}{taken}"
            for name, stones in zip(_NAMES, state.stones, strict=False)
            for taken in range(1, stones + 1)
        )

    def render(self, state: Heaps, action: str) -> str:
        """Return the answer line of a move."""
        return f"{ANSWER_FORMAT}{action}"

    def judge(self, state: Heaps, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge a move; in a lost position every move is as good as any other."""
        actions, best = self.actions(state), self.oracle(state)
        losses = {move: float(not self._keeps_win(state, move)) for move in actions}
        if min(losses.values()) == 1:
            losses = dict.fromkeys(actions, 0.0)
        random_loss, extra = sum(losses.values()) / len(losses), {"stones": sum(state.stones)}
        if action is None or action not in losses:
            return Verdict("no_answer" if action is None else "illegal", None, random_loss, best, extra)
        return Verdict("wrong" if losses[action] else "none", losses[action], random_loss, best, extra)

    def oracle(self, state: Heaps, scores: Scores | None = None) -> str | None:
        """Return a winning move, or the first one in a lost position."""
        actions = self.actions(state)
        return next((move for move in actions if self._keeps_win(state, move)), actions[0] if actions else None)

    def step(self, state: Heaps, action: str) -> Heaps:
        """Return the position after a move."""
        if not self.is_playable(state, action):
            raise ContractError(f"nim: move '{action}' is not legal in '{self.dump(state)}'")
        heap, taken = _NAMES.index(action[0]), int(action[1:])
        stones = tuple(count - taken if index == heap else count for index, count in enumerate(state.stones))
        return Heaps(stones, "opponent" if state.mover == "model" else "model")

    def is_playable(self, state: Heaps, action: str) -> bool:
        """Return whether the move is legal."""
        return action in self.actions(state)

    def mover(self, state: Heaps) -> Mover:
        """Return whose turn it is."""
        return state.mover

    def done(self, state: Heaps) -> str | None:
        """Return `won` or `lost` once no stone is left."""
        if any(state.stones):
            return None
        return "won" if state.mover == "opponent" else "lost"

    def difficulty(self, state: Heaps) -> float | None:
        """Return the number of legal moves."""
        return float(sum(state.stones))

    def engine_position(self, state: Heaps) -> str | None:
        """Return None: judging needs no engine."""
        return None

    def dump(self, state: Heaps) -> str:
        """Return the state as `3 4 5 model`."""
        return " ".join((*map(str, state.stones), state.mover))

    def load(self, text: str) -> Heaps:
        """Return the state of a text."""
        *counts, mover = text.split() or [""]
        if len(counts) != self.heaps or not all(each.isascii() and each.isdecimal() for each in counts):
            raise UsageError(f"environment nim: '{text}' is not {self.heaps} heaps and a player, as '3 4 5 6 model'")
        if mover == "model":
            return Heaps(tuple(map(int, counts)), "model")
        if mover == "opponent":
            return Heaps(tuple(map(int, counts)), "opponent")
        raise UsageError(f"environment nim: '{mover}' is no player: write model or opponent")

    def _keeps_win(self, state: Heaps, action: str) -> bool:
        return reduce(xor, self.step(state, action).stones) == 0


ENVIRONMENT = Nim


def _named_move(text: str) -> str | None:
    """Return the move that a text names, legal or not, if it is one and nothing else."""
    move = text.strip().upper()
    is_move = move[:1] in tuple(_NAMES) and move[1:].isascii() and move[1:].isdecimal()
    return move if is_move else None
