"""Claims about the hierarchical model: the eight schools' published posterior, and limits that theory gives."""

import numpy as np
import pytest

from horizon.analysis.stats import hierarchy
from horizon.analysis.stats.hierarchy import fit_hierarchy

SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
"""Rubin (1981); Bayesian Data Analysis, table 5.2."""


def test_the_eight_schools_have_the_posterior_of_a_sampler_with_the_same_prior() -> None:
    """Importance sampling from the prior, 100,000 draws."""
    values, errors = SCHOOLS[0] / 100, SCHOOLS[1] / 100
    fit = fit_hierarchy(values, errors, {})
    draw = np.random.default_rng(0)
    spreads = np.abs(draw.normal(0, hierarchy.PRIOR_SPREAD, 100_000))
    means = draw.normal(0, hierarchy.PRIOR_MEAN_SD, 100_000)
    total = spreads[:, None] ** 2 + errors**2
    log_weight = -0.5 * (np.log(total) + (values - means[:, None]) ** 2 / total).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    shrunk = (values * spreads[:, None] ** 2 + means[:, None] * errors**2) / total
    wanted = (weight[:, None] * shrunk).sum(axis=0) / weight.sum()
    assert [cell.mean for cell in fit.cells] == pytest.approx(list(wanted), abs=0.003)
    # Gelman et al. find posterior medians from 10 (school A) down to 5 or 6, and a mean of about 8.
    assert fit.whole.mean == pytest.approx(0.08, abs=0.02)
    assert fit.cells[0].mean < 0.15 and fit.cells[2].mean > 0.03


def test_cells_with_exact_figures_are_not_shrunk_and_cells_without_any_are_the_mean() -> None:
    values = np.array([0.1, 0.3, -0.1, 0.2, 0.9])
    fit = fit_hierarchy(values, np.array([1e-4] * 4 + [50.0]), {})
    assert [cell.mean for cell in fit.cells[:4]] == pytest.approx(list(values[:4]), abs=1e-3)
    assert fit.cells[4].mean == pytest.approx(values[:4].mean(), abs=0.02)
    assert fit.cells[4].high - fit.cells[4].low > 0.5


def test_the_spread_is_found_on_the_side_where_it_is() -> None:
    models, tasks = (np.repeat(np.arange(5), 5), np.tile(np.arange(5), 5))
    values = np.array([-0.3, -0.1, 0.0, 0.2, 0.4])[models]
    spreads = fit_hierarchy(values, np.full(25, 0.02), {"model": models, "task": tasks}).spreads
    assert spreads["model"].low > 0.1 > 0.05 > spreads["task"].high and spreads["cell"].high < 0.05


def test_the_order_of_cells_does_not_matter_and_the_same_cells_give_the_same_figures() -> None:
    values, errors = SCHOOLS[0] / 100, SCHOOLS[1] / 100
    one, again, other = (
        fit_hierarchy(v, e, {}) for v, e in ((values, errors), (values, errors), (values[::-1], errors[::-1]))
    )
    assert one == again
    assert [cell.low for cell in one.cells] == pytest.approx([cell.low for cell in other.cells[::-1]])
