"""Claims about the expensive judge's error rate, estimated from a few of its verdicts and all of the cheap judge's."""

import json

import numpy as np
import polars as pl
import pytest

from horizon.analysis.estimators import two_judges
from horizon.analysis.stats.prediction_powered import mean_by_two_judges
from horizon.analysis.turn_table import load_table


def draw(n_episodes: int, n_turns: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cheap and the expensive verdicts, the cheap wrong in a tenth, and the episode of every turn."""
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.1, 0.6, n_episodes)
    expensive = (rng.random((n_episodes, n_turns)) < rates[:, None]).ravel()
    cheap = expensive ^ (rng.random(expensive.size) < 0.1)
    return cheap.astype(float), expensive.astype(float), np.repeat(np.arange(n_episodes), n_turns)


def test_asked_on_all_turns_the_mean_is_the_expensive_judges_own() -> None:
    cheap, expensive, episode = draw(20, 30, 1)
    two = mean_by_two_judges(cheap, expensive, np.ones(600, bool), episode, 20, is_share=True)
    assert two.mean == pytest.approx(expensive.mean(), abs=1e-12)


def test_with_a_tenth_asked_the_interval_is_narrower_than_that_of_the_tenth_and_wider_than_of_all() -> None:
    cheap, expensive, episode = draw(60, 30, 2)
    few = np.where(np.random.default_rng(3).random(1800) < 0.1, expensive, np.nan)
    every = np.ones(1800, bool)
    two, alone, whole = (
        mean_by_two_judges(values, asked, every, episode, 60, is_share=True)
        for values, asked in ((cheap, few), (np.zeros(1800), few), (expensive, expensive))
    )
    widths = [interval.high - interval.low for interval in (whole, two, alone)]
    assert widths == sorted(widths) and widths[2] > 1.25 * widths[1]
    assert two.low < expensive.mean() < two.high


def test_a_cheap_judge_without_any_information_gets_hardly_any_weight() -> None:
    _, expensive, episode = draw(60, 30, 4)
    rng = np.random.default_rng(5)
    noise, few = (rng.random(1800) < 0.5).astype(float), np.where(rng.random(1800) < 0.1, expensive, np.nan)
    assert mean_by_two_judges(noise, few, np.ones(1800, bool), episode, 60, is_share=True).weight < 0.3


def test_judges_that_never_differ_still_leave_an_interval_wider_than_the_cheap_judges_own() -> None:
    verdicts, episode = np.zeros(300), np.repeat(np.arange(10), 30)
    few = np.where(np.arange(300) % 10 == 0, 0.0, np.nan)
    two = mean_by_two_judges(verdicts, few, np.ones(300, bool), episode, 10, is_share=True)
    assert two.low == 0.0 and two.high > 0.05


def test_closed_turns_need_no_check_and_keep_their_value() -> None:
    cheap, expensive, episode = draw(20, 30, 6)
    is_open = np.arange(600) % 3 > 0
    cheap[~is_open] = expensive[~is_open] = 1.0
    two = mean_by_two_judges(cheap, np.where(is_open, expensive, np.nan), is_open, episode, 20, is_share=True)
    assert two.mean == pytest.approx(expensive.mean(), abs=1e-12)


def test_the_interval_holds_the_truth_in_95_percent_of_studies() -> None:
    held = 0
    for seed in range(300):
        cheap, expensive, episode = draw(40, 20, 100 + seed)
        few = np.where(np.random.default_rng(seed).random(800) < 0.1, expensive, np.nan)
        two = mean_by_two_judges(cheap, few, np.ones(800, bool), episode, 40, is_share=True)
        held += two.low <= 0.35 <= two.high
    # 95 % of 300 with a standard error of 1.3 points.
    assert 0.91 <= held / 300 <= 0.99


def test_rows_give_the_estimates_by_condition_and_runs_without_checks_give_none() -> None:
    cheap, expensive, episode = draw(12, 30, 8)
    rows = {
        "run_id": "r",
        "episode_id": [f"e{number}" for number in episode],
        "environment": "chess",
        "seed": episode,
        "model": "m",
        "condition": "natural",
        "turn": np.tile(np.arange(1, 31), 12),
        "error": ["wrong" if value else "none" for value in cheap],
        "loss": 0.2 * cheap,
        "state": [f"s{number}" for number in range(360)],
        "action": "e2e4",
    }
    extra = [
        json.dumps({"checked_is_error": int(value), "checked_loss": 0.2 * value}) if number % 4 == 0 else "{}"
        for number, value in enumerate(expensive)
    ]
    checked = two_judges.estimates(load_table(pl.DataFrame(rows | {"extra": extra})))
    (rate,), (loss,) = checked["checked_error_rate"], checked["checked_mean_loss"]
    assert rate.estimate is not None and loss.estimate is not None and rate.low is not None and rate.high is not None
    assert rate.low < expensive.mean() < rate.high
    assert loss.estimate == pytest.approx(0.2 * rate.estimate, abs=0.002)
    assert rate.at["checked"] == 90
    assert rate.at["judges_differ"] == pytest.approx(np.mean(cheap[::4] != expensive[::4]))
    unchecked = two_judges.estimates(load_table(pl.DataFrame(rows | {"extra": "{}"})))
    assert unchecked == {"checked_error_rate": [], "checked_mean_loss": []}
