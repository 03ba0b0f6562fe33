"""Claims about competing endings: equal to lifelines, and true where solved episodes would have erred less."""

import lifelines
import numpy as np
import polars as pl
import pytest

from horizon.analysis.estimators import competing_events, hazard_by_kind, parametric_horizon, survival
from horizon.analysis.stats.competing_risks import cumulative_incidence
from horizon.analysis.stats.log_turn_survival import fit_survival
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate


def played(episodes: list[tuple[int, str, str]], seeds: list[int] | None = None) -> TurnTable:
    """Return a table of episodes: their turns, the error of the last one, and how each ended."""
    turns = pl.DataFrame(
        [
            {
                "run_id": "r",
                "episode_id": f"e{place:04d}",
                "environment": "hanoi-v1",
                "seed": place if seeds is None else seeds[place],
                "model": "m",
                "condition": "natural",
                "turn": turn,
                "error": error if turn == last else "none",
            }
            for place, (last, error, _) in enumerate(episodes)
            for turn in range(1, last + 1)
        ]
    )
    ends = pl.DataFrame(
        {
            "run_id": "r",
            "episode_id": [f"e{place:04d}" for place in range(len(episodes))],
            "outcome": [outcome for *_, outcome in episodes],
            "opponent": pl.Series([None] * len(episodes), dtype=pl.String),
        }
    )
    return load_table(turns, ends)


def single(found: Estimate | list[Estimate]) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def many(found: Estimate | list[Estimate]) -> list[Estimate]:
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_incidence_and_its_variance_are_lifelines(seed: int) -> None:
    draw = np.random.default_rng(seed)
    last, event = draw.permutation(np.arange(1, 81))[:60], draw.integers(0, 3, 60)  # no ties: lifelines jitters them
    found = cumulative_incidence(last, event, 2, np.arange(60))
    for kind in (1, 2):
        peer = lifelines.AalenJohansenFitter().fit(last, event, event_of_interest=kind)
        curve, spread = peer.cumulative_density_.iloc[:, 0], peer.variance_
        at = [turn for turn in curve.index if turn >= 1 and (found.at_risk[int(turn) - 1] > 10)]
        places = [int(turn) - 1 for turn in at]
        assert found.share[kind - 1, places] == pytest.approx(curve.loc[at].to_numpy())
        # lifelines takes the variance of Aalen, which differs from the jackknife's by terms of 1 / episodes at risk.
        assert found.error[kind - 1, places] ** 2 == pytest.approx(spread.loc[at].to_numpy(), rel=0.12, abs=2e-5)


@pytest.mark.parametrize("seed", range(3))
def test_with_one_kind_the_error_is_greenwoods(seed: int) -> None:
    draw = np.random.default_rng(seed)
    last, event = draw.integers(1, 25, 60), draw.integers(0, 2, 60)
    found = cumulative_incidence(last, event, 1, np.arange(60))
    at_risk, errors = found.at_risk[:-1], found.events[0][:-1]
    greenwood = (1 - found.share[0][:-1]) * np.sqrt(np.cumsum(errors / (at_risk * (at_risk - errors))))
    assert found.error[0][:-1] == pytest.approx(greenwood)


def test_doubled_episodes_of_one_instance_count_as_one() -> None:
    draw = np.random.default_rng(5)
    last, event = draw.integers(1, 12, 40), draw.integers(0, 3, 40)
    once = cumulative_incidence(last, event, 2, np.arange(40))
    twice = cumulative_incidence(np.tile(last, 2), np.tile(event, 2), 2, np.tile(np.arange(40), 2))
    assert twice.share == pytest.approx(once.share)
    assert twice.error == pytest.approx(once.error * np.sqrt(40 / 39))


def test_the_incidences_and_the_share_still_free_sum_to_one() -> None:
    draw = np.random.default_rng(6)
    found = cumulative_incidence(draw.integers(1, 9, 50), draw.integers(0, 4, 50), 3, np.arange(50))
    assert found.share.sum(axis=0) + found.free == pytest.approx(np.ones(8))


def test_half_of_the_episodes_err_although_kaplan_meier_says_more() -> None:
    # Sixteen puzzles: six are solved at once, eight err at turns 3 to 10, two are cut off.
    episodes = [(2, "none", "solved")] * 6 + [(turn, "wrong", "solved") for turn in range(3, 11)]
    table = played([*episodes, *[(10, "none", "turn_limit")] * 2])
    lives = survival.estimates(table)
    assert single(lives["h50"]).estimate == 10.0
    assert single(lives["h50_net"]).estimate == 7.0
    ends = {
        str(point.at["event"]): point.at["count"] for point in many(competing_events.estimates(table)["first_events"])
    }
    assert ends == {"error: wrong": 8, "solved": 6, "censored: turn limit": 2}


def test_an_h50_that_half_never_reach_has_no_figure_and_says_how_many_erred() -> None:
    table = played([(2, "none", "solved")] * 14 + [(3, "wrong", "solved")] * 6)
    h50 = single(survival.estimates(table)["h50"])
    assert h50.estimate is None
    assert h50.note is not None and "30% of the episodes" in h50.note


def test_without_other_endings_both_horizons_are_the_same() -> None:
    table = played([(turn, "wrong", "turn_limit") for turn in (1, 2, 2, 3, 5, 8, 9)] + [(9, "none", "turn_limit")])
    lives = survival.estimates(table)
    assert single(lives["h50"]).estimate == single(lives["h50_net"]).estimate == 3.0
    assert single(lives["s1"]).estimate == pytest.approx(7 / 8)


def test_the_first_illegal_move_ignores_other_errors_before_it() -> None:
    turns = pl.DataFrame(
        {
            "run_id": "r",
            "episode_id": ["a", "a", "a", "b", "b"],
            "environment": "chess-v1",
            "seed": [0, 0, 0, 1, 1],
            "model": "m",
            "condition": "natural",
            "turn": [1, 2, 3, 1, 2],
            "error": ["wrong", "none", "illegal", "none", "wrong"],
        }
    )
    found = competing_events.estimates(load_table(turns))
    free = [point.estimate for point in many(found["free_of_illegal"])]
    assert free == pytest.approx([1.0, 1.0, 0.0])  # b is cut off after turn 2, so that turn 3 has one episode
    assert single(found["h50_illegal"]).estimate == 3.0


def test_hazards_of_kinds_sum_to_that_of_any_error_and_bands_hold_the_pointwise_intervals() -> None:
    draw = np.random.default_rng(2)
    episodes = [(int(draw.integers(1, 8)), str(draw.choice(["wrong", "illegal", "none"])), "won") for _ in range(60)]
    points = many(hazard_by_kind.estimates(played(episodes))["hazard_by_kind"])
    by_event: dict[str, list[Estimate]] = {}
    for point in points:
        by_event.setdefault(str(point.at["event"]), []).append(point)
    assert set(by_event) == {"any error", "illegal", "wrong", "won"}
    for whole, illegal, wrong in zip(by_event["any error"], by_event["illegal"], by_event["wrong"], strict=True):
        assert whole.estimate == pytest.approx((illegal.estimate or 0.0) + (wrong.estimate or 0.0))
    for point in points:
        assert point.low is not None and point.high is not None
        assert float(str(point.at["band_low"])) <= point.low <= point.high <= float(str(point.at["band_high"]))


@pytest.mark.parametrize("family", ["weibull", "log-logistic"])
def test_the_fitted_horizon_is_lifelines_of_interval_censored_turns(family: str) -> None:
    draw = np.random.default_rng(3)
    times = np.ceil(12 * draw.weibull(1.3, 300)).astype(int)
    limit = draw.integers(5, 30, 300)
    last, erred = np.minimum(times, limit), times <= limit
    peer = lifelines.WeibullFitter() if family == "weibull" else lifelines.LogLogisticFitter()
    lower, upper = np.where(erred, last - 1, last), np.where(erred, last, np.inf)
    peer.fit_interval_censoring(np.maximum(lower, 1e-9), upper)
    found = fit_survival(family, last, erred, np.arange(300), penalty=0.0)  # type: ignore[arg-type]
    assert found is not None
    for level in (0.5, 0.8, 0.95):
        assert found.horizon(level).estimate == pytest.approx(float(peer.percentile(level)), rel=2e-3)


def test_a_constant_hazard_is_a_weibull_whose_horizons_hold_the_formulas() -> None:
    draw, n_held, n_misfits = np.random.default_rng(4), 0, 0
    for _ in range(20):
        turn = draw.geometric(0.1, 60)
        found = fit_survival("weibull", np.minimum(turn, 30), turn <= 30, np.arange(60))
        assert found is not None and found.p_fit is not None
        half = found.horizon(0.5)
        n_held += half.low <= np.log(0.5) / np.log(0.9) <= half.high
        n_misfits += found.p_fit < 0.05
    assert n_held >= 16 and n_misfits <= 4  # of 20 at 95 and 5 %: each fails once in 400 seeds


def test_a_cliff_is_no_weibull_and_the_note_says_where_the_curves_part() -> None:
    cliff = played([(turn, "wrong", "turn_limit") for turn in [1] * 100 + [20] * 100])
    half = many(parametric_horizon.estimates(cliff)["parametric_horizon"])[0]
    assert "does not fit" in str(half.note) and half.at["parts_at"] != "nowhere"


def test_a_horizon_far_beyond_the_longest_episode_has_no_figure_but_a_least_length() -> None:
    table = played([(10, "none", "turn_limit")] * 98 + [(2, "wrong", "turn_limit"), (7, "wrong", "turn_limit")])
    half = many(parametric_horizon.estimates(table)["parametric_horizon"])[0]
    assert half.estimate is None and half.high is None
    assert half.low is not None and half.low >= 10
