"""Claims about intervals of shares, against published formulas and exact coverage."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from horizon.analysis.stats.shares import modified_wilson, unseen_share, wilson


def test_one_success_has_the_lower_end_that_the_paper_gives() -> None:
    # Brown, Cai & DasGupta (2001), section 4.1.1: for one success it is -log(1 - alpha) / n.
    for n in (10, 40, 200):
        low, high = modified_wilson(1 / n, n)
        assert float(low) == pytest.approx(-math.log(0.95) / n)
        assert float(high) == pytest.approx(proportion_confint(1, n, method="wilson")[1])
        mirrored = modified_wilson(1 - 1 / n, n)
        assert [float(each) for each in mirrored] == pytest.approx([1 - float(high), 1 - float(low)])


def coverage(interval: object, n: int, p: float) -> float:
    ends = [interval(k / n, n) for k in range(n + 1)]  # type: ignore[operator]
    held = [float(low) - 1e-12 <= p <= float(high) + 1e-12 for low, high in ends]
    return float(stats.binom.pmf(np.arange(n + 1), n, p) @ held)


@pytest.mark.parametrize("n", [10, 80, pytest.param(600, marks=pytest.mark.long)])
def test_rare_successes_are_held_where_wilsons_interval_dips(n: int) -> None:
    expected = np.linspace(0.01, 3, 100)
    assert min(coverage(wilson, n, each / n) for each in expected) < 0.9
    assert min(coverage(modified_wilson, n, each / n) for each in expected) > 0.91


def test_what_no_episode_shows_is_bounded_as_clopper_and_pearson_do() -> None:
    for n in (3, 24, 100):
        assert unseen_share(n, 0.95) == pytest.approx(proportion_confint(0, n, method="beta")[1])
