"""Claims about impulse responses: differences and half-lives counted by hand, and against scipy's least squares."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from horizon.analysis.estimators.impulse_response import charts, estimates, lag_bins
from horizon.analysis.turn_table import TurnTable, load_table
from horizon.core.estimator import Estimate

Flags = NDArray[np.bool_]
FIRST = 2
"""The drawn turn of every episode here."""


def table(
    errors: dict[str, Flags], changed: Sequence[bool] | None = None, seeds: Sequence[int] | None = None
) -> TurnTable:
    """Return the table of errors by condition, (episodes, turns), where impulses pose the turns after the second."""
    rows = []
    for condition, own in errors.items():
        for (episode, place), wrong in np.ndenumerate(own):
            is_changed = int(changed is None or changed[episode])
            if condition == "natural" or place + 1 > FIRST:
                rows.append(
                    {
                        "run_id": f"r{episode % 4}",
                        "episode_id": f"e{episode:03d}",
                        "environment": "hanoi",
                        "seed": episode if seeds is None else seeds[episode],
                        "model": "m",
                        "condition": condition,
                        "turn": place + 1,
                        "error": "wrong" if wrong else "none",
                        "extra": "{}"
                        if condition == "natural"
                        else f'{{"impulse_turn": {FIRST}, "impulse_changed": {is_changed}}}',
                    }
                )
    return load_table(pl.DataFrame(rows))


def points(table: TurnTable, contrast: str) -> list[Estimate]:
    listed = estimates(table)["impulse_response"]
    assert isinstance(listed, list)
    return [point for point in listed if point.at["contrast"] == contrast]


def half_life(table: TurnTable) -> Estimate:
    (figure,) = estimates(table)["impulse_half_life"]  # type: ignore[misc]
    assert isinstance(figure, Estimate)
    return figure


def responding(counts: Sequence[int], n_episodes: int = 64) -> TurnTable:
    """Return a table in which so many episodes err at each lag under natural, and none after a reminder."""
    natural = np.zeros((n_episodes, FIRST + len(counts)), dtype=bool)
    for lag, count in enumerate(counts, start=1):
        natural[:count, FIRST + lag - 1] = True
    return table({"natural": natural, "impulse:reminder": np.zeros_like(natural)})


@pytest.mark.parametrize(
    ("last", "ends"), [(1, [1]), (2, [1, 2]), (4, [1, 2, 4]), (5, [1, 2, 4, 5]), (19, [1, 2, 4, 8, 16, 19])]
)
def test_bins_of_lags_double_and_hold_every_lag_once(last: int, ends: list[int]) -> None:
    bins = lag_bins(last)
    assert [lags.last for lags in bins] == ends
    assert [lag for lags in bins for lag in range(lags.first, lags.last + 1)] == list(range(1, last + 1))


def test_the_response_is_the_difference_of_error_rates_at_each_lag() -> None:
    curve = points(responding([32, 16, 8, 4]), "natural - impulse:reminder")
    assert [point.at["lag"] for point in curve] == [1, 2, 3.5]
    assert [point.estimate for point in curve] == pytest.approx([0.5, 0.25, 0.09375])
    assert [point.n_turns for point in curve] == [64, 64, 128]
    for point in curve:
        band = float(str(point.at["band_low"])), float(str(point.at["band_high"]))
        assert band[0] < (point.low or 0.0) < (point.high or 0.0) < band[1]


def test_a_paired_interval_is_that_of_bonett_and_price() -> None:
    # One pair an instance: 9 lost, 3 won of 30; with one more of each the variance is that of the 32 values.
    natural = np.zeros((30, 3), dtype=bool)
    reminder = natural.copy()
    natural[:9, 2] = reminder[9:12, 2] = True
    (point,) = points(table({"natural": natural, "impulse:reminder": reminder}), "natural - impulse:reminder")
    values = np.array([1.0] * 10 + [-1.0] * 4 + [0.0] * 18)
    reach = 2.0452 * values.std(ddof=1) / np.sqrt(32)  # t with 29 degrees of freedom, from the table of Student's t
    assert point.low == pytest.approx(values.mean() - reach, abs=1e-4)
    assert point.high == pytest.approx(values.mean() + reach, abs=1e-4)


def test_an_effect_that_halves_at_each_turn_has_a_half_life_of_one_turn() -> None:
    figure = half_life(responding([64, 32, 16, 8, 4, 2, 1]))
    assert figure.estimate == pytest.approx(1.0, rel=0.05)
    assert (figure.low or 0.0) < 1.0 < (figure.high or 9.0)


@pytest.mark.parametrize("counts", [[60, 44, 36, 20, 17, 14, 5, 7], [30, 29, 20, 22, 12, 15, 11, 4]])
def test_the_half_life_is_that_of_scipys_least_squares(counts: list[int]) -> None:
    lags = np.arange(1, len(counts) + 1)

    def curve(lag: NDArray[np.float64], height: float, own: float) -> NDArray[np.float64]:
        return np.asarray(height * 2.0 ** (-(lag - 1) / own))

    (_, expected), _ = curve_fit(curve, lags, np.array(counts) / 64, p0=(1.0, 3.0))
    assert half_life(responding(counts)).estimate == pytest.approx(expected, rel=0.03)


def test_where_no_band_excludes_zero_there_is_no_half_life() -> None:
    figure = half_life(responding([1, 1, 0, 0]))
    assert figure.estimate is None
    assert (figure.note or "").startswith("not shown")


def test_an_effect_that_stays_is_beyond_the_last_lag_and_has_a_lower_end() -> None:
    figure = half_life(responding([32, 32, 32, 32, 32, 32]))
    assert (figure.estimate, figure.high) == (None, None)
    assert (figure.note or "").startswith("beyond lag 6")
    assert figure.low is not None


def test_a_harmful_reminder_fades_like_a_helpful_one() -> None:
    helpful = responding([64, 32, 16, 8])
    samples = {
        "natural": np.zeros((64, 6), dtype=bool),
        "impulse:reminder": helpful.samples["natural"].is_error.reshape(64, 6),
    }
    harmful = table(samples)
    assert half_life(harmful).estimate == pytest.approx(half_life(helpful).estimate)
    assert all((point.estimate or 0.0) < 0 for point in points(harmful, "natural - impulse:reminder"))


def test_a_right_reply_counts_where_it_replaced_another_and_an_error_everywhere() -> None:
    natural = np.zeros((20, 4), dtype=bool)
    natural[:10, 2:] = True
    right = np.zeros_like(natural)
    own = {"natural": natural, "impulse:right": right, "impulse:error": ~right}
    whole = table(own, changed=[place < 10 for place in range(20)])
    corrected = points(whole, "natural - impulse:right")
    assert [(point.estimate, point.n_turns) for point in corrected] == [(1.0, 10), (1.0, 10)]
    harmed = points(whole, "impulse:error - impulse:right")
    assert [(point.estimate, point.n_turns) for point in harmed] == [(1.0, 20), (1.0, 20)]


def test_episodes_of_one_instance_count_as_one_cluster() -> None:
    def width(seeds: Sequence[int] | None) -> float:
        counts = np.zeros((64, 3), dtype=bool)
        counts[:32, 2] = True
        (point,) = points(
            table({"natural": counts, "impulse:blank": np.zeros_like(counts)}, seeds=seeds), "natural - impulse:blank"
        )
        return (point.high or 0.0) - (point.low or 0.0)

    # Four runs of one seed play one instance; where they are alike they are worth one.
    assert width([place // 4 for place in range(64)]) > 1.7 * width(None)


def test_nothing_is_estimated_without_impulses() -> None:
    natural = np.zeros((4, 3), dtype=bool)
    assert estimates(table({"natural": natural})) == {"impulse_response": [], "impulse_half_life": []}


def test_figures_draw_the_simultaneous_bands_and_name_the_half_life() -> None:
    found = estimates(responding([64, 32, 16, 8, 4, 2, 1]))
    added, errors = charts(found)
    (line,) = added.series
    listed = found["impulse_response"]
    assert isinstance(listed, list)
    assert [point.low for point in line.points] == [point.at["band_low"] for point in listed]
    assert added.notes[0].startswith("natural - impulse:reminder: half-life 1.0 turns (")
    assert errors.series == ()


def test_bands_hold_all_lags_of_a_process_without_effect_nearly_always() -> None:
    generator = np.random.default_rng(5)
    misses = 0
    for _ in range(30):
        rates = generator.uniform(0.1, 0.9, (24, 1))
        errors = {name: generator.random((24, 10)) < rates for name in ("natural", "impulse:reminder")}
        misses += half_life(table(errors)).note is None
    # At most 5 % in truth: 6 or more of 30 come with a probability below 1 %.
    assert misses < 6
