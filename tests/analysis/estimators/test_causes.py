"""Claims about survival, self-conditioning and decomposition: correct on known truth and equal to peers."""

import lifelines
import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from simulated_turns import simulated_turns
from statsmodels.stats.proportion import proportion_confint

from horizon.analysis import survival_curve
from horizon.analysis.estimators import self_conditioning, survival
from horizon.analysis.stats.logistic import fit
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate

ARMS = ("natural", "fresh", "padded", "healed")


def table(**given: object) -> TurnTable:
    return load_table(simulated_turns(**given))  # type: ignore[arg-type]


def rows_of(errors: dict[str, np.ndarray]) -> pl.DataFrame:
    """Return rows of conditions from flags of shape (episodes, turns); natural shows its own errors, others none."""
    parts = []
    for condition, flags in errors.items():
        episode, turn = (part.ravel() for part in np.indices(flags.shape))
        before = np.cumsum(flags, axis=1) - flags if condition == "natural" else np.zeros_like(flags, dtype=int)
        parts.append(
            pl.DataFrame(
                {
                    "run_id": "r",
                    "episode_id": [f"e{place:04d}" for place in episode],
                    "environment": "running_total-v1",
                    "seed": episode,
                    "model": "m",
                    "condition": condition,
                    "turn": turn + 1,
                    "error": np.where(flags.ravel(), "wrong", "none"),
                    "prior_errors": before.ravel().astype(int),
                }
            )
        )
    return pl.concat(parts)


def single(found: Estimate | list[Estimate]) -> Estimate:
    assert isinstance(found, Estimate)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_survival_curve_is_lifelines(seed: int) -> None:
    draw = np.random.default_rng(seed)
    last, erred = draw.integers(1, 25, 60), draw.random(60) < 0.7
    found = survival_curve.curve(last, erred.astype(float))
    peer = lifelines.KaplanMeierFitter().fit(last, erred)
    for turn in range(1, int(last.max()) + 1):
        assert found.share[turn - 1] == pytest.approx(float(peer.survival_function_at_times(turn).iloc[0]))
    h50 = survival_curve.horizon(found, 0.5, 60, int(last.sum()))
    assert h50.estimate == peer.median_survival_time_


def test_without_censoring_the_survival_interval_is_wilsons_of_the_share_left() -> None:
    last = np.random.default_rng(1).integers(1, 12, 40)
    found = survival_curve.curve(last, np.ones(40))
    for turn in range(1, 12):
        left = int((last > turn).sum())
        bounds = proportion_confint(left, 40, method="wilson")
        # Of few survivors or few errors the ends are Poisson's: test_shares.py.
        if 3 < left < 37:
            assert (found.low[turn - 1], found.high[turn - 1]) == pytest.approx(bounds)


def test_h50_and_h80_of_a_constant_hazard_are_where_the_formula_puts_them() -> None:
    # 0.95^13 is 0.513 and 0.95^14 is 0.488; 0.95^4 is 0.815 and 0.95^5 is 0.774.
    found = survival.estimates(table(n_episodes=4000, n_turns=40, hazard=0.05))
    h50, h80 = single(found["h50"]), single(found["h80"])
    assert (h50.estimate, h80.estimate) in ((14, 5), (13, 5), (15, 5))
    assert h50.low is not None and h50.high is not None and h50.low <= 14 <= h50.high
    trend = single(found["fading_hazard"])
    assert trend.low is not None and trend.high is not None and trend.low < 0 < trend.high


def test_the_hazard_is_the_share_of_first_errors_among_those_at_risk() -> None:
    found = survival.estimates(table(n_episodes=4000, n_turns=12, hazard=0.05))["hazard"]
    assert isinstance(found, list) and len(found) == 12
    assert found[0].n_episodes == 4000
    # Survival after two turns is the product of what each turn leaves.
    curve = survival.estimates(table(n_episodes=4000, n_turns=12, hazard=0.05))["survival"]
    assert isinstance(curve, list)
    left = (1 - (found[0].estimate or 0)) * (1 - (found[1].estimate or 0))
    assert curve[1].estimate == pytest.approx(left)
    held = [each for each in found if (each.low or 0) <= 0.05 <= (each.high or 0)]
    assert len(held) >= 10


@pytest.mark.long
def test_a_constant_hazard_is_rejected_as_often_as_it_should_be() -> None:
    rejected = 0
    for seed in range(60):
        trend = single(survival.estimates(table(n_episodes=40, n_turns=15, seed=seed))["fading_hazard"])
        rejected += float(str(trend.at["p_constant"])) < 0.05
    # 3 of 60 are expected; more than 8 happens once in 300 times.
    assert rejected <= 8


def test_a_horizon_beyond_the_longest_run_says_so() -> None:
    found = single(survival.estimates(table(n_episodes=30, n_turns=5, hazard=0.001))["h50"])
    assert found.estimate is None and found.high is None
    assert found.low == 5
    assert found.note is not None and found.note.startswith("not within the longest episode of 5 turns")


def test_a_fading_hazard_is_told_from_a_constant_one() -> None:
    found = single(survival.estimates(table(n_episodes=300, n_turns=30, hazard=0.02, drift=0.1))["fading_hazard"])
    assert found.low is not None and found.low > 0


def test_the_logistic_fit_without_penalty_is_statsmodels() -> None:
    draw = np.random.default_rng(1)
    design = np.column_stack([np.ones(500), draw.normal(size=(500, 2))])
    outcome = (draw.random(500) < 1 / (1 + np.exp(-(design @ [-1.0, 0.5, 1.0])))).astype(float)
    found = fit(design, outcome, np.arange(500) // 10, penalty=0.0)
    peer = sm.Logit(outcome, design).fit(disp=0)
    assert found is not None
    assert found.coefficients == pytest.approx(peer.params, abs=1e-6)
    # The jackknife's errors are near the sandwich's with 50 clusters, and never the same.
    robust = sm.Logit(outcome, design).fit(disp=0, cov_type="cluster", cov_kwds={"groups": np.arange(500) // 10})
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(robust.bse, rel=0.15)


def test_hard_episodes_are_no_pull_of_earlier_errors() -> None:
    # Episodes differ by two logits, and the history does nothing: the odds ratio is 1 whatever was shown.
    above = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        chance = 1 / (1 + np.exp(1 - 2 * draw.standard_normal((24, 1))))
        turns = rows_of({name: draw.random((24, 24)) < chance for name in ("natural", "healed")})
        ratio = self_conditioning.estimate(load_table(turns))
        assert ratio.low is not None
        above += ratio.low > 1
    # 1 of 40 is expected; more than 4 happens once in 400 times.
    assert above <= 4


def test_the_pull_of_any_error_is_the_same_figure_at_every_length() -> None:
    # A step of 2 logits once an error stands in the history: 0.5 against 0.119 at every turn.
    for n_turns in (8, 32):
        draw = np.random.default_rng(n_turns)
        natural = np.zeros((400, n_turns), dtype=bool)
        for turn in range(n_turns):
            natural[:, turn] = draw.random(400) < np.where(natural.any(axis=1), 0.5, 1 / (1 + np.e**2))
        healed = draw.random((400, n_turns)) < 1 / (1 + np.e**2)
        effect = self_conditioning.any_error(load_table(rows_of({"natural": natural, "healed": healed})))
        assert effect.estimate == pytest.approx(0.5 - 1 / (1 + np.e**2), abs=0.03)


def test_without_healed_the_pairs_are_natural_and_corrupted() -> None:
    played = table(n_episodes=150, hazard=0.1, conditioning=0.4, conditions=("natural", "corrupted:1.0"))
    ratio = self_conditioning.estimate(played)
    assert ratio.at["contrast"] == "natural - corrupted:1.0"
    assert ratio.low is not None and ratio.high is not None and ratio.low <= np.exp(0.4) <= ratio.high


def test_both_figures_are_listed_for_each_pair_of_conditions() -> None:
    played = table(n_episodes=60, conditioning=0.3, conditions=("natural", "healed", "corrupted:0.5"))
    figures = {(each.at["contrast"], each.at["per"]) for each in self_conditioning.by_pair(played)}
    assert figures == {
        ("natural - healed", "error shown"),
        ("natural - healed", "any error"),
        ("natural - corrupted:0.5", "error shown"),
        ("corrupted:0.5 - healed", "error shown"),
        ("corrupted:0.5 - healed", "any error"),
    }


@pytest.mark.parametrize("conditioning", [0.0, pytest.param(0.4, marks=pytest.mark.long)])
def test_self_conditioning_is_recovered_within_its_interval(conditioning: float) -> None:
    covered = 0
    for seed in range(40):
        turns = table(n_episodes=40, hazard=0.1, conditioning=conditioning, conditions=ARMS, seed=seed)
        found = self_conditioning.estimate(turns)
        assert found.low is not None and found.high is not None
        covered += found.low <= np.exp(conditioning) <= found.high
    # 38 of 40 are expected; fewer than 33 happens once in 700 times at 95 % coverage.
    assert covered >= 33


def test_one_condition_alone_gives_no_self_conditioning_and_names_what_to_play() -> None:
    ratio = self_conditioning.estimate(table(hazard=0.2))
    assert ratio.estimate is None
    assert ratio.note is not None and "add --condition healed" in ratio.note


def test_the_dose_response_rises_with_the_dose() -> None:
    doses = ("natural", "healed", "corrupted:0.2", "corrupted:0.6")
    found = self_conditioning.dose_response(table(n_episodes=200, conditioning=0.3, conditions=doses))
    assert [each.at["corrupted"] for each in found] == [0.0, 0.2, 0.6]
    rates = [each.estimate or 0 for each in found]
    assert rates == sorted(rates) and rates[2] > rates[0] + 0.1


def test_recovery_of_independent_errors_is_the_share_of_right_turns() -> None:
    found = self_conditioning.recovery(table(n_episodes=300, hazard=0.3))
    assert len(found) == 5
    assert all(each.low is not None and each.high is not None and each.low <= 0.7 <= each.high for each in found[:1])
