"""Claims about the contract checkers: sound parts pass, and every deliberately broken one is caught by its clause."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from doors import Doors, Room

from horizon.core.environment import open_environment
from horizon.core.errors import ContractError
from horizon.core.model import Request, open_model
from horizon.core.records import Answer, Reply, Verdict
from horizon.core.registry import names
from horizon.testing.contract_checks import check_environment, check_model

COUNT = itertools.count()


def test_a_sound_environment_passes() -> None:
    check_environment(Doors())


class ForgetsItsSeed(Doors):
    def reset(self, seed: int) -> Room:
        return Room(next(COUNT), 0, "")


class LosesStateInText(Doors):
    def load(self, text: str) -> Room:
        return Room(0, 999, "")


class WritesTwoLines(Doors):
    def dump(self, state: Room) -> str:
        return super().dump(state) + "\n"


class SaysNothing(Doors):
    def pose(self, state: Room) -> str:
        return ""


class CantReadItself(Doors):
    def render(self, state: Room, action: str) -> str:
        return "I take door a"


class CallsLegalIllegal(Doors):
    def parse(self, state: Room, reply: str) -> Answer:
        answer = super().parse(state, reply)
        return Answer(answer.action, "illegal") if answer.action == "c" else answer


class ListsTwice(Doors):
    def actions(self, state: Room) -> tuple[str, ...]:
        return ("a", "b", "c", "a")


class ShufflesActions(Doors):
    def actions(self, state: Room) -> tuple[str, ...]:
        return ("a", "b", "c") if next(COUNT) % 2 else ("c", "b", "a")


class JudgesByMood(Doors):
    def judge(self, state: Room, action: str | None, scores: Any = None) -> Verdict:
        found = super().judge(state, action, scores)
        return found if action is None else Verdict(found.error, (next(COUNT) % 7) / 7, found.random_loss)


class LosesMoreThanAll(Doors):
    def judge(self, state: Room, action: str | None, scores: Any = None) -> Verdict:
        found = super().judge(state, action, scores)
        return Verdict(found.error, 1.5 if found.error == "wrong" else found.loss)


class OracleErrs(Doors):
    def oracle(self, state: Room, scores: Any = None) -> str:
        return "abc"["cab".index(super().oracle(state, scores))]

    def judge(self, state: Room, action: str | None, scores: Any = None) -> Verdict:
        return Doors().judge(state, action, scores)


class RaisesAtGarbage(Doors):
    def parse(self, state: Room, reply: str) -> Answer:
        if not reply.strip():
            raise ValueError("nothing said")
        return super().parse(state, reply)


class TakesGarbage(Doors):
    def parse(self, state: Room, reply: str) -> Answer:
        return super().parse(state, reply) if "nswer" in reply else Answer("a")


class ForgivesSilence(Doors):
    def judge(self, state: Room, action: str | None, scores: Any = None) -> Verdict:
        return Verdict("none", 0.0) if action is None else super().judge(state, action, scores)


class StepsAtRandom(Doors):
    def step(self, state: Room, action: str) -> Room:
        return Room(state.seed, state.depth + 1 + next(COUNT) % 3, action)


class RefusesLegal(Doors):
    def is_playable(self, state: Room, action: str) -> bool:
        return action == "a"

    def step(self, state: Room, action: str) -> Room:
        return Room(state.seed, state.depth + 1, action)


@pytest.mark.parametrize(
    ("mutant", "said"),
    [
        (ForgetsItsSeed, "reset gives another state"),
        (LosesStateInText, "dump and load change"),
        (WritesTwoLines, "dump writes more than one line"),
        (SaysNothing, "pose or rules is empty"),
        (CantReadItself, "parse reads"),
        (CallsLegalIllegal, "parse calls the legal action 'c' illegal"),
        (ListsTwice, "actions contain a duplicate"),
        (ShufflesActions, "actions differ"),
        (JudgesByMood, "judge differs"),
        (LosesMoreThanAll, "judge gives a loss of 1.5"),
        (OracleErrs, "which is judged wrong"),
        (RaisesAtGarbage, "raises ValueError"),
        (TakesGarbage, "parse takes"),
        (ForgivesSilence, "judge calls a missing action none"),
        (StepsAtRandom, "step differs"),
        (RefusesLegal, "is_playable refuses"),
    ],
)
def test_a_broken_environment_is_caught_by_the_clause_it_breaks(mutant: type[Doors], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        check_environment(mutant())


@pytest.mark.parametrize("name", [name for name in names("environments") if name != "chess"])
def test_every_exact_environment_of_horizon_keeps_the_contract(name: str) -> None:
    check_environment(open_environment(name))


def test_chess_keeps_the_contract_with_and_without_scores() -> None:
    from horizon.core.records import Scores
    from horizon.domains.chess.game_text import board_of
    from horizon.engines.win_probability import make_score

    def scores(position: str) -> Scores:
        moves = [move.uci() for move in board_of(position).legal_moves]
        return Scores({move: make_score(-40 * place) for place, move in enumerate(moves)})

    check_environment(open_environment("chess"), turns=12)
    check_environment(open_environment("chess:notation=uci"), turns=12, scores=scores)


@dataclass
class Echo:
    """A sound model for the checker's own tests."""

    name: str = "echo"
    reads_text: bool = True

    def identity(self) -> dict[str, Any]:
        return {}

    def reply(self, requests: Sequence[Request]) -> list[Any]:
        return [Reply(f"Answer: {request.seed % 3}", completion_tokens=3) for request in requests]

    def count_tokens(self, text: str) -> int | None:
        return len(text)

    def close(self) -> None:
        return None


class Swallows(Echo):
    def reply(self, requests: Sequence[Request]) -> list[Any]:
        return super().reply(requests[1:])


class SpeaksText(Echo):
    def reply(self, requests: Sequence[Request]) -> list[Any]:
        return ["Answer: a" for _ in requests]


class TalksTooLong(Echo):
    def reply(self, requests: Sequence[Request]) -> list[Any]:
        return [Reply("words", completion_tokens=50) for _ in requests]


class MixesTheBatch(Echo):
    def reply(self, requests: Sequence[Request]) -> list[Any]:
        return [Reply(f"Answer: {len(requests)}") for _ in requests]


class CountsNothing(Echo):
    def count_tokens(self, text: str) -> int | None:
        return 0


def test_sound_models_pass() -> None:
    check_model(Echo())
    check_model(open_model("random"))
    check_model(open_model("synthetic:hazard=0.5"))


@pytest.mark.parametrize(
    ("mutant", "said"),
    [
        (Swallows, "answered by"),
        (SpeaksText, "a reply is a str"),
        (TalksTooLong, "50 tokens where 8"),
        (MixesTheBatch, "differently alone"),
        (CountsNothing, "count_tokens finds none"),
    ],
)
def test_a_broken_model_is_caught_by_the_clause_it_breaks(mutant: type[Echo], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        check_model(mutant())
