"""Claims about the odds ratio from matched pairs: equal to a theorem and to statsmodels, finite where all agree."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.discrete.conditional_models import ConditionalLogit

from horizon.analysis.stats.matched_pairs import conditional_odds_ratio


def test_with_one_unit_of_exposure_it_is_the_ratio_of_discordant_pairs() -> None:
    # Firth's penalty of a single binary table adds a half to each cell (Firth 1993, section 3.1).
    is_first = np.array([True] * 30 + [False] * 10)
    ratio = conditional_odds_ratio(np.ones(40), is_first, np.arange(40))
    assert ratio.estimate == pytest.approx(30.5 / 10.5)


def test_the_order_of_the_two_sides_is_no_matter() -> None:
    draw = np.random.default_rng(1)
    differences, is_first = draw.integers(1, 6, 80) * draw.choice([-1, 1], 80), draw.random(80) < 0.6
    cluster = np.arange(80) // 8
    one = conditional_odds_ratio(differences.astype(float), is_first, cluster)
    other = conditional_odds_ratio(-differences.astype(float), ~is_first, cluster)
    assert one == other


def test_it_is_statsmodels_conditional_logit_where_pairs_are_many() -> None:
    draw = np.random.default_rng(2)
    exposure = draw.integers(0, 6, (4000, 2)).astype(float)
    base = 2 * draw.standard_normal((4000, 1))
    outcome = draw.random((4000, 2)) < 1 / (1 + np.exp(-(base + 0.3 * exposure)))
    peer = ConditionalLogit(outcome.ravel().astype(float), exposure.ravel()[:, None], groups=np.arange(8000) // 2)
    fitted = peer.fit(disp=0)
    apart = (outcome[:, 0] != outcome[:, 1]) & (exposure[:, 0] != exposure[:, 1])
    differences = (exposure[:, 0] - exposure[:, 1])[apart]
    ratio = conditional_odds_ratio(differences, outcome[apart, 0], np.flatnonzero(apart))
    assert np.log(ratio.estimate) == pytest.approx(fitted.params[0], abs=0.002)
    assert ratio.error == pytest.approx(fitted.bse[0], rel=0.05)
    assert np.log([ratio.low, ratio.high]) == pytest.approx(fitted.conf_int()[0], abs=0.005)


def test_where_every_pair_falls_on_one_side_the_interval_still_has_two_ends() -> None:
    ratio = conditional_odds_ratio(np.ones(12), np.ones(12, dtype=bool), np.arange(12) // 2)
    assert 1 < ratio.low < ratio.estimate < ratio.high < np.inf


def test_pairs_of_one_cluster_that_err_together_widen_the_interval() -> None:
    draw = np.random.default_rng(3)
    cluster = np.repeat(np.arange(20), 10)
    together = np.repeat(draw.random(20) < 0.5, 10)
    alone = draw.permutation(together)
    wide, narrow = (conditional_odds_ratio(np.ones(200), each, cluster) for each in (together, alone))
    assert wide.error > 2 * narrow.error


def test_the_interval_holds_the_truth_as_often_as_it_should() -> None:
    truth, held = 0.4, 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        differences = draw.integers(1, 5, 60).astype(float)
        is_first = draw.random(60) < 1 / (1 + np.exp(-truth * differences))
        ratio = conditional_odds_ratio(differences, is_first, np.arange(60) // 4)
        held += ratio.low <= np.exp(truth) <= ratio.high
    assert stats.binom.cdf(held, 100, 0.95) > 0.005
