"""Claims about planning a study: equal to statsmodels where it has the formula, and correct by simulation."""

import numpy as np
import pytest
from simulated_turns import simulated_turns
from statsmodels.stats.power import TTestPower

from horizon.analysis.estimators import focus_gap
from horizon.analysis.power import PilotSpread, episodes_needed, spread
from horizon.analysis.turn_table import load_table
from horizon.core.errors import UsageError


@pytest.mark.parametrize("gap", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("power", [0.8, 0.95])
def test_episodes_needed_are_those_of_the_paired_t_test(gap: float, power: float) -> None:
    found = episodes_needed(PilotSpread(0.02, 0.3, 10, 0.2, 30, 300), gap, power, [5])[0]
    deviation = np.sqrt(0.02 + 0.3 / 5)
    peer = TTestPower().solve_power(effect_size=gap / deviation, alpha=0.05, power=power)
    assert found.episodes == int(np.ceil(peer))
    assert found.low < found.episodes < found.high


def test_the_spread_of_known_variances_is_found() -> None:
    # Independent errors of 30 % in both conditions: 2 x 0.3 x 0.7 within, nothing between.
    turns = simulated_turns(n_episodes=2000, hazard=0.3)
    found = spread(load_table(turns))
    assert found.within == pytest.approx(0.42, abs=0.01)
    assert found.between < 0.002


@pytest.mark.long
def test_a_study_of_the_size_told_sees_the_gap_as_often_as_told() -> None:
    # By the process the gap is some points; the pilot's plan is tried on 200 studies of that size.
    process = {"n_turns": 10, "hazard": 0.15, "drift": 0.1}
    pilot = load_table(simulated_turns(n_episodes=400, seed=99_991, **process))
    gap = focus_gap.estimate(pilot).estimate
    assert gap is not None
    size = episodes_needed(spread(pilot), gap, 0.8, [10])[0].episodes
    seen = 0
    for seed in range(200):
        low = focus_gap.estimate(load_table(simulated_turns(n_episodes=size, seed=seed, **process))).low
        seen += low is not None and low > 0
    # 160 are expected; the pilot's own error and 200 studies leave about 15.
    assert 140 <= seen <= 180


@pytest.mark.parametrize(("gap", "power"), [(0, 0.8), (1.5, 0.8), (0.1, 0.2), (0.1, 1.0)])
def test_what_cant_be_planned_is_said(gap: float, power: float) -> None:
    with pytest.raises(UsageError):
        episodes_needed(PilotSpread(0.0, 0.3, 10, 0.2, 30, 300), gap, power)


def test_a_pilot_without_the_condition_or_with_too_little_says_what_to_play() -> None:
    with pytest.raises(UsageError, match="--condition fresh"):
        spread(load_table(simulated_turns(conditions=("natural",))))
    with pytest.raises(UsageError, match="at least 3 episodes"):
        spread(load_table(simulated_turns(n_episodes=2)))
