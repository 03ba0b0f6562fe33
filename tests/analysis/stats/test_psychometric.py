"""Claims about the psychometric posterior: it follows the answers, and knows when no setting reaches the target."""

import numpy as np
import pytest
from scipy.stats import beta

from horizon.analysis.stats.psychometric import TOLERANCE, learn

SETTINGS = np.linspace(0, 1, 8)[:, None]


def test_many_answers_outweigh_the_prior() -> None:
    errors, trials = [0, 0, 0, 400, 0, 0, 0, 0], [0, 0, 0, 4000, 0, 0, 0, 0]
    choice = learn(SETTINGS, errors, trials).choose(0.1)
    assert choice.place == 3 and choice.verdict == "reached"
    # The interval of a binomial share under a flat prior.
    assert (choice.low, choice.high) == pytest.approx(beta.ppf((0.025, 0.975), 401, 3601), abs=0.003)


def test_answers_at_one_setting_move_its_neighbours() -> None:
    before = learn(SETTINGS, [0] * 8, [0] * 8).rates.mean(axis=0)
    after = learn(SETTINGS, [0, 0, 0, 20, 0, 0, 0, 0], [0, 0, 0, 20, 0, 0, 0, 0]).rates.mean(axis=0)
    assert (after > before).all() and (np.diff(before) > 0).all()


@pytest.mark.parametrize(("share", "verdict", "place"), [(0.9, "too hard", 0), (0.0, "too easy", 7)])
def test_it_says_when_no_setting_reaches_the_target(share: float, verdict: str, place: int) -> None:
    trials = [60 if number == place else 10 for number in range(8)]
    errors = [round(share * count) for count in trials]
    choice = learn(SETTINGS, errors, trials).choose(0.1 if share else 0.3)
    assert (choice.verdict, choice.place) == (verdict, place)


def test_it_finds_the_setting_of_a_steep_process() -> None:
    rates = np.array([0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 1.0, 1.0])
    n_right = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        errors, trials = np.zeros(8), np.zeros(8)
        for n_played in range(0, 96, 8):
            for place in learn(SETTINGS, errors, trials, n_played).propose(0.1, 8, draw):
                trials[place] += 1
                errors[place] += draw.random() < rates[place]
        chosen = learn(SETTINGS, errors, trials).choose(0.1)
        n_right += abs(rates[chosen.place] - 0.1) <= TOLERANCE
    assert n_right >= 18
