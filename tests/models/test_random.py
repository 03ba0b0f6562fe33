"""Claims about `random`: uniform by seed, and blind to the text."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from scipy import stats

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Reply


@dataclass(frozen=True)
class Choices:
    """A posed state with some actions and no judge: random must not need one."""

    legal: tuple[str, ...]
    environment: str = "choices"
    state: str = "here"

    def actions(self) -> Sequence[str]:
        return self.legal

    def render(self, action: str) -> str:
        return f"Answer: {action}"

    def is_correct(self, action: str) -> bool:
        raise AssertionError("random asked the judge")

    def optimal_action(self) -> str | None:
        raise AssertionError("random asked the oracle")

    def difficulty(self) -> float | None:
        raise AssertionError("random asked for the difficulty")


def request(seed: int, legal: tuple[str, ...] = ("a", "b", "c", "d", "e")) -> Request:
    return Request((), seed, "episode", 1, 0, Choices(legal))


def texts(requests: Sequence[Request]) -> list[str]:
    replies = open_model("random").reply(requests)
    return [reply.text for reply in replies if isinstance(reply, Reply)]


def test_the_standard_library_random_is_not_shadowed() -> None:
    open_model("random")
    assert random.Random(0).random() == 0.8444218515250481  # CPython's Mersenne Twister from seed 0


def test_every_action_is_equally_likely() -> None:
    counts = Counter(texts([request(seed) for seed in range(10_000)]))
    assert len(counts) == 5
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_a_seed_decides_the_reply() -> None:
    asked = [request(seed) for seed in range(50)]
    assert texts(asked) == texts(asked)
    assert texts(asked[::-1]) == texts(asked)[::-1]


def test_a_state_without_actions_is_a_failure_in_its_place() -> None:
    first, second = open_model("random").reply([request(1, ()), request(1, ("a",))])
    assert isinstance(first, ModelFailure) and "choices state 'here'" in str(first)
    assert isinstance(second, Reply) and second.text == "Answer: a"


def test_random_reads_no_text_and_is_reproducible() -> None:
    model = open_model("random", ModelOptions(temperature=1.0))
    assert (model.name, model.reads_text, model.identity()["reproducible"]) == ("random", False, True)
    assert model.count_tokens("some text") is None
    model.close()
    model.close()


def test_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="random takes no settings"):
        open_model("random:level=3")
