"""Claims about win probabilities: lichess's published figures, and losses that are never negative."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.records import Score, Scores
from horizon.engines.win_probability import losses, make_score, win_probability


@pytest.mark.parametrize(
    ("centipawns", "percent"),
    # From lichess's formula, worked out with awk: 50 + 50 * (2 / (1 + exp(-0.00368208 * cp)) - 1).
    [(0, 50.0), (100, 59.1026), (-100, 40.8974), (300, 75.1126), (1000, 97.5447)],
)
def test_win_probability_is_lichess_formula(centipawns: int, percent: float) -> None:
    assert 100 * win_probability(centipawns) == pytest.approx(percent, abs=1e-3)


@given(st.integers(-(10**9), 10**9))
def test_a_win_probability_is_a_probability_and_both_sides_sum_to_one(centipawns: int) -> None:
    assert 0 <= win_probability(centipawns) <= 1
    assert win_probability(centipawns) + win_probability(-centipawns) == pytest.approx(1)


def test_mates_are_certain() -> None:
    assert (make_score(mate=3).win, make_score(mate=-3).win, make_score(mate=0).win) == (1.0, 0.0, 0.0)


one_score = st.one_of(
    st.builds(make_score, st.integers(-20_000, 20_000)), st.integers(-99, 99).map(lambda m: make_score(mate=m))
)


@given(st.dictionaries(st.text("abcdefgh12345678", min_size=4, max_size=4), one_score, min_size=1))
def test_a_loss_is_between_0_and_1_and_the_best_action_has_none(actions: dict[str, Score]) -> None:
    found = losses(Scores(actions))
    assert all(0 <= loss <= 1 for loss in found.values())
    assert min(found.values()) == 0
