"""Claims about `synthetic:`: its errors follow the documented process, and each is judged as one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from horizon.core.errors import EngineFailure, ModelFailure, UsageError
from horizon.core.model import Model, Request, open_model
from horizon.core.records import Message, Reply
from horizon.models.synthetic import Process, error_probability


@dataclass(frozen=True)
class Sums:
    """A posed state: which of the sums from 0 to 9 is right."""

    right: tuple[str, ...] = ("7",)
    legal: tuple[str, ...] = tuple("0123456789")
    hardness: float | None = 0.0
    oracle: bool = True
    engine: bool = True
    environment: str = "sums"
    state: str = "3+4"

    def actions(self) -> Sequence[str]:
        return self.legal

    def render(self, action: str) -> str:
        return f"Answer: {action}"

    def is_correct(self, action: str) -> bool:
        if not self.engine:
            raise EngineFailure("stockfish is gone")
        return action in self.right

    def optimal_action(self) -> str | None:
        if not self.engine:
            raise EngineFailure("stockfish is gone")
        return self.right[0] if self.oracle else None

    def difficulty(self) -> float | None:
        return self.hardness


def request(
    seed: int, posed: Sums | None = None, turn: int = 1, errors: int = 0, messages: tuple[Message, ...] = ()
) -> Request:
    return Request(messages, seed, "episode", turn, errors, posed or Sums())


def texts(model: Model, requests: Sequence[Request]) -> list[str]:
    replies = model.reply(requests)
    assert all(isinstance(reply, Reply) for reply in replies)
    return [reply.text for reply in replies if isinstance(reply, Reply)]


def errors(model: Model, count: int, posed: Sums | None = None, turn: int = 1, prior: int = 0) -> int:
    said = texts(model, [request(seed, posed, turn, prior) for seed in range(count)])
    return sum(text != "Answer: 7" for text in said)


numbers = st.floats(-5, 5)


@given(st.floats(0.001, 0.999), numbers, numbers, numbers, numbers, st.integers(1, 200), st.integers(0, 50), numbers)
def test_the_probability_is_the_logistic_of_the_sum(
    hazard: float, drift: float, conditioning: float, difficulty: float, tokens: float, turn: int, prior: int, z: float
) -> None:
    process = Process(hazard, drift, conditioning, difficulty, tokens=tokens)
    got = error_probability(
        process, turn=turn, prior_errors=prior, standardised_difficulty=z, context_tokens=31 * turn
    )
    log_odds = logit(hazard) + drift * (turn - 1) + conditioning * prior + difficulty * z + tokens * 31 * turn / 1000
    assert got == pytest.approx(float(expit(log_odds)), rel=1e-10, abs=1e-300)


@given(st.floats(-1000, 1000), st.integers(1, 10**6), st.integers(0, 10**6))
def test_no_coefficient_overflows(coefficient: float, turn: int, prior: int) -> None:
    process = Process(0.3, coefficient, coefficient)
    assert 0 <= error_probability(process, turn=turn, prior_errors=prior) <= 1


@pytest.mark.parametrize("hazard", [0.0, 1.0])
def test_hazards_of_0_and_1_are_certain_whatever_else_is_set(hazard: float) -> None:
    process = Process(hazard, 5.0, -5.0, 3.0)
    assert error_probability(process, turn=9, prior_errors=9, standardised_difficulty=9.0) == hazard
    model = open_model(f"synthetic:hazard={hazard:g}")
    assert errors(model, 500) == 500 * hazard


@pytest.mark.parametrize("name", ["drift", "conditioning", "difficulty", "tokens"])
def test_the_probability_rises_with_each_coefficient(name: str) -> None:
    at = {"turn": 5, "prior_errors": 2, "standardised_difficulty": 1.5, "context_tokens": 3000}
    chances = [error_probability(Process(0.1, **{name: value}), **at) for value in (-1.0, -0.1, 0.0, 0.1, 1.0)]
    assert chances == sorted(chances) and len(set(chances)) == 5


@pytest.mark.parametrize(
    ("settings", "turn", "prior", "hardness", "expected"),
    [
        # By hand: odds 1/19 at hazard 0.05; each term multiplies the odds by its exponential.
        ("hazard=0.05", 30, 7, 4.0, 1 / 20),
        ("hazard=0.05,drift=0.1", 21, 0, 0.0, math.exp(2) / (19 + math.exp(2))),
        ("hazard=0.05,conditioning=0.5", 9, 4, 0.0, math.exp(2) / (19 + math.exp(2))),
        ("hazard=0.05,difficulty=1,difficulty_mean=3,difficulty_sd=2", 1, 0, 5.0, math.e / (19 + math.e)),
        ("hazard=0.5,drift=-0.05", 41, 0, 0.0, 1 / (1 + math.exp(2))),
    ],
)
def test_drawn_errors_recover_the_process(
    settings: str, turn: int, prior: int, hardness: float, expected: float
) -> None:
    found = errors(open_model(f"synthetic:{settings}"), 8000, Sums(hardness=hardness), turn, prior)
    assert stats.binomtest(found, 8000, expected).pvalue > 0.001


def test_tokens_shown_drive_errors_by_the_documented_count() -> None:
    model = open_model("synthetic:hazard=0.05,tokens=2")
    assert model.reads_text and not open_model("synthetic:hazard=0.05").reads_text
    # 2,999 + 1,001 characters are 750 + 251 tokens of four characters, each message rounded up.
    messages = (Message("system", "r" * 2999), Message("user", "q" * 1001))
    (reply,) = model.reply([request(0, messages=messages)])
    assert isinstance(reply, Reply) and (reply.context_tokens, reply.prompt_tokens) == (1001, 251)
    assert reply.extra["error_probability"] == pytest.approx(float(expit(logit(0.05) + 2 * 1.001)))
    replies = model.reply([request(seed, messages=messages) for seed in range(4000)])
    found = sum(isinstance(reply, Reply) and reply.text != "Answer: 7" for reply in replies)
    assert stats.binomtest(found, 4000, float(expit(logit(0.05) + 2.002))).pvalue > 0.001


def test_an_error_is_a_legal_action_that_the_judge_calls_wrong() -> None:
    said = texts(open_model("synthetic:hazard=1"), [request(seed) for seed in range(2000)])
    assert set(said) == {f"Answer: {digit}" for digit in "012345689"}
    counts = [said.count(text) for text in sorted(set(said))]
    assert stats.chisquare(counts).pvalue > 0.001


def test_where_every_action_is_right_an_error_names_none() -> None:
    posed = Sums(right=("1", "2"), legal=("1", "2"))
    assert texts(open_model("synthetic:hazard=1"), [request(0, posed)]) == ["Answer: ?"]


@pytest.mark.parametrize(("kind", "text"), [("no_answer", ""), ("unparsable", "Answer: ?")])
def test_the_kind_of_error_can_be_chosen(kind: str, text: str) -> None:
    assert texts(open_model(f"synthetic:hazard=1,kind={kind}"), [request(0)]) == [text]


def test_without_an_oracle_any_action_judged_correct_serves() -> None:
    posed = Sums(right=("4", "8"), oracle=False)
    assert texts(open_model("synthetic:hazard=0"), [request(0, posed)]) == ["Answer: 4"]


def test_a_state_without_a_known_correct_action_is_a_failure() -> None:
    (failure,) = open_model("synthetic:hazard=0").reply([request(0, Sums(right=(), oracle=False))])
    assert isinstance(failure, ModelFailure) and "no correct action is known" in str(failure)


def test_a_missing_difficulty_is_a_failure_and_not_taken_for_zero() -> None:
    posed = Sums(hardness=None)
    (failure,) = open_model("synthetic:difficulty=1").reply([request(0, posed)])
    assert isinstance(failure, ModelFailure) and "difficulty" in str(failure)
    (reply,) = open_model("synthetic:difficulty=0").reply([request(0, posed)])
    assert isinstance(reply, Reply)


def test_an_engine_that_fails_costs_only_its_own_request() -> None:
    first, second = open_model("synthetic:hazard=0").reply([request(0, Sums(engine=False)), request(0)])
    assert isinstance(first, ModelFailure) and "stockfish is gone" in str(first)
    assert isinstance(second, Reply) and second.text == "Answer: 7"


def test_a_seed_decides_the_reply() -> None:
    model = open_model("synthetic:hazard=0.5")
    asked = [request(seed) for seed in range(100)]
    assert texts(model, asked) == texts(model, asked[::-1])[::-1]


def test_the_identity_gives_the_whole_process() -> None:
    model = open_model("synthetic:hazard=0.1,drift=0.02")
    assert model.name == "synthetic:hazard=0.1,drift=0.02"
    assert model.identity() == {
        "backend": "synthetic",
        "process": {
            "hazard": 0.1,
            "drift": 0.02,
            "conditioning": 0.0,
            "difficulty": 0.0,
            "difficulty_mean": 0.0,
            "difficulty_sd": 1.0,
            "tokens": 0.0,
            "marks": 0,
            "rounding": 0.0,
            "reminder": 0.0,
            "fading": 3.0,
            "kind": "wrong",
        },
        "reproducible": True,
    }
    model.close()
    model.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("hazard=1.5", "hazard=1.5 is out of range"),
        ("hazard=-0.1", "out of range"),
        ("hazard=nan", "out of range"),
        ("drift=inf", "out of range"),
        ("difficulty_sd=0", "above 0"),
        ("hazzard=0.1", "did you mean 'hazard'"),
        ("hazard=high", "is not a number"),
        ("kind=rude", "is not one of its choices"),
    ],
)
def test_settings_that_make_no_process_are_refused(settings: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_model(f"synthetic:{settings}")


def test_rounding_adds_half_as_much_with_each_further_bit_and_nothing_at_32() -> None:
    process = Process(hazard=0.2, rounding=1.5)
    exact = logit(error_probability(process))
    assert exact == pytest.approx(logit(0.2))
    for bits, added in ((3, 3.0), (4, 1.5), (5, 0.75), (8, 1.5 / 16), (32, 0.0)):
        assert logit(error_probability(process, bits=bits)) - exact == pytest.approx(added)


def test_a_template_adds_its_marks_to_every_message() -> None:
    messages = (Message("system", "abcd"), Message("user", "abcde"))
    (reply,) = open_model("synthetic:hazard=0,tokens=1,marks=5").reply([request(0, messages=messages)])
    assert isinstance(reply, Reply)
    assert (reply.prompt_tokens, reply.context_tokens) == (2 + 5, 1 + 5 + 2 + 5)


def test_a_reminder_counts_where_it_is_shown_and_half_as_much_after_each_fading() -> None:
    model = open_model("synthetic:hazard=0.5,reminder=-2,fading=1")
    rules, plain = Message("system", "Add."), Message("user", "2")
    reminded, reply = Message("user", "Once more: Add.\n2"), Message("assistant", "Answer: Add.")
    probabilities = []
    for messages in ((rules, plain), (rules, reminded), (rules, reminded, reply, plain)):
        (answer,) = model.reply([request(0, messages=messages)])
        assert isinstance(answer, Reply)
        probabilities.append(answer.extra["error_probability"])
    assert [logit(float(str(each))) for each in probabilities] == pytest.approx([0.0, -2.0, -1.0])
