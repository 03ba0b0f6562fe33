"""Claims about an estimate's text: the figure with its interval, its counts, and its value of no effect."""

import pytest

from horizon.core.estimator import Estimate


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.125, 0.04, 0.2, 8, 160, ""), "0.12 [0.04, 0.20], 8 episodes, 160 turns"),
        (Estimate(0.1, -0.02, 0.2, 1, 1, "", no_effect=0), "0.10 [-0.02, 0.20] (no effect: 0), 1 episode, 1 turn"),
        (Estimate(12.0, 8.0, None, 8, 160, ""), "12.00 [8.00, inf], 8 episodes, 160 turns"),
        (Estimate(0.004, None, None, 1, 2, ""), "0.004 [no interval], 1 episode, 2 turns"),
        (Estimate(None, None, None, 0, 0, "", "fresh was not played"), "no estimate: fresh was not played"),
    ],
)
def test_an_estimate_prints_its_interval_counts_and_no_effect_value(estimate: Estimate, text: str) -> None:
    assert repr(estimate) == str(estimate) == text


def test_the_no_effect_value_is_in_the_json_only_where_there_is_one() -> None:
    plain = Estimate(0.1, 0.0, 0.2, 8, 160, "share")
    assert set(plain.as_json()) == {"estimate", "low", "high", "n_episodes", "n_turns", "method"}
    assert plain.with_no_effect(1).as_json()["no_effect"] == 1


def test_hostile_notes_stay_text_in_a_notebook() -> None:
    page = Estimate(None, None, None, 0, 0, '"><script>', "<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in page
